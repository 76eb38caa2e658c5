"""Readings and rows agree with one physical model."""

from itertools import pairwise
import math
from typing import Any

import pytest

from . import Gateway, Signal, build_site
from .conftest import DAY, START, Client, Clock
from .curves import ANCHOR, SLOT

MINUTE = int(START) // 60 * 60


async def rows_of(client: Client, signal: Signal, start: int, end: int) -> list[dict[str, Any]]:
    """Return the rows of a span, page by page until one is empty."""
    rows: list[dict[str, Any]] = []
    page = 1
    while more := await client.get(
        f"/v1/signals/{signal.uid}/history", start=str(start * 1000), end=str(end * 1000), page=str(page)
    ):
        rows += more
        page += 1
    return rows


def test_a_seed_makes_a_site() -> None:
    """The same seed gives the same codes and readings, another one others; only 29 stays."""
    one, same, other = (build_site("house", seed, START) for seed in (3, 3, 4))
    assert [(item.uid, item.code, item.start) for item in one.signals.values()] == [
        (item.uid, item.code, item.start) for item in same.signals.values()
    ]
    names = {item.quantity for item in one.signals.values()} - {"voltage_l1"}
    assert sum(one.signal("Grid", name).code == other.signal("Grid", name).code for name in ("power", "frequency")) < 2
    codes = {name: {item.code for item in one.signals.values() if item.quantity == name} for name in names}
    assert all(len(found) == 1 for found in codes.values())
    assert len(set.union(*codes.values())) == len(names)
    assert one.signal("Grid", "voltage_l1").code == one.signal("PV", "voltage_l1").code == 29
    gaps = sorted(one.signals)
    assert gaps != list(range(gaps[0], gaps[0] + len(gaps)))
    assert list(one.signals) != gaps


@pytest.mark.parametrize("name", ["energy_import", "energy_export", "power", "frequency"])
def test_the_integral_is_exact(name: str) -> None:
    """The integral of a curve is the sum of its values times their durations, over a week's end too."""
    curve = build_site("house", 5, START).signal("Grid", name).curve
    fine = SLOT / 4
    start = ANCHOR + (START - ANCHOR) // SLOT * SLOT - 4 * DAY
    count = int(8 * DAY / fine)
    end = start + count * fine
    summed = math.fsum(curve.at(start + (number + 0.5) * fine) for number in range(count)) * fine
    assert curve.integral(start, end) == pytest.approx(summed, rel=1e-9)
    part = curve.integral(start, START) + curve.integral(START, end)
    assert curve.integral(start, end) == pytest.approx(part, rel=1e-9, abs=0.1)
    mean, low, high = curve.profile(start, start + 3600)
    assert mean == pytest.approx(curve.integral(start, start + 3600) / 3600, rel=1e-6, abs=1e-6)
    assert low <= mean <= high


@pytest.mark.parametrize("kind", ["house", "workshop"])
def test_the_phases_make_the_whole(kind: str) -> None:
    """U I, P, Q and S of a phase belong together, and so do the phases and the total."""
    site = build_site(kind, 7, START)
    for load in site.loads.values():
        values = {item.quantity: item.curve.at(START) for item in site.signals.values() if item.load == load.uid}
        if "power_l3" not in values:
            continue
        for phase in ("l1", "l2", "l3"):
            apparent = values[f"voltage_{phase}"] * values[f"current_{phase}"]
            assert values[f"apparent_power_{phase}"] == pytest.approx(apparent)
            assert values[f"power_{phase}"] == pytest.approx(values[f"power_factor_{phase}"] * apparent)
            assert math.hypot(values[f"power_{phase}"], values[f"reactive_power_{phase}"]) == pytest.approx(apparent)
        assert values["power"] == pytest.approx(sum(values[f"power_{phase}"] for phase in ("l1", "l2", "l3")))
        assert values["voltage_l12"] == pytest.approx(math.sqrt(3) * values["voltage_l1"], rel=0.05)


