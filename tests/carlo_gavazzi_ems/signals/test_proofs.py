"""Certain findings are right, also if signals are switched off and other quantities have similar readings."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, combinations
import random

import pytest

from custom_components.carlo_gavazzi_ems.signals.identify import (
    Series,
    doubtful_codes,
    identify,
    loads_to_see_more_of,
)

from .plant import MINUTES, Plant, Rows, certain, load, one_phase, walk


def gateway(readings: dict[str, Rows], *, digits: int = 1, system: str | None = None) -> tuple[list[Series], list[str]]:
    """Return one load with some readings, and their names in the order of the codes."""
    return load(readings, digits=digits, system=system), list(readings)


def real_grid(chance: random.Random) -> list[Rows]:
    """Return three phase voltages of a strong grid: they move together and differ by 0.2 % at most."""
    common = walk(chance, 234.0, 0.25, 226, 244)
    return [
        [one + offset + own for one, own in zip(common, walk(chance, 0.0, 0.03, -0.25, 0.25), strict=True)]
        for offset in (-0.15, 0.05, 0.2)
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("names", ["abc", "abm", "ab", "acl", "abcm", "xyz", "xyzn"])
def test_r26_voltages_alone_are_no_mean(seed: int, names: str) -> None:
    """A phase voltage is as near to the mean as to another phase; line voltages may be another grid's phases."""
    a, b, c = real_grid(random.Random(seed))
    lines = [
        [(p * p + q * q + p * q) ** 0.5 for p, q in zip(*pair, strict=True)] for pair in combinations((a, b, c), 2)
    ]
    all_readings = {
        "a": a,
        "b": b,
        "c": c,
        "m": [sum(one) / 3 for one in zip(a, b, c, strict=True)],
        "l": lines[0],
        "x": lines[0],
        "y": lines[1],
        "z": lines[2],
        "n": [sum(one) / 3 for one in zip(*lines, strict=True)],
    }
    series, _ = gateway({name: all_readings[name] for name in names})
    assert certain(identify(series)) == {}


def test_r26_among_all_voltages_the_mean_is_proposed() -> None:
    """With the voltages between them, the mean of the phases is told from them, and what is certain is right."""
    a, b, c = real_grid(random.Random(5))
    lines = [[(p * p + q * q + p * q) ** 0.5 for p, q in zip(*pair, strict=True)] for pair in ((a, b), (b, c), (c, a))]
    mean = [sum(one) / 3 for one in zip(a, b, c, strict=True)]
    findings = identify(gateway(dict(zip("abcm123", [a, b, c, mean, *lines], strict=True)))[0])
    assert findings[34].candidates[0].text == "voltage_mean/V"
    assert certain(findings).keys() <= {34}


def subset(series: Iterable[Series], codes: dict[str, int], names: Iterable[str]) -> list[Series]:
    """Return the series of some names."""
    on = {codes[name] for name in names}
    return [one for one in series if one.code in on]


def is_right(name: str, text: str) -> bool:
    """Return whether a text is the meaning of a name of the plant."""
    return text.partition("/")[0] == name


@pytest.mark.parametrize("seed", range(12))
def test_r26_any_subset_is_right_or_silent(seed: int) -> None:
    """Whatever is switched off, by families or singly: nothing certain is wrong, and no phase is called the total."""
    chance = random.Random(seed)
    plant = Plant.build(1 + seed % 3)
    codes = plant.codes()
    names = {code: name for name, code in codes.items()}
    on = [name for name in codes if chance.random() < chance.choice((0.3, 0.5, 0.8))]
    series = subset(plant.series(codes), codes, on)
    if seed % 2:
        series = [one for one in series if one.load_uid == 1]
    orders = [dict(zip("123", order, strict=True)) for order in (("1", "2", "3"), *map(tuple, _permutations()))]
    found = certain(identify(series))
    assert any(
        all(is_right(_renumbered(names[code], order), _lined(text)) for code, text in found.items()) for order in orders
    ), {names[code]: text for code, text in found.items()}


def _permutations() -> list[str]:
    """Return the other orders of three phases."""
    return ["132", "213", "231", "312", "321"]


def _renumbered(name: str, order: dict[str, str]) -> str:
    """Return a name with its phases numbered otherwise."""
    out = "_".join(f"l{order[part[1]]}" if part in {"l1", "l2", "l3"} else part for part in name.split("_"))
    return _lined(out)


def _lined(text: str) -> str:
    """Return the name of a line voltage with its phases in ascending order."""
    head, _, tail = text.partition("/")[0].partition("line_voltage_")
    return f"line_voltage_{'_'.join(sorted(tail.split('_')))}" if tail and not head else text.partition("/")[0]


def counter(start: float, power: Sequence[float], step: float) -> Rows:
    """Return a counter in kWh with its step."""
    return [start + int(total / step) * step for total in accumulate(one / 60_000 for one in power)]


def generator(*, exports: bool) -> dict[str, Rows]:
    """Return the readings of a single-phase meter on a machine, with or without some hours of export."""
    machine = Plant.build(2).readings[3]
    active = [
        -0.4 * one if exports and 600 <= minute < 760 else one for minute, one in enumerate(machine["active_power"])
    ]
    readings = one_phase(machine["voltage_l1"], active, machine["reactive_power"], 1300.0)
    names = ["voltage_l1", "current_l1", "active_power", "apparent_power", "power_factor", "reactive_power"]
    return {name: readings[name] for name in names}


