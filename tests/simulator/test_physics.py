"""The model's physics: the readings of a meter are consistent at every instant."""

from typing import Any

import numpy as np
import pytest

from simulator import Quantity, Site, SiteKind, build_site
from simulator.site.noise import Floats

from .probe import NOW

DAY = 86_400.0
INSTANTS = [NOW + step * 3_571.3 for step in range(80)]
"""A few days at odd seconds, nights and days."""
SITES: dict[str, dict[str, Any]] = {
    "flat": {"kind": SiteKind.FLAT},
    "house": {"kind": SiteKind.HOUSE},
    "split phase": {"kind": SiteKind.HOUSE, "split_phase": True, "voltage": 120.0, "frequency": 60.0},
    "load test": {"kind": SiteKind.LOAD_TEST, "signals": 120},
}


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    """Each kind of site."""
    return build_site(seed=3, **SITES[request.param])


def readings(site: Site, load: int, quantity: str) -> Floats:
    """Return a quantity of a load at the instants in inner units (W, Wh), or raise LookupError."""
    uid = site.find(quantity, load)
    factor = 1000.0 if site.truth(uid)[1].startswith("k") else 1.0
    return site.readings(uid, INSTANTS) * factor


def loads_with(site: Site, quantity: str) -> list[int]:
    """Return the loads that have a signal of this quantity."""
    return sorted({signal.lid for signal in site.signals.values() if signal.quantity == quantity})


def test_apparent_power_is_the_root_of_active_and_reactive(site: Site) -> None:
    """S² = P² + Q², in total and in every phase."""
    for end in ("", "_l1", "_l2", "_l3"):
        for load in loads_with(site, f"apparent_power{end}"):
            p, q, s = (readings(site, load, f"{kind}_power{end}") for kind in ("active", "reactive", "apparent"))
            np.testing.assert_allclose(s**2, p**2 + q**2, rtol=1e-9, atol=1e-9)


def test_power_is_voltage_times_current_times_power_factor(site: Site) -> None:
    """P = U I PF, with the sign of the power."""
    for load in loads_with(site, "power_factor_l1"):
        for phase in ("_l1", "_l2", "_l3"):
            if f"voltage{phase}" in {signal.quantity for signal in site.signals_of_load(load)}:
                u, i, p, pf = (
                    readings(site, load, f"{kind}{phase}")
                    for kind in ("voltage", "current", "active_power", "power_factor")
                )
                np.testing.assert_allclose(u * i * pf, p, rtol=1e-9, atol=1e-6)
    for load in set(loads_with(site, "power_factor")) - set(loads_with(site, "power_factor_l1")):
        u, i, p, pf = (
            readings(site, load, name) for name in ("voltage_l1", "current_l1", "active_power", "power_factor")
        )
        if "voltage_l2" not in {signal.quantity for signal in site.signals_of_load(load)}:
            np.testing.assert_allclose(u * i * pf, p, rtol=1e-9, atol=1e-6)


def test_phases_add_up(site: Site) -> None:
    """Active and reactive power of the phases are those of the whole."""
    for kind in ("active", "reactive"):
        for load in loads_with(site, f"{kind}_power_l1"):
            names = {signal.quantity for signal in site.signals_of_load(load)}
            phases = [f"{kind}_power_l{n}" for n in (1, 2, 3) if f"{kind}_power_l{n}" in names]
            total = sum(readings(site, load, name) for name in phases)
            np.testing.assert_allclose(total, readings(site, load, f"{kind}_power"), rtol=1e-9, atol=1e-9)


def test_line_voltages_come_from_phase_voltages(site: Site) -> None:
    """Three phases stand 120° apart, two legs 180°."""
    for load in loads_with(site, "voltage_l1_l2"):
        a, b = readings(site, load, "voltage_l1"), readings(site, load, "voltage_l2")
        expected = a + b if site.options.split_phase else np.sqrt(a * a + b * b + a * b)
        np.testing.assert_allclose(readings(site, load, "voltage_l1_l2"), expected, rtol=1e-12)