def test_the_house_exports_at_noon() -> None:
    """Import less export is the net energy of the grid; the plant feeds some of it."""
    site = build_site("house", 3, START)
    grid = {name: site.signal("Grid", name) for name in ("energy_import", "energy_export", "power")}
    noon, span = START - START % DAY + DAY / 2, 3600
    gains = {name: signal.truth_kwh(noon, noon + span) for name, signal in grid.items()}
    assert gains["energy_import"] - gains["energy_export"] == pytest.approx(gains["power"])
    assert gains["energy_export"] > 0
    plant = site.signal("PV", "power")
    assert abs(plant.truth_kwh(noon, noon + span)) > 0.1
    assert plant.truth_kwh(noon + DAY / 2, noon + DAY / 2 + span) == 0
    with pytest.raises(ValueError, match="no energy"):
        site.signal("Grid", "frequency").truth_kwh(noon, noon + span)


@pytest.mark.parametrize(("seconds", "shift"), [(60, 0), (300, 0), (900, 420), (3600, 0), (3600, 1800)])
async def test_rows_agree_with_the_truth(gateway: Gateway, client: Client, seconds: int, shift: int) -> None:
    """A row of a counter is the register at its `t`, a row of a power the mean over its period."""
    gateway.history.seconds, gateway.history.shift = seconds, shift
    counter, power = gateway.site.signal("Grid", "energy_import"), gateway.site.signal("Heat pump", "power")
    start, end = MINUTE - DAY, MINUTE
    rows = await rows_of(client, counter, start, end)
    assert len(rows) == pytest.approx(DAY / seconds, abs=1)
    assert all((row["p"] - shift) % seconds == 0 and row["t"] == row["p"] - 1 for row in rows)
    for one, two in pairwise(rows):
        gained = (two["v"] - one["v"]) / counter.scale / 3_600_000
        wanted = gateway.truth_kwh(counter, one["t"], two["t"])
        assert gained == pytest.approx(wanted, abs=counter.step / counter.scale / 3_600_000 + 1e-9)
    energy = 0.0
    rows = await rows_of(client, power, start, end)
    for row in rows:
        assert row["min"] - power.step <= row["v"] <= row["max"] + power.step
        energy += row["v"] / power.scale * seconds / 3_600_000
    first, last = rows[0]["p"] - seconds, rows[-1]["p"]
    assert energy == pytest.approx(gateway.truth_kwh(power, first, last), rel=1e-4)


@pytest.mark.parametrize("kind", ["flat"])
async def test_each_load_has_its_rhythm(gateway: Gateway, client: Client, clock: Clock) -> None:
    """A P1 port moves every ten seconds, its gas meter once an hour; in its rows the hour's value stands still."""
    power, gas = gateway.site.signal("P1", "power_import"), gateway.site.signal("Gas", "gas_volume")
    seen = set()
    for _ in range(40):
        values = (await client.get("/v1/signals/realtime"))["realtime"]
        assert 0 <= clock.now - values[str(power.uid)]["t"] / 1000 < 10
        seen.add((values[str(gas.uid)]["t"], values[str(gas.uid)]["v"]))
        clock.now += 3
    assert [stamp for stamp, _ in seen] == [int(START // 3600) * 3_600_000]
    hour = int(START // 3600) * 3600
    rows = await rows_of(client, gas, hour - 3600, hour)
    assert len({row["v"] for row in rows if row["t"] < hour}) <= 2
    gateway.history.idle = "none"
    rows = await rows_of(client, gas, hour - 7200, hour + 600)
    assert len(rows) == 3
    assert all(row["t"] % 3600 == 0 for row in rows)


@pytest.mark.parametrize("kind", ["flat"])
async def test_tariffs_take_turns(gateway: Gateway, clock: Clock) -> None:
    """At each instant one tariff counts, and both together count everything."""
    first, second = (gateway.site.signal("P1", f"energy_import_t{number}") for number in (1, 2))
    power = gateway.site.signal("P1", "power_import")
    total = first.truth_kwh(START, START + DAY) + second.truth_kwh(START, START + DAY)
    assert total == pytest.approx(power.truth_kwh(START, START + DAY))
    night = START - START % DAY + DAY - 3600
    assert second.truth_kwh(night, night + 3000) == 0 < first.truth_kwh(night, night + 3000)
