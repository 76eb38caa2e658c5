"""Faults in the data of answers, and faults as commands name them."""

from typing import Any

import pytest

from simulator import (
    BadRecord,
    CounterGlitch,
    Damage,
    FreezeLoad,
    GarbageNumbers,
    Gateway,
    Glitch,
    HideLoad,
    ManualClock,
    Status,
    WrongClock,
)
from simulator.faults.base import kinds
from simulator.faults.parse import describe, explain, make
from simulator.site.quantities import is_counter

from .probe import NOW, Probe

REALTIME = "/v1/signals/realtime"


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
        assert len(kinds()) == 25
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
