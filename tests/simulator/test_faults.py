"""Every fault: what it does, for which paths, how often, and that it ends."""

import asyncio
import random
import time
from typing import Any

import aiohttp
import pytest

from simulator import (
    BadRecord,
    CounterGlitch,
    Damage,
    Delay,
    Drop,
    EmptyBody,
    FreezeLoad,
    GarbageNumbers,
    Gateway,
    Glitch,
    HalfBody,
    HideLoad,
    Html,
    HugeBody,
    ManualClock,
    Redirect,
    RefuseLogins,
    Status,
    Trickle,
    VoidTokens,
    WrongClock,
)
from simulator.faults.base import kinds
from simulator.faults.parse import describe, explain, make
from simulator.site.quantities import is_counter

from .probe import NOW, Probe

REALTIME = "/v1/signals/realtime"


async def in_flight(gateway: Gateway, count: int) -> None:
    """Wait until so many requests are being served."""
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
        # aiohttp's client itself repeats a GET whose kept-alive connection ends: two drops are one failure.
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

    async def test_errors_are_not_spoiled(self, probe: Probe, gateway: Gateway) -> None:
        """What spoils good answers leaves a 404 alone, and is not used up by it."""
        gateway.faults.add(EmptyBody(times=1))
        assert (await probe.get("/v1/devices/9999")).json["error"]
        assert (await probe.get("/v1/devices/1")).body == b""

    async def test_offline(self, probe: Probe, gateway: Gateway) -> None:
        """Nobody listens; afterwards it does again on the same port, with the same certificate; twice is once."""
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
        """Logins succeed and help nothing."""
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