def test_r26_a_lone_counter_is_not_called_the_total() -> None:
    """It may as well be the part since a reset, or the tariff that has run all day; beside a part the total is certain."""
    readings = generator(exports=True)
    bought = [max(0.0, one) for one in readings["active_power"]]
    readings["energy_import"] = counter(814.0, bought, 0.01)
    series, told = gateway(readings, digits=3, system="1P")
    found = certain(identify(series))
    assert found[31 + told.index("active_power")] == "active_power/W"
    assert 31 + told.index("energy_import") not in found
    readings["energy_total"] = counter(5214.0, bought, 0.01)
    series, told = gateway(readings, digits=3, system="1P")
    assert certain(identify(series))[31 + told.index("energy_total")] == "energy_import/kWh"


def test_r26_the_net_is_not_called_the_import() -> None:
    """Where nothing was ever exported, import and net read the same: the one that is shown may be either."""
    readings = generator(exports=False)
    readings["energy_import_partial"] = counter(814.0, readings["active_power"], 0.01)
    readings["energy_net"] = counter(5214.0, readings["active_power"], 0.01)
    series, told = gateway(readings, digits=3, system="1P")
    finding = identify(series)[31 + told.index("energy_net")]
    assert not finding.certain
    assert finding.candidates[0].text == "energy_import/kWh"


def test_r26_the_only_phase_that_is_on_is_not_the_only_phase() -> None:
    """A block of one phase is certain where the gateway says that the meter has one, else a phase may be all that is on."""
    machine = Plant.build(2).readings[3]
    names = ["voltage_l1", "current_l1", "active_power", "apparent_power", "power_factor", "reactive_power"]
    readings = {name: machine[name] for name in names}
    assert certain(identify(gateway(readings, digits=3)[0])) == {}
    assert certain(identify(gateway(readings, digits=3, system="3P.n")[0])) == {}
    assert len(certain(identify(gateway(readings, digits=3, system="1P")[0]))) >= 5


def test_r26_a_capacitor_of_one_kilovar_is_no_clock() -> None:
    """A counter that grows by about one an hour is run hours only if it grows exactly with the clock."""
    chance = random.Random(3)
    watts = [chance.choice((60.0, 2400.0)) for _ in range(MINUTES)]
    readings = {
        "active_power": watts,
        "reactive_energy_export": counter(3128.0, [1000.0 + chance.uniform(-40, 60) for _ in watts], 0.1),
    }
    assert certain(identify(gateway(readings)[0])) == {}


def test_r26_what_is_named_is_evidence_with_its_unit() -> None:
    """With a power named in kW, its counter is proposed in kWh, though no volts and amperes are there to tell."""
    watts = Plant.build(1).readings[3]["active_power"]
    series, _ = gateway({"power": [one / 1000 for one in watts], "energy": counter(4321.0, watts, 0.01)}, digits=3)
    finding = identify(series, {31: "active_power/kW"})[32]
    assert finding.candidates[0].text == "energy_import/kWh"
    assert not finding.certain


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Wasserzähler", "water/m³"),
        ("Contatore gas", "gas/m³"),
        ("Eau chaude", "hot_water/m³"),
        ("Stadswarmte", "gas/m³"),
    ],
)
def test_r26_a_label_proposes_and_never_decides(label: str, text: str) -> None:
    """A lone counter is offered as what its load is called, in any of the languages; it is never certain for that."""
    series, _ = gateway({"volume": counter(12.0, [300.0 + minute % 7 for minute in range(MINUTES)], 0.001)}, digits=3)
    finding = identify([replace(one, label=label) for one in series])[31]
    assert finding.candidates[0].text == text
    assert not finding.certain


def test_r26_looks_make_sense() -> None:
    """A steady 230 V and a frequency in steps of 0.1 Hz have a proposal; amperes are not taken for gas."""
    chance = random.Random(4)
    readings = {
        "voltage": walk(chance, 231.0, 0.2, 226, 236),
        "frequency": [50 + 0.1 * chance.choice((-1, 0, 0, 1)) for _ in range(MINUTES)],
    }
    findings = identify(gateway(readings)[0])
    assert [findings[code].candidates[0].text for code in (31, 32)] == ["voltage/V", "frequency/Hz"]


def test_r26_more_history_is_asked_of_loads_that_stood_still() -> None:
    """More history is read for codes in doubt whose values did not change."""
    plant = Plant.build(1)
    codes = plant.codes()
    series = plant.series(codes)
    still = [replace(one, values=[7.0] * MINUTES) if one.load_uid == 3 else one for one in series]
    findings = identify(still)
    wanted = loads_to_see_more_of(still, doubtful_codes(findings))
    assert set(doubtful_codes(findings)) == {code for code, finding in findings.items() if not finding.certain}
    assert (0, 3) in wanted


def test_r26_a_mark_for_over_range_costs_its_own_value() -> None:
    """7FFFFFFFh now and then in every signal changes nothing that is certain."""
    machine = Plant.build(2).readings[3]
    names = ["voltage_l1", "current_l1", "active_power", "apparent_power", "power_factor", "reactive_power"]
    series, _ = gateway({name: machine[name] for name in names}, digits=3, system="1P")
    marked = [
        replace(one, values=[2147483.647 if row % 400 == one.code else value for row, value in enumerate(one.values)])
        for one in series
    ]
    assert certain(identify(marked)) == certain(identify(series)) != {}