def test_voltage_and_frequency_stay_where_a_grid_keeps_them(site: Site) -> None:
    """Within ±10 % of the nominal voltage and ±0.1 Hz of the nominal frequency; and they move."""
    for uid, signal in site.signals.items():
        if signal.quantity == "voltage_l1":
            volts = site.readings(uid, INSTANTS)
            assert 0.9 * site.options.voltage < volts.min() < volts.max() < 1.1 * site.options.voltage
            assert np.ptp(volts) > 0.005 * site.options.voltage
        if signal.quantity == "frequency":
            hertz = site.readings(uid, INSTANTS)
            assert np.abs(hertz - site.options.frequency).max() < 0.1
            assert np.ptp(hertz) > 0.01


def test_voltage_sinks_under_load() -> None:
    """What the whole site draws from a phase pulls down the voltage that a small meter on that phase sees."""
    sites = [build_site(SiteKind.HOUSE, seed=3, idle=idle, power_unit="W") for idle in (0.0, 1.0)]
    lone = next(load.uid for load in sites[0].loads.values() if load.label == "Laundry 🧺 Wäsche")
    volts = [site.readings(site.find("voltage_l1", lone), INSTANTS) for site in sites]
    watts = [site.readings(site.find("active_power_l3", 2), INSTANTS) for site in sites]
    sunk, drawn = volts[1] - volts[0], watts[0] - watts[1]
    assert np.ptp(drawn) > 1000
    assert 0.05 < np.polyfit(drawn, sunk, 1)[0] * 230.0 < 0.3
    assert np.corrcoef(drawn, sunk)[0, 1] > 0.95


def test_partial_counters_began_at_their_reset() -> None:
    """Nothing before, the growth since after it, in whatever order one asks."""
    site = build_site(SiteKind.FLAT, seed=3)
    kitchen = next(load.uid for load in site.loads.values() if load.label == "Kitchen")
    partial, total = site.find("energy_import_partial", kitchen), site.find("energy_import", kitchen)
    reset = site.meters[kitchen].reset
    after, before = site.readings(partial, [reset + 30 * DAY, reset - DAY])
    assert before == 0.0
    unit = 1000.0 if site.truth(total)[1] == "kWh" else 1.0
    assert after * unit == pytest.approx(site.energy_wh(total, reset, reset + 30 * DAY), abs=1e-6)
    assert site.energy_wh(partial, NOW, NOW + DAY) == pytest.approx(site.energy_wh(total, NOW, NOW + DAY), abs=1e-6)


def positive(start: Floats, end: Floats) -> Floats:
    """Return the mean of the positive part of straight lines from `start` to `end`."""
    share = np.where(start * end < 0, np.maximum(start, end) / np.maximum(np.abs(end - start), 1e-300), 1.0)
    area: Floats = (np.maximum(start, 0) + np.maximum(end, 0)) / 2 * share
    return area


def mean(start: Floats, end: Floats) -> Floats:
    """Return the mean of straight lines from `start` to `end`."""
    return (start + end) / 2


COUNTED = {
    "energy_import": ("active_power", positive),
    "energy_export": ("active_power", lambda start, end: positive(-start, -end)),
    "energy_import_l1": ("active_power_l1", positive),
    "energy_export_l3": ("active_power_l3", lambda start, end: positive(-start, -end)),
    "reactive_energy_import": ("reactive_power", positive),
    "reactive_energy_export": ("reactive_power", lambda start, end: positive(-start, -end)),
    "energy_net": ("active_power", mean),
    "apparent_energy": ("apparent_power", mean),
}
SPANS = (10.0, 47.0, 600.0, 86_400.0)
BENT = ("apparent_energy", 86_400.0)
"""Apparent power is not linear: its integral over a day would take a million points."""


@pytest.mark.parametrize("start", [NOW, NOW + 17.25, NOW - 400 * DAY + 59.999])
@pytest.mark.parametrize(
    ("counter", "seconds"),
    [(counter, seconds) for counter in COUNTED for seconds in SPANS if (counter, seconds) != BENT],
)
def test_counters_grow_by_the_integral_of_power(site: Site, counter: str, start: float, seconds: float) -> None:
    """The increase of every energy counter is the area under the power shown, to 1e-6 kWh."""
    power, part = COUNTED[counter]
    bent = counter == "apparent_energy"
    minutes = np.arange(np.ceil(start / 60), (start + seconds) / 60) * 60
    points = np.linspace(start, start + seconds, 60_000 if bent else 7)
    times = np.unique(np.concatenate((points, minutes)))
    for load in loads_with(site, counter)[:2]:
        if load not in loads_with(site, power):
            continue
        shown = site.find(power, load)
        values = site.readings(shown, times.tolist()) * (1000.0 if site.truth(shown)[1].startswith("k") else 1.0)
        area = (part(values[:-1], values[1:]) * np.diff(times)).sum() / 3600.0
        assert site.energy_wh(site.find(counter, load), start, start + seconds) == pytest.approx(area, abs=1e-3)