class TestData:
    """What is in the answers."""

    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            (Glitch.ZERO, lambda _: 0),
            (Glitch.NULL, lambda _: None),
            (Glitch.EMPTY, lambda _: ""),
            (Glitch.NEGATIVE, lambda value: -value or -1.0),
            (Glitch.LOST_DECIMALS, int),
            (Glitch.JUMP, lambda value: value + 1e6),
        ],
    )
    async def test_counter_glitches(self, probe: Probe, gateway: Gateway, how: Glitch, expected: Any) -> None:
        """One answer long, in every counter and in nothing else."""
        good = await probe.records(REALTIME)
        gateway.faults.add(CounterGlitch(how=how))
        bad = await probe.records(REALTIME)
        for uid, record in bad.items():
            counts = is_counter(gateway.site.signals[int(uid)].quantity)
            assert record["v"] == (expected(good[uid]["v"]) if counts else good[uid]["v"])
        assert await probe.records(REALTIME) == good

    async def test_a_glitch_of_one_counter_waits_for_it(self, probe: Probe, gateway: Gateway) -> None:
        """Answers without that counter do not use it up; a missing value is a missing field."""
        uid = gateway.site.find("energy_import", 2)
        gateway.faults.add(CounterGlitch(how=Glitch.MISSING, uid=uid))
        assert "v" in (await probe.get("/v1/signals/3/realtime")).json
        await probe.records("/v1/devices")
        await probe.records("/v1/signals/history/last")
        records = await probe.records(REALTIME)
        assert [key for key, record in records.items() if "v" not in record] == [str(uid)]
        assert "v" in (await probe.get(f"/v1/signals/{uid}/realtime")).json

    async def test_a_glitch_on_top_of_a_broken_value(self, probe: Probe, gateway: Gateway) -> None:
        """What is no number any more is left as it is."""
        uid = gateway.site.find("energy_import", 2)
        gateway.faults.add(BadRecord(uid=uid, how=Damage.TEXT))
        gateway.faults.add(CounterGlitch(uid=uid))
        assert (await probe.records(REALTIME))[str(uid)]["v"] == "n/a"

    @pytest.mark.parametrize("text", ["NaN", "nan", "-inf", "Infinity", '"---"'])
    async def test_garbage_numbers(self, probe: Probe, gateway: Gateway, text: str) -> None:
        """Values are printed as C prints them, in realtime and history; the rest is intact."""
        gateway.faults.add(GarbageNumbers(text=text, every=3))
        for path in (REALTIME, "/v1/signals/history?limit=50"):
            body = (await probe.get(path)).body.decode()
            spoiled = body.count(f'"v":{text}')
            assert spoiled == body.count('"v":') // 3 > 0

    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            (Damage.NULL, None),
            (Damage.TEXT, "n/a"),
            (Damage.HUGE, 1e300),
            (Damage.LIST, [1, 2]),
        ],
    )
    @pytest.mark.parametrize(
        ("path", "field"),
        [
            ("/v1/devices", "label"),
            ("/v1/loads", "did"),
            ("/v1/signals", "si"),
            (REALTIME, "v"),
            ("/v1/signals/history/last", "v"),
        ],
    )
    async def test_one_bad_field(
        self, probe: Probe, gateway: Gateway, how: Damage, expected: Any, path: str, field: str
    ) -> None:
        """In one record of each kind of answer; its neighbours are good."""
        good = await probe.records(path)
        gateway.faults.add(BadRecord(how=how))
        bad = await probe.records(path)
        first, *others = good
        assert bad[first] == good[first] | {field: expected}
        assert all(bad[uid] == good[uid] for uid in others)

    async def test_other_damage(self, probe: Probe, gateway: Gateway) -> None:
        """A missing field, no object, an empty one, a key that is no UID; of a record of choice, in answers of choice."""
        fault = gateway.faults.add(BadRecord(uid=100, field="lid", what="signals"))
        assert "lid" not in (await probe.records("/v1/signals"))["100"]
        assert (await probe.records(REALTIME))["100"]["v"] > 0
        for how, expected in ((Damage.NOT_AN_OBJECT, 7), (Damage.EMPTY_OBJECT, {})):
            fault.how = how
            assert (await probe.records("/v1/signals"))["100"] == expected
        fault.how = Damage.BAD_KEY
        records = await probe.records("/v1/signals")
        assert "100" not in records
        assert records["one"]["uid"] == 100

    async def test_damage_in_history(self, probe: Probe, gateway: Gateway) -> None:
        """The first row of the list, not the list."""
        good = (await probe.get("/v1/signals/3/history", limit=3)).json
        fault = gateway.faults.add(BadRecord(how=Damage.TEXT, what="history"))
        assert (await probe.get("/v1/signals/3/history", limit=3)).json == [good[0] | {"v": "n/a"}, *good[1:]]
        fault.how = Damage.NOT_AN_OBJECT
        assert (await probe.get("/v1/signals/3/history", limit=3)).json == [7, *good[1:]]
        fault.how = Damage.EMPTY_OBJECT
        assert (await probe.records("/v1/signals/history", limit=3))["3"][0] == {}
        gateway.faults.clear()
        gateway.faults.add(BadRecord(how=Damage.NULL))
        assert (await probe.get("/v1/signals/3/history", start=0, end=1)).json == []

    async def test_a_hidden_load_is_missing_everywhere(self, probe: Probe, gateway: Gateway) -> None:
        """With its signals and its device, and back when the fault is cleared, the same as before."""
        before = [await probe.records(f"/v1/{what}") for what in ("devices", "loads", "signals")]
        gateway.faults.add(HideLoad(load=83))
        for path in (
            "/v1/loads/83",
            "/v1/devices/82",
            "/v1/signals/100",
            "/v1/loads/83/signals",
            "/v1/devices/82/signals",
        ):
            assert (await probe.get(path)).status == 404
        for path in ("/v1/signals", REALTIME, "/v1/signals/history/last"):
            assert "100" not in await probe.records(path)
        gateway.faults.clear()
        assert [await probe.records(f"/v1/{what}") for what in ("devices", "loads", "signals")] == before

    def test_freezing_what_is_not_there(self, gateway: Gateway) -> None:
        """An error at once."""
        with pytest.raises(LookupError, match="no load 9999"):
            gateway.faults.add(FreezeLoad(load=9999))

    async def test_a_wrong_clock_is_in_everything(self, probe: Probe, gateway: Gateway, clock: ManualClock) -> None:
        """Date, samples and rows are off by it, the values are not, and spans are in the gateway's own time."""
        good = (await probe.get("/v1/signals/3/realtime")).json
        row = (await probe.get("/v1/signals/3/history/last")).json
        gateway.faults.add(WrongClock(offset=86_400.0))
        await probe.login()
        assert (await probe.get("/v1/date")).json["date"] == "2026-01-16 12:00:00"
        assert (await probe.get("/v1/signals/3/realtime")).json == good | {"t": good["t"] + 86_400_000}
        moved = (await probe.get("/v1/signals/3/history/last")).json
        assert moved == row | {"t": row["t"] + 86_400, "p": row["p"] + 86_400}
        span = {"start": int((NOW + 86_400 - 120) * 1000), "end": int((NOW + 86_400) * 1000)}
        assert [r["p"] for r in (await probe.get("/v1/signals/3/history", **span)).json] == [NOW + 86_340, NOW + 86_400]
        gateway.faults.clear()
        clock.advance(1)
        await probe.login()
        assert (await probe.get("/v1/date")).json["date"] == "2026-01-15 12:00:01"


