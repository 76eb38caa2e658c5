"""Connections to embedded servers in home networks: names, IPv6, one at a time, closed without notice, slow."""

import socket
from typing import Any, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import StrOrURL
import pytest
from yarl import URL

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    EmsClient,
    EmsConnectionError,
    EmsTimeoutError,
    Line,
    NotFoundError,
    fetch_certificate,
)
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from simulator import Delay, Drop, Gateway, HangUp, OneConnection
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

LOGIN, REALTIME = "/v1/auth/login", "/v1/signals/realtime"


def address_of(gateway: Gateway) -> Address:
    """Return where a gateway is, with its pin."""
    return Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)


class LocalNames(AbstractResolver):
    """Resolves one name, as Home Assistant's resolver does with names that end in `.local`."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert host == "ems.local"
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    @override
    async def close(self) -> None:
        pass


async def test_r13_names_are_resolved_the_same_way_for_every_connection(gateway: Gateway) -> None:
    """The certificate is read where the client asks, though the system does not know the name."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=LocalNames())) as session:
        certificate = await fetch_certificate(session, "ems.local", gateway.port)
        address = Address(host="ems.local", port=gateway.port, fingerprint=certificate.fingerprint)
        client = EmsClient.connect(session, address, USERNAME, PASSWORD)
        assert await client.serial_number() == gateway.identity.serial_number


@pytest.mark.parametrize(("host", "port"), [("::1", 443), ("fe80::1", 8443), ("192.168.1.5", 443)])
async def test_r16_an_ipv6_address_is_a_host_on_every_port(
    monkeypatch: pytest.MonkeyPatch, host: str, port: int
) -> None:
    """443 too, with and without a query."""
    asked: list[tuple[str | None, int | None, str]] = []

    def request(_: str, url: StrOrURL, **__: object) -> Any:
        read = URL(url)
        asked.append((read.host, read.port, read.path_qs))
        raise aiohttp.ServerDisconnectedError

    async with aiohttp.ClientSession() as session:
        monkeypatch.setattr(session, "request", request)
        transport = Transport(session, Address(host=host, port=port))
        for query in (None, {"uids": "1,2", "page": "1"}):
            with pytest.raises(EmsConnectionError):
                await transport.fetch("GET", "/v1/signals/realtime", query=query)
    assert asked == [
        (host, port, "/v1/signals/realtime"),
        (host, port, "/v1/signals/realtime?uids=1,2&page=1"),
    ]


@pytest.mark.parametrize("seconds", [0.001, 0.01, 0.05])
async def test_r11_a_gateway_that_hangs_up_in_silence(
    gateway: Gateway, session: aiohttp.ClientSession, seconds: float
) -> None:
    """After each answer, sooner or later than the next request: every login works, and none is sent twice for nothing."""
    gateway.faults.add(HangUp(seconds=seconds))
    line = Line()
    for _ in range(10):
        client = EmsClient.connect(session, address_of(gateway), USERNAME, PASSWORD, line=line)
        await client.check_version()
        await client.login()
        assert await client.realtime()
    assert gateway.logins == 10


async def test_r11_a_login_over_a_connection_that_is_gone(gateway: Gateway, session: aiohttp.ClientSession) -> None:
    """Nothing came back of it, so it is sent again, once; where no connection can be the cause, it is not."""
    line = Line()
    client = EmsClient.connect(session, address_of(gateway), USERNAME, PASSWORD, line=line)
    await client.check_version()
    gateway.faults.add(Drop(path=LOGIN, times=1))
    await client.login()
    assert [request.path for request in gateway.requests] == ["/ver", LOGIN, LOGIN]
    gateway.faults.add(Drop(path=LOGIN))
    with pytest.raises(EmsConnectionError):
        await EmsClient.connect(session, address_of(gateway), USERNAME, PASSWORD, line=line).login()
    assert [request.path for request in gateway.requests].count(LOGIN) == 4
    with pytest.raises(EmsConnectionError):
        await EmsClient.connect(session, address_of(gateway), USERNAME, PASSWORD).login()
    assert [request.path for request in gateway.requests].count(LOGIN) == 5


async def test_r11_clients_of_a_gateway_share_one_connection(gateway: Gateway, session: aiohttp.ClientSession) -> None:
    """A gateway with one connection at a time: dialog and entry share it, and keep it after an error."""
    gateway.faults.add(OneConnection())
    for _ in range(5):
        client = EmsClient.connect(session, address_of(gateway), USERNAME, PASSWORD)
        await client.check_version()
        with pytest.raises(NotFoundError):
            await client.signal(10**9)
        assert await client.realtime()


async def test_r11_a_slow_gateway_gets_more_time(gateway: Gateway, session: aiohttp.ClientSession) -> None:
    """Each answer that does not come in time doubles the limit, up to a minute; then it comes."""
    transport = Transport(session, address_of(gateway), time_limit=0.2)
    gateway.faults.add(Delay(path="/ver", seconds=1))
    limits = []
    for _ in range(3):
        limits.append(transport.time_limit)
        with pytest.raises(EmsTimeoutError):
            await transport.exchange("GET", "/ver")
    assert limits == [0.2, 0.4, 0.8]
    assert await transport.exchange("GET", "/ver")
    assert transport.time_limit == 1.6


async def test_r11_a_limit_of_a_minute_is_not_raised(
    session: aiohttp.ClientSession, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it by a gateway to which there is no connection at all."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.api.transport.MAX_TIME_LIMIT", 0.3)
    gateway.faults.add(Delay(path="/ver", seconds=2))
    transport = Transport(session, address_of(gateway), time_limit=0.2)
    for _ in range(3):
        with pytest.raises(EmsTimeoutError):
            await transport.exchange("GET", "/ver")
    assert transport.time_limit == 0.3
