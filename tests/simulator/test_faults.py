"""Every fault: its effect, its paths, how often it strikes, and that it can be cleared."""

import asyncio
import random
import time
from typing import Any

import aiohttp
import pytest

from simulator import (
    Delay,
    Drop,
    EmptyBody,
    Gateway,
    HalfBody,
    Html,
    HugeBody,
    LongList,
    Redirect,
    RefuseLogins,
    Status,
    Trickle,
    VoidTokens,
)

from .probe import Probe

REALTIME = "/v1/signals/realtime"


async def in_flight(gateway: Gateway, count: int) -> None:
    """Wait until a number of requests are being served."""
    async with asyncio.timeout(5):
        while gateway.in_flight != count:  # noqa: ASYNC110 (the gateway has no event for it)
            await asyncio.sleep(0.01)


class TestWhenTheyStrike:
    """Paths, times, probability, clearing; the same for all."""

    async def test_until_cleared(self, probe: Probe, gateway: Gateway) -> None:
        """Without `times` it goes on."""
        gateway.faults.add(Status(code=500))
        for _ in range(5):
            assert (await probe.get("/ver")).status == 500
        gateway.faults.clear()
        assert (await probe.get("/ver")).status == 200
        assert len(gateway.faults) == 0

    async def test_so_many_times(self, probe: Probe, gateway: Gateway) -> None:
        """Then it is gone by itself."""
        fault = gateway.faults.add(Status(code=503, times=2))
        assert [(await probe.get("/ver")).status for _ in range(4)] == [503, 503, 200, 200]
        assert fault.spent
        assert list(gateway.faults) == []

    async def test_for_some_paths(self, probe: Probe, gateway: Gateway) -> None:
        """A pattern; requests for others do not count."""
        gateway.faults.add(Status(path="/v1/signals/*", times=1))
        assert (await probe.get("/v1/devices")).status == 200
        assert (await probe.get("/v1/signals")).status == 200
        assert (await probe.get("/v1/signals/3")).status == 503
        assert (await probe.get("/v1/signals/3")).status == 200

    async def test_with_a_probability(self, probe: Probe, gateway: Gateway) -> None:
        """About that often, and the same each time the seed is the same."""
        gateway.faults.add(Status(probability=0.3))
        statuses = [(await probe.get("/ver")).status for _ in range(200)]
        assert 35 <= statuses.count(503) <= 85

    async def test_one_can_be_removed(self, probe: Probe, gateway: Gateway) -> None:
        """By itself or by its number; what is not there is an error."""
        first, second = gateway.faults.add(Status(code=500)), gateway.faults.add(Status(code=501))
        assert (await probe.get("/ver")).status == 500
        gateway.faults.remove(first.id)
        assert (await probe.get("/ver")).status == 501
        gateway.faults.remove(second)
        assert (await probe.get("/ver")).status == 200
        with pytest.raises(LookupError, match="no fault 7"):
            gateway.faults.remove(7)

    @pytest.mark.parametrize("bad", [{"probability": 1.5}, {"probability": -0.1}, {"times": 0}])
    def test_settings_out_of_range(self, bad: dict[str, Any]) -> None:
        """A ValueError that names the setting."""
        with pytest.raises(ValueError, match=next(iter(bad))):
            Drop(**bad)


