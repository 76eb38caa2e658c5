"""Identification from realistic readings: distorted, disturbed, not simultaneous, as last samples, with outages."""

from dataclasses import replace
from itertools import accumulate, pairwise
from math import hypot
import random

import pytest

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import make_loads
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Direction, Timeline
from custom_components.carlo_gavazzi_ems.signals.identify import Series, identify

from .plant import MINUTES, Plant, Rows, certain, walk
from .test_proofs import gateway, generator, is_right


def judged(plant: Plant, series: list[Series]) -> tuple[dict[str, str], int]:
    """Return the certain findings that are wrong, apart from the order of phases, and the number of certain ones."""
    codes = {code: name for name, code in plant.codes().items()}
    found = {codes[code]: text for code, text in certain(identify(series)).items()}
    wrongs = []
    for order in ("123", "132", "213", "231", "312", "321"):
        turned = {
            name: text.translate(str.maketrans("123", order)) if "_l" in name else text for name, text in found.items()
        }
        wrongs.append({name: text for name, text in turned.items() if not is_right(name, text) and "line" not in name})
    return min(wrongs, key=len), len(found)


def test_r26_cosine_beside_volts_times_amperes() -> None:
    """Where currents are distorted, S is more than P and Q make, and PF is the cosine of the fundamental: all are found."""
    plant = Plant.build(4)
    for load, readings in plant.readings.items():
        more = walk(random.Random(load), 1.12, 0.01, 1.05, 1.3)
        for end in ("", "_l1", "_l2", "_l3"):
            if f"apparent_power{end}" not in readings:
                continue
            p, q = readings[f"active_power{end}"], readings[f"reactive_power{end}"]
            pure = list(map(hypot, p, q, strict=True))
            readings[f"power_factor{end}"] = [a / b for a, b in zip(p, pure, strict=True)]
            readings[f"apparent_power{end}"] = [a * b for a, b in zip(pure, more, strict=True)]
            if f"current{end}" in readings:
                volts = readings[f"voltage{end}"]
                readings[f"current{end}"] = [a * b / u for a, b, u in zip(pure, more, volts, strict=True)]
    codes = plant.codes()
    series = plant.series(codes)
    wrong, count = judged(plant, series)
    assert wrong == {}
    assert count > 20
    finding = identify(series)[codes["power_factor_l1"]]
    assert finding.candidates[0].text.startswith("power_factor_l")
    assert finding.candidates[0].law == "cosine_is_p_over_p_and_q"


@pytest.mark.parametrize("seed", range(2))
def test_r26_readings_that_are_all_disturbed_alike(seed: int) -> None:
    """With 0.5 % of noise in every reading, powers and currents are certain."""
    plant = Plant.build(5 + seed)
    chance = random.Random(seed)
    noisy = [
        one if "energy" in name else replace(one, values=[value * (1 + chance.gauss(0, 0.004)) for value in one.values])
        for name, one in named(plant)
    ]
    wrong, count = judged(plant, noisy)
    assert wrong == {}
    assert count > 15


@pytest.mark.parametrize("seed", range(2))
def test_r26_readings_that_are_taken_apart_in_time(seed: int) -> None:
    """Signals that are sampled up to 45 s apart: a law is proven by the rows in which the values are constant."""
    plant = Plant.build(7 + seed)
    chance = random.Random(seed)
    late = []
    for name, one in named(plant):
        share = 0.0 if "energy" in name else 0.75 * chance.random()
        values = [one.values[0], *(b + share * (a - b) for a, b in pairwise(one.values))]
        late.append(replace(one, values=[round(value, 4) for value in values]))
    wrong, count = judged(plant, late)
    assert wrong == {}
    assert count > 15


def named(plant: Plant) -> list[tuple[str, Series]]:
    """Return the series of a plant with their names."""
    codes = plant.codes()
    names = {code: name for name, code in codes.items()}
    return [(names[one.code], one) for one in plant.series(codes)]


def test_r26_counters_follow_last_samples_too() -> None:
    """A counter fits its power, whose rows are last samples, and not the nearly equal apparent power."""
    readings = generator(exports=True)
    ends = readings["active_power"]
    volts, share = readings["voltage_l1"], 0.985
    readings["apparent_power"] = [abs(one) / share for one in ends]
    readings["reactive_power"] = [one * (1 / share**2 - 1) ** 0.5 for one in ends]
    wander = walk(random.Random(2), share, 0.004, 0.97, 0.998)
    readings["power_factor"] = wander
    readings["apparent_power"] = [abs(one) / pf for one, pf in zip(ends, wander, strict=True)]
    readings["reactive_power"] = [(s * s - p * p) ** 0.5 for s, p in zip(readings["apparent_power"], ends, strict=True)]
    readings["current_l1"] = [s / u for s, u in zip(readings["apparent_power"], volts, strict=True)]
    bought = [0.0, *((max(a, 0.0) + max(b, 0.0)) / 2 for a, b in pairwise(ends))]
    for name, start in (("energy_import", 5214.0), ("energy_import_partial", 814.0)):
        readings[name] = [start + int(total * 1000) / 1000 for total in accumulate(one / 60_000 for one in bought)]
    series, told = gateway(readings, digits=4, system="1P")
    found = certain(identify(series))
    assert found[31 + told.index("energy_import")] == "energy_import/kWh"
    assert found[31 + told.index("energy_import_partial")] == "energy_import_partial/kWh"


