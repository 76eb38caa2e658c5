"""The quarter-hours of a day with outages of all kinds, with the second gateway."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.demand.meter import DemandMeter
from soak.worlds.judge import Verdict
from soak.worlds.world import make_site
from tests.second_gateway.model import Signal

from .tale import DAY, Tale, instant, tell

QUARTER = 900.0


def rules(kind: str, seed: int) -> dict[str, Any]:
    """Return the rules of a story with the demand of the first counter's load."""
    site = make_site(kind, seed, DAY - 20 * 86400, 2)
    load = next(signal.load for signal in site.signals.values() if signal.counter)
    return {"kind": kind, "seed": seed, "options": {"demand_loads": [load]}}


def meter_of(tale: Tale) -> DemandMeter:
    """Return the object that follows the demand of the load."""
    (entry,) = tale.world.home.hass.config_entries.async_entries(DOMAIN)
    meters: dict[int, DemandMeter] = entry.runtime_data.demand.meters
    return meters[tale.counter.load]


def allowed(tale: Tale, counters: list[Signal], mark: float) -> float:
    """Return the allowed error of a reading at a mark in kWh: the power may change between the readings around it."""
    seconds = tale.gateway.site.loads[tale.counter.load].rhythm + tale.world.poll + 1
    off = 0.0
    for signal in counters:
        _, low, high = signal.curve.profile(mark - seconds, mark + seconds)
        off += signal.step / signal.scale / 3.6e6 + (high - low) * seconds / 4 / 3.6e6
    return off


def assert_true(tale: Tale, first: str, last: str, *, unknown: set[str]) -> None:
    """Expect the true energy in each quarter-hour between two times, and none in those that cannot be known."""
    meter = meter_of(tale)
    counters = [signal for signal in tale.world.counters if signal.load == tale.counter.load and signal.counter]
    start, missing = instant(first), {instant(text) for text in unknown}
    assert {signal.uid for signal in counters} == meter.counters.keys()
    while start < instant(last):
        stop = start + QUARTER
        kwh = meter.ledger.kwh.get(start)
        if start in missing:
            assert kwh is None, (start - DAY) / 3600
        else:
            assert kwh is not None, (start - DAY) / 3600
            truth = sum(signal.truth_kwh(start, stop) for signal in counters)
            off = allowed(tale, counters, start) + allowed(tale, counters, stop)
            assert kwh == pytest.approx(truth, abs=off), (start - DAY) / 3600
        start = stop
    known = {start: kwh for start, kwh in meter.ledger.kwh.items() if kwh is not None}
    assert meter.month is not None
    assert meter.month.kw == pytest.approx(4 * max(known.values()))
    assert known[meter.month.start] == max(known.values())


@pytest.mark.parametrize(("kind", "seed"), [pytest.param("workshop", 3, marks=pytest.mark.long), ("flat", 1)])
def test_r32_stopped_killed_and_cut_off(tmp_path: Path, kind: str, seed: int) -> None:
    """Every quarter-hour is known and right, whenever Home Assistant was away, but those that the gateway did not see."""

    async def story(tale: Tale) -> Verdict | None:
        tale.power_cut("15:20", "15:40")
        await tale.begin("12:03:20")
        await tale.off("12:20:10", kill=True)
        await tale.until("12:29:50")
        await tale.off("12:30:20")
        await tale.until("13:05")
        await tale.unreachable("14:20")
        await tale.until("16:51")
        await tale.off("16:54:30", kill=True)
        await tale.until("17:20")
        # The meter is twenty days old, so all of the month for which there is history is known.
        assert_true(tale, "-24:00", "17:00", unknown={"15:15", "15:30"})
        await tale.world.stop()
        return None

    tell(story, tmp_path, **rules(kind, seed))


def test_r32_a_meter_that_is_replaced(tmp_path: Path) -> None:
    """The quarter-hours in which it is replaced are unknown, seen by Home Assistant or not; no peak comes of it."""

    async def story(tale: Tale) -> Verdict | None:
        tale.reset("12:07:10")
        tale.reset("13:35:20", 3.0)
        await tale.begin("13:32")
        await tale.off("13:50")
        await tale.until("15:20")
        assert_true(tale, "11:00", "15:00", unknown={"12:00", "13:30"})
        await tale.world.stop()
        return None

    tell(story, tmp_path, **rules("workshop", 3))


def test_r32_wrong_readings(tmp_path: Path) -> None:
    """A counter that reads 0, or three quarters of itself, for twenty minutes over the ends of quarter-hours."""

    async def story(tale: Tale) -> Verdict | None:
        await tale.begin("11:55")
        await tale.wrong("12:17", 0.0)
        await tale.until("12:40")
        await tale.wrong("13:02", lambda reading: 0.75 * reading, in_history=True)
        await tale.until("14:20")
        # History does not help the second time.
        assert_true(tale, "11:00", "14:00", unknown={"12:30", "12:45", "13:00"})
        await tale.world.stop()
        return None

    tell(story, tmp_path, **rules("workshop", 3))


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_r32_restarts_at_any_instant(tmp_path: Path, seed: int) -> None:
    """Stopped, killed or cut off at random for seconds to an hour: every quarter-hour is known and right."""
    chance = Random(seed)

    async def story(tale: Tale) -> Verdict | None:
        await tale.begin("11:58")
        now = instant("12:02")
        while now < instant("16:00"):
            now += chance.uniform(30, 1500)
            await tale.world.until(now)
            now += 10 * 360 ** chance.random()
            text = f"{(now - DAY) // 3600:.0f}:{(now - DAY) % 3600 // 60:.0f}:{now % 60:.1f}"
            match chance.choice(("stop", "kill", "unreachable")):
                case "unreachable":
                    await tale.unreachable(text)
                    now += 120
                case what:
                    await tale.off(text, kill=what == "kill")
        await tale.world.until(now + 2000)
        assert_true(tale, "0:00", "16:00", unknown=set())
        await tale.world.stop()
        return None

    tell(story, tmp_path, **rules("workshop", 3))