def test_short_spans_are_exact_to_the_microwatthour(site: Site) -> None:
    """Within a minute the integral has a closed form; the counter follows it, even where the power changes its sign."""
    uid, power = site.find("energy_import"), site.find("active_power")
    factor = 1000.0 if site.truth(power)[1].startswith("k") else 1.0
    for start in [NOW + 60 * minute for minute in range(0, 1440, 7)]:
        first, last = (value * factor for value in site.readings(power, [start + 5.0, start + 45.0]))
        if first >= 0 and last >= 0:
            expected = (first + last) / 2 * 40 / 3600
        elif first <= 0 and last <= 0:
            expected = 0.0
        else:
            expected = max(first, last) ** 2 / (2 * abs(first - last)) * 40 / 3600
        assert site.energy_wh(uid, start + 5.0, start + 45.0) == pytest.approx(expected, abs=1e-6)


def test_counters_never_fall(site: Site) -> None:
    """All but the net counter, over a day, every few seconds."""
    times = np.arange(NOW, NOW + 7200, 13.7)
    for uid, signal in site.signals.items():
        if signal.quantity.startswith(("energy_", "reactive_energy", "apparent_energy", "run_hours")):
            steps = np.diff(site.readings(uid, times.tolist()))
            if signal.quantity != "energy_net":
                assert steps.min() > -1e-9, (uid, signal.quantity)


def test_tariffs_add_up(site: Site) -> None:
    """The tariffs' counters are the total counter, and only one of them runs at a time."""
    for load in loads_with(site, "energy_import_t1"):
        one, two = readings(site, load, "energy_import_t1"), readings(site, load, "energy_import_t2")
        if load in loads_with(site, "energy_import"):
            np.testing.assert_allclose(one + two, readings(site, load, "energy_import"), rtol=1e-12)
        noon, night = NOW, NOW + 12 * 3600
        first, second = site.find("energy_import_t1", load), site.find("energy_import_t2", load)
        assert site.energy_wh(second, noon, noon + 600) == pytest.approx(0.0, abs=1e-6)
        assert site.energy_wh(first, night, night + 600) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("kind", "solar"), [(SiteKind.FLAT, True), (SiteKind.HOUSE, True), (SiteKind.SHOP, True)])
def test_the_main_meter_is_the_sum_of_its_sub_loads(kind: SiteKind, solar: bool) -> None:  # noqa: FBT001
    """Net at every instant; so is the net energy, and import less export."""
    site = build_site(kind, seed=3, solar=solar)
    main = 2
    names = {"Main", "Smart meter", "Gas", "Water", "Room temperature", "Wärme"}
    subs = [load.uid for load in site.loads.values() if load.label not in names]
    total = sum(readings(site, load, "active_power") for load in subs)
    np.testing.assert_allclose(total, readings(site, main, "active_power"), rtol=1e-9, atol=1e-6)
    span = (NOW, NOW + 5 * 3600)
    energy = sum(site.energy_wh(site.find("active_power", load), *span) for load in subs)
    assert energy == pytest.approx(site.energy_wh(site.find("energy_net", main), *span), abs=1e-3)
    imported, exported = (site.energy_wh(site.find(f"energy_{way}", main), *span) for way in ("import", "export"))
    assert imported - exported == pytest.approx(energy, abs=1e-3)


def test_solar_power_is_exported_and_makes_the_main_meter_turn_back() -> None:
    """In June at noon a house exports, at midnight it does not."""
    site = build_site(SiteKind.HOUSE, seed=3)
    june = NOW + 152 * DAY
    exported = site.find("energy_export", 2)
    days = [site.energy_wh(exported, june + day * DAY - 3600, june + day * DAY) for day in range(6)]
    nights = [site.energy_wh(exported, june + (day + 0.45) * DAY, june + (day + 0.5) * DAY) for day in range(6)]
    assert sum(days) > 3000
    assert sum(nights) == pytest.approx(0.0, abs=1e-6)