def test_a_power_is_integrated_as_mean_or_as_line() -> None:
    """A row stands for the time before it, or for the end of a straight line; a line across zero has two parts."""
    values = [100.0, *(-100.0, 300.0) * 4]
    times = [3600.0 * row for row in range(len(values))]
    (load,) = make_loads([Series(uid=1, code=5, load_uid=1, device_uid=1, times=times, values=values)])
    timeline = Timeline(load)
    assert timeline.integral(5, Direction.IMPORT)[-1] == pytest.approx(1200.0)
    assert timeline.integral(5, Direction.EXPORT)[-1] == pytest.approx(400.0)
    timeline.assume(straight=True)
    assert timeline.integral(5, Direction.NET)[-1] == pytest.approx(700.0)
    assert timeline.integral(5, Direction.IMPORT)[-1] == pytest.approx(25.0 + 7 * 112.5)
    assert timeline.integral(5, Direction.EXPORT)[-1] == pytest.approx(25.0 + 7 * 12.5)


def test_r26_what_never_flows_is_known_for_sure() -> None:
    """A power that is never negative exports nothing, however much it moves."""
    values = [100.0 + 2000.0 * (row % 2) for row in range(200)]
    series = Series(uid=1, code=5, load_uid=1, device_uid=1, times=[60.0 * row for row in range(200)], values=values)
    (load,) = make_loads([series])
    timeline = Timeline(load)
    assert timeline.uncertainty(5, Direction.EXPORT) == 0
    assert timeline.uncertainty(5, Direction.IMPORT) > 0


def test_r26_a_frequency_survives_an_outage() -> None:
    """A quarter of an hour without a grid, in which it reads 0, does not hide the frequency."""
    chance = random.Random(6)
    hertz = [50 + 0.02 * chance.gauss(0, 1) for _ in range(MINUTES)]
    hertz[400:415] = [0.0] * 15
    readings = generator(exports=True) | {"frequency": hertz}
    series, told = gateway(readings, digits=3, system="1P")
    assert certain(identify(series))[31 + told.index("frequency")] == "frequency/Hz"


def test_r26_proposals_on_a_meter_with_much_switched_off() -> None:
    """A power factor alone is proposed; amperes beside many other codes are no temperature, and kWh no gas."""
    readings: dict[str, Rows] = generator(exports=False)
    watts = readings["active_power"]
    rows = {
        "power_factor": readings["power_factor"],
        "current_l1": readings["current_l1"],
        "active_power": watts,
        "energy_import": list(accumulate((one / 60_000 for one in watts), initial=5000.0))[1:],
        "run_hours": [3000 + minute / 60 for minute in range(MINUTES)],
    }
    series, told = gateway(rows, digits=3)
    texts = {
        told[code - 31]: [candidate.text for candidate in finding.candidates]
        for code, finding in identify(series).items()
    }
    assert texts["power_factor"][0] == "power_factor"
    assert not {"temperature/°C", "gas/m³", "water/m³"} & {text for found in texts.values() for text in found}


def test_r26_the_first_tariff_is_proposed_by_day() -> None:
    """Without a tariff number, the tariff of working hours is proposed as the first; neither is certain."""
    readings = generator(exports=True)
    watts = [max(0.0, one) for one in readings["active_power"]]
    high = [8 <= (minute / 60) % 24 < 20 for minute in range(MINUTES)]
    parts = {
        "t2": [0.0 if by_day else one for one, by_day in zip(watts, high, strict=True)],
        "t1": [one if by_day else 0.0 for one, by_day in zip(watts, high, strict=True)],
    }
    totals = {name: [700.0 + one for one in accumulate(w / 60_000 for w in part)] for name, part in parts.items()}
    readings |= totals | {"energy": [a + b for a, b in zip(totals["t1"], totals["t2"], strict=True)]}
    series, told = gateway(readings, digits=3, system="1P")
    findings = identify(series)
    for name in ("t1", "t2"):
        finding = findings[31 + told.index(name)]
        assert finding.candidates[0].text == f"energy_import_{name}/kWh"
        assert not finding.certain
