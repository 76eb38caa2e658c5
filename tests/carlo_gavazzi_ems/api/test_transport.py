"""Hosts, ports and statuses: every kind of failure has its own error."""

import asyncio
from collections.abc import AsyncIterator
import socket
from typing import override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    BadRequestError,
    BusyError,
    EmsClient,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    HostNotFoundError,
    RefusedError,
    StatusError,
    TlsError,
    UnauthorizedError,
    fetch_certificate,
)
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from simulator import (
    Gateway,
    Status,
)
from tests.carlo_gavazzi_ems.resident import REALTIME


async def test_r12_a_session_that_is_closed_is_no_connection(
    client: EmsClient, session: aiohttp.ClientSession, gateway: Gateway
) -> None:
    """Home Assistant closes it when it stops; a request then fails without a traceback."""
    await session.close()
    with pytest.raises(EmsConnectionError):
        await client.login()
    assert gateway.requests == []


@pytest.fixture
async def plain(socket_enabled: None) -> AsyncIterator[int]:
    """A port that does not use TLS."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def mute(socket_enabled: None) -> AsyncIterator[int]:
    """A port that accepts connections and sends nothing."""
    done = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        done.set()


async def test_r13_a_port_without_tls(session: aiohttp.ClientSession, plain: int) -> None:
    """Plain HTTP on the port is a failed handshake."""
    for fingerprint in (None, "00" * 32):
        client = EmsClient.connect(session, Address(host="127.0.0.1", port=plain, fingerprint=fingerprint), "u", "p")
        with pytest.raises(TlsError):
            await client.api_version()
    with pytest.raises(TlsError):
        await fetch_certificate(session, "127.0.0.1", plain)


async def test_r15_a_port_that_says_nothing(session: aiohttp.ClientSession, mute: int) -> None:
    """A handshake without end is given up in time."""
    transport = Transport(session, Address(host="127.0.0.1", port=mute), time_limit=0.2)
    with pytest.raises(EmsTimeoutError):
        await transport.exchange("GET", "/ver")
    with pytest.raises(EmsTimeoutError):
        await fetch_certificate(session, "127.0.0.1", mute, time_limit=0.2)


async def test_r15_a_port_that_nobody_listens_on(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    """Refused has an error of its own."""
    client = EmsClient.connect(session, Address(host="127.0.0.1", port=unused_tcp_port), "u", "p")
    with pytest.raises(RefusedError):
        await client.api_version()
    with pytest.raises(RefusedError):
        await fetch_certificate(session, "127.0.0.1", unused_tcp_port)


class Nowhere(AbstractResolver):
    """Resolves no name."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(-2, "Name or service not known")

    @override
    async def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("calls", [0, 1], ids=["request", "certificate"])
async def test_r15_a_host_that_does_not_exist(socket_enabled: None, calls: int) -> None:
    """A name that does not resolve has an error of its own, also before anything is known of the gateway."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Nowhere())) as session:
        client = EmsClient.connect(session, Address(host="no-such-gateway.invalid"), "u", "p")
        with pytest.raises(HostNotFoundError):
            await (fetch_certificate(session, "no-such-gateway.invalid", 443) if calls else client.api_version())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (423, BusyError),
        (429, BusyError),
        (503, BusyError),
        (500, StatusError),
        (418, StatusError),
    ],
)
async def test_r15_each_status_has_its_error(
    gateway: Gateway, client: EmsClient, status: int, error: type[EmsError]
) -> None:
    """What the gateway says by its status arrives as one error."""
    gateway.faults.add(Status(path=REALTIME, code=status, body=""))
    with pytest.raises(error):
        await client.realtime()


async def test_how_long_to_wait_is_passed_on(gateway: Gateway, client: EmsClient) -> None:
    """Retry-After reaches whoever decides when to try again."""
    gateway.faults.add(Status(path=REALTIME, code=503, retry_after=7))
    with pytest.raises(BusyError) as error:
        await client.realtime()
    assert error.value.retry_after == 7