class TestFromText:
    """Faults as a command or a request names them."""

    def test_every_kind_can_be_made_and_described(self) -> None:
        """With its own defaults, under its own name; the help names all."""
        assert len(kinds()) == 17
        for name, kind in kinds().items():
            fault = make(name, {})
            assert type(fault) is kind
            assert describe(fault)["kind"] == name
            assert name in explain()
            assert kind.__doc__

    def test_settings_become_what_they_are(self) -> None:
        """Text to numbers, names, truth values and nothing."""
        fault = make("status", {"code": "429", "retry_after": "7", "times": 2, "probability": "0.5", "path": "/v1/*"})
        assert isinstance(fault, Status)
        assert (fault.code, fault.retry_after, fault.times, fault.probability, fault.path) == (429, 7, 2, 0.5, "/v1/*")
        assert make("counter-glitch", {"how": "lost-decimals"}).how is Glitch.LOST_DECIMALS  # type: ignore[attr-defined]
        assert make("huge-body", {"announced": "true"}).announced is True  # type: ignore[attr-defined]
        assert make("huge-body", {"announced": False}).announced is False  # type: ignore[attr-defined]
        assert make("drop", {"times": "none"}).times is None
        later = make("status", {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"})
        assert isinstance(later, Status)
        assert later.retry_after == "Wed, 21 Oct 2026 07:28:00 GMT"

    @pytest.mark.parametrize(
        ("kind", "given", "sentence"),
        [
            ("flood", {}, "no fault 'flood'; there are bad-record"),
            ("drop", {"colour": "red"}, "drop has no setting colour; it has path, probability, times"),
            ("drop", {"times": "often"}, "times is a whole number or none, not 'often'"),
            ("drop", {"times": True}, "times is a whole number or none, not True"),
            ("drop", {"probability": "x"}, "probability is a number, not 'x'"),
            ("drop", {"path": 7}, "path is a text or none, not 7"),
            ("counter-glitch", {"how": "badly"}, "how is one of zero, null"),
            ("huge-body", {"announced": "perhaps"}, "announced is true or false, not 'perhaps'"),
            ("drop", {"times": 0}, "times is 1 or more"),
        ],
    )
    def test_mistakes_are_named(self, kind: str, given: dict[str, Any], sentence: str) -> None:
        """In a sentence that says what would be right."""
        with pytest.raises(ValueError, match=sentence):
            make(kind, given)


def test_chance_belongs_to_the_gateway(gateway: Gateway) -> None:
    """The global generator plays no part: faults strike the same way whatever else draws from it."""
    gateway.faults.add(Drop(probability=0.5))
    random.seed(1)
    first = [bool(list(gateway.faults.striking(Drop, "/"))) for _ in range(50)]
    assert {True, False} == set(first)