def test_demand_is_the_moving_mean_and_peak_demand_its_highest_block() -> None:
    """Demand over the last 15 minutes; the peak never falls within four weeks and is no lower than any full block."""
    site = build_site(SiteKind.HOUSE, seed=3)
    demand, peak, net = (site.find(name, 2) for name in ("demand", "peak_demand", "energy_net"))
    factor = 1000.0 if site.truth(demand)[1].startswith("k") else 1.0
    for when in INSTANTS:
        expected = site.energy_wh(net, when - 900, when) * 4
        assert site.reading(demand, when) * factor == pytest.approx(expected, abs=1e-3)
    blocks = [site.energy_wh(net, NOW + n * 900, NOW + (n + 1) * 900) * 4 for n in range(96)]
    after = site.reading(peak, NOW + DAY) * factor
    assert after >= max(blocks) - 1e-6
    assert (np.diff(site.readings(peak, [NOW + n * 900 for n in range(96)])) >= 0).all()


@pytest.mark.parametrize("year", [-3, -1, 0, 5])
def test_any_year_can_be_asked(year: int) -> None:
    """The model repeats after 52 weeks; counters go on, and consume the same in each of its years."""
    site = build_site(SiteKind.FLAT, seed=3)
    cycle = 52 * 7 * DAY
    when = NOW + year * cycle
    power, energy = site.find("active_power"), site.find("energy_import")
    assert site.reading(power, when) == pytest.approx(site.reading(power, NOW), rel=1e-9)
    assert site.energy_wh(energy, when, when + cycle) == pytest.approx(
        site.energy_wh(energy, NOW, NOW + cycle), rel=1e-9
    )
    assert 1e6 < site.energy_wh(energy, when, when + cycle) < 1e7


def test_it_is_a_pure_function_of_seed_and_time() -> None:
    """The same seed gives the same for ever, another seed something else; the order of questions does not matter."""
    one, two = build_site(SiteKind.HOUSE, seed=5), build_site(SiteKind.HOUSE, seed=5)
    other = build_site(SiteKind.HOUSE, seed=6)
    uid = one.find(Quantity.ACTIVE_POWER)
    assert [one.reading(uid, when) for when in INSTANTS] == [two.reading(uid, when) for when in INSTANTS[::-1]][::-1]
    assert other.readings(other.find(Quantity.ACTIVE_POWER), INSTANTS).tolist() != one.readings(uid, INSTANTS).tolist()


def test_options_change_what_is_shown() -> None:
    """Power without sign loses it, energies do not; no reactive power means a power factor of 1."""
    june = [NOW + 152 * DAY + step * 600 for step in range(12)]
    plain, unsigned = (build_site(SiteKind.HOUSE, seed=3, signed_power=signed) for signed in (True, False))
    solar = next(load.uid for load in plain.loads.values() if load.label == "Solar")
    power = plain.find("active_power", solar)
    np.testing.assert_allclose(unsigned.readings(power, june), np.abs(plain.readings(power, june)))
    assert plain.readings(power, june).min() < 0
    resistive = build_site(SiteKind.HOUSE, seed=3, unity_power_factor=True)
    main = resistive.find("reactive_power", 2)
    np.testing.assert_allclose(resistive.readings(main, INSTANTS), 0.0, atol=1e-9)


def test_neutral_current_is_nothing_where_phases_are_equal() -> None:
    """The wallbox on three phases has hardly any; on one phase its neutral carries all."""
    site = build_site(SiteKind.HOUSE, seed=3)
    wallbox = next(load.uid for load in site.loads.values() if load.label == "Wallbox")
    times = [NOW + step * 60 for step in range(14 * 1440)]
    first, third, neutral = (
        site.readings(site.find(name, wallbox), times) for name in ("current_l1", "current_l3", "current_n")
    )
    three, one = (first > 10) & (third > 10), (first > 10) & (third < 1)
    assert three.any()
    assert one.any()
    assert (neutral[three] < 0.1 * first[three]).all()
    np.testing.assert_allclose(neutral[one], first[one], rtol=1e-6)