class TestTransport:
    """Connections and whole answers."""

    async def test_drop(self, probe: Probe, gateway: Gateway) -> None:
        """The connection ends without an answer; the record has no status."""
        # aiohttp's client repeats a GET itself when a kept-alive connection is closed: two drops are one failure.
        gateway.faults.add(Drop(times=2, path=REALTIME))
        with pytest.raises(aiohttp.ClientError):
            await probe.get(REALTIME)
        assert [request.status for request in gateway.requests[-2:]] == [None, None]
        assert (await probe.get(REALTIME)).status == 200

    async def test_delay(self, probe: Probe, gateway: Gateway) -> None:
        """The right answer, late; two requests meanwhile are two in flight."""
        gateway.faults.add(Delay(seconds=0.3))
        begun = time.perf_counter()
        replies = await asyncio.gather(probe.get("/ver"), probe.get("/v1/mac"))
        assert 0.3 <= time.perf_counter() - begun < 2
        assert [reply.status for reply in replies] == [200, 200]
        assert gateway.peak_in_flight == 2

    @pytest.mark.parametrize("retry_after", [None, 30, "Wed, 21 Oct 2026 07:28:00 GMT"])
    async def test_status(self, probe: Probe, gateway: Gateway, retry_after: int | str | None) -> None:
        """Any code, with or without `Retry-After`."""
        gateway.faults.add(Status(code=429, retry_after=retry_after))
        reply = await probe.get(REALTIME)
        assert reply.status == gateway.requests[-1].status == 429
        assert reply.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))

    async def test_html(self, probe: Probe, gateway: Gateway) -> None:
        """Status 200, and a web page."""
        gateway.faults.add(Html())
        reply = await probe.get(REALTIME)
        assert (reply.status, reply.json, b"<html>" in reply.body) == (200, None, True)
        assert reply.headers["Content-Type"].startswith("text/html")

    async def test_redirect(self, probe: Probe, gateway: Gateway) -> None:
        """To another host."""
        gateway.faults.add(Redirect(to="https://192.0.2.9/steal"))
        reply = await probe.get(REALTIME)
        assert (reply.status, reply.headers["Location"]) == (307, "https://192.0.2.9/steal")

    async def test_empty_body(self, probe: Probe, gateway: Gateway) -> None:
        """Status 200 and nothing."""
        gateway.faults.add(EmptyBody(path=REALTIME))
        reply = await probe.get(REALTIME)
        assert (reply.status, reply.body) == (200, b"")

    async def test_half_body(self, probe: Probe, gateway: Gateway) -> None:
        """Less than was announced."""
        gateway.faults.add(HalfBody(times=1))
        with pytest.raises(aiohttp.ClientPayloadError):
            await probe.get(REALTIME)
        assert (await probe.get(REALTIME)).status == 200

    async def test_trickle(self, probe: Probe, gateway: Gateway) -> None:
        """A byte at a time; complete if one waits."""
        gateway.faults.add(Trickle(seconds=0.02, path="/ver"))
        begun = time.perf_counter()
        assert (await probe.get("/ver")).json == {"api_ver": 1}
        assert time.perf_counter() - begun > 0.02 * 12

    @pytest.mark.parametrize("announced", [True, False])
    async def test_huge_body(self, probe: Probe, gateway: Gateway, *, announced: bool) -> None:
        """As many bytes as wanted, announced or not, and no end of the JSON."""
        gateway.faults.add(HugeBody(size=300_000, announced=announced))
        reply = await probe.get(REALTIME)
        assert (len(reply.body), reply.json) == (300_000, None)
        assert ("Content-Length" in reply.headers) is announced

    async def test_huge_body_ends_when_the_client_has_enough(self, probe: Probe, gateway: Gateway) -> None:
        """A client that hangs up does not leave the gateway sending."""
        gateway.faults.add(HugeBody(size=10**12, times=1))
        ssl = aiohttp.Fingerprint(bytes.fromhex(gateway.fingerprint))
        headers = {"Authorization": f"Bearer {probe.token}"}
        async with probe.session.get(gateway.url + REALTIME, ssl=ssl, headers=headers) as response:
            assert await response.content.read(100)
            response.close()
        await in_flight(gateway, 0)
        assert (await probe.get(REALTIME)).status == 200

    async def test_long_list(self, probe: Probe, gateway: Gateway) -> None:
        """As many records as wanted: all at once whatever is asked for, or page by page."""
        fault = gateway.faults.add(LongList(records=2500))
        assert len((await probe.get("/v1/signals?limit=1000")).json["signals"]) == 2500
        fault.paged = True
        pages = [(await probe.get(f"/v1/signals?limit=1000&page={page}")).json["signals"] for page in (1, 2, 3, 4)]
        assert [len(page) for page in pages] == [1000, 1000, 500, 0]
        assert set().union(*pages) == {str(uid) for uid in range(2500)}

    async def test_errors_are_not_spoiled(self, probe: Probe, gateway: Gateway) -> None:
        """A fault of good answers does not change a 404, and does not count it."""
        gateway.faults.add(EmptyBody(times=1))
        assert (await probe.get("/v1/devices/9999")).json["error"]
        assert (await probe.get("/v1/devices/1")).body == b""

    async def test_offline(self, probe: Probe, gateway: Gateway) -> None:
        """The port is closed, and later open again with the same certificate; going offline twice is allowed."""
        port, fingerprint = gateway.port, gateway.fingerprint
        await gateway.stop()
        await gateway.stop()
        assert not gateway.running
        with pytest.raises(aiohttp.ClientConnectorError):
            await probe.get("/ver")
        await gateway.start()
        await gateway.start()
        assert (gateway.port, gateway.fingerprint, gateway.running) == (port, fingerprint, True)
        assert (await probe.get("/ver")).status == 200

    async def test_going_offline_does_not_wait_for_a_slow_answer(self, probe: Probe, gateway: Gateway) -> None:
        """Open requests are cut."""
        gateway.faults.add(Delay(seconds=60))
        request = asyncio.create_task(probe.get("/ver"))
        await in_flight(gateway, 1)
        begun = time.perf_counter()
        await gateway.stop()
        assert time.perf_counter() - begun < 2
        with pytest.raises(aiohttp.ClientError):
            await request


class TestLogins:
    """Tokens and logins."""

    async def test_void_tokens(self, probe: Probe, gateway: Gateway) -> None:
        """The next request that needs a token finds it void; a new login helps."""
        gateway.faults.add(VoidTokens(times=1))
        assert (await probe.get("/ver")).status == 200
        assert (await probe.get(REALTIME)).status == 401
        assert (await probe.get(REALTIME)).status == 401
        await probe.login()
        assert (await probe.get(REALTIME)).status == 200

    async def test_void_tokens_for_ever(self, probe: Probe, gateway: Gateway) -> None:
        """Logins succeed, but their tokens are void."""
        gateway.faults.add(VoidTokens())
        for _ in range(3):
            assert (await probe.login()).status == 200
            assert (await probe.get(REALTIME)).status == 401

    @pytest.mark.parametrize("code", [401, 403, 423, 429, 503])
    async def test_refused_logins(self, probe: Probe, gateway: Gateway, code: int) -> None:
        """Logins only, and they are counted all the same."""
        gateway.faults.add(RefuseLogins(code=code, retry_after=60, times=2))
        before = gateway.logins
        statuses = [(await probe.login()).status for _ in range(3)]
        assert statuses == [code, code, 200]
        assert gateway.logins == before + 3
        assert (await probe.get(REALTIME)).status == 200


def test_chance_belongs_to_the_gateway(gateway: Gateway) -> None:
    """The global generator plays no part: faults strike the same way whatever else draws from it."""
    gateway.faults.add(Drop(probability=0.5))
    random.seed(1)
    first = [bool(list(gateway.faults.striking(Drop, "/"))) for _ in range(50)]
    assert {True, False} == set(first)
