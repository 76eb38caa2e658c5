"""Evidence of codes that a person has named, and of laws for codes that another law could not identify."""

from dataclasses import replace
from functools import cache
from math import hypot

import pytest

from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.laws import cosines, triangles
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, Kind
from custom_components.carlo_gavazzi_ems.signals.identify import Series, identify

from .plant import MINUTES, QUARTER, Plant, certain, load


@cache
def plant() -> tuple[list[Series], dict[int, str], dict[int, str]]:
    """Return the series of three loads, the name of each code, and the certain meanings without known codes."""
    codes = Plant.build(1).codes()
    series = Plant.build(1).series(codes)
    return series, {code: name for name, code in codes.items()}, certain(identify(series))


@pytest.mark.parametrize(
    "named",
    [
        ("active_power",),
        ("current_l1", "current_l2", "current_l3"),
        ("reactive_power",),
        ("energy_import",),
        ("energy_import", "energy_export"),
        ("active_power", "active_power_l1", "active_power_l2", "active_power_l3", "apparent_power"),
    ],
)
def test_r26_what_is_named_costs_nothing(named: tuple[str, ...]) -> None:
    """What is certain stays certain where a person has named what it follows from."""
    series, names, before = plant()
    known = {code: text for code, text in before.items() if names[code] in named}
    assert len(known) == len(named)
    rest = {code: text for code, text in before.items() if code not in known}
    assert "active_power_demand/W" in rest.values()
    assert "current_neutral/A" in rest.values()
    assert rest.items() <= certain(identify(series, known)).items()


def test_r26_an_apparent_power_that_is_off_is_not_missed() -> None:
    """If S of one phase is off, another code may fit its place: other codes of the phase stay certain."""
    series, names, before = plant()
    of_phase = next(one.values for one in series if one.load_uid == 1 and names[one.code] == "apparent_power_l2")
    slow = [sum(of_phase[max(0, row - QUARTER + 1) : row + 1]) / min(QUARTER, row + 1) for row in range(MINUTES)]
    alone = next(one.values for one in series if one.load_uid == 3 and names[one.code] == "apparent_power")
    values = {1: slow, 3: alone}
    changed = [
        replace(one, values=values[one.load_uid or 0]) if names[one.code] == "active_power_demand" else one
        for one in series
        if names[one.code] != "apparent_power_l2"
        and (names[one.code] != "active_power_demand" or one.load_uid in values)
    ]
    found = certain(identify(changed))
    expected = {code: text for code, text in before.items() if text.startswith(("current", "line_voltage"))}
    assert expected.items() <= found.items()


@pytest.mark.parametrize("shown", ["active_power", "apparent_power"])
def test_r26_a_demand_is_told_from_that_of_a_power_that_is_off(shown: str) -> None:
    """While a machine runs, its active and apparent power read nearly the same: only with both its demand can be told."""
    machine = Plant.build(2).readings[3]
    active = [one if one > 300 else 60.0 for one in machine["active_power"]]
    reactive = [0.05 * one if one > 300 else 140.0 for one in active]
    apparent = [hypot(p, q) for p, q in zip(active, reactive, strict=True)]
    readings = {
        "voltage_l1": machine["voltage_l1"],
        "current_l1": [s / u for s, u in zip(apparent, machine["voltage_l1"], strict=True)],
        "active_power": active,
        "apparent_power": apparent,
        "reactive_power": reactive,
        "power_factor": [p / s for p, s in zip(active, apparent, strict=True)],
    }
    both = {name: [round(value, 3) for value in values] for name, values in readings.items()}
    other = readings["apparent_power" if shown == "active_power" else "active_power"]
    both["demand"] = [
        round(sum(other[max(0, row - QUARTER + 1) : row + 1]) / min(QUARTER, row + 1), 3) for row in range(MINUTES)
    ]
    one = {name: values for name, values in both.items() if not name.endswith("_power") or name == shown}
    code = 31 + list(one).index("demand")
    known = {31 + list(one).index(shown): "active_power/W" if shown == "active_power" else "apparent_power/VA"}
    assert code not in certain(identify(load(one, system="1P"), known))


def test_r26_between_two_legs_no_voltage_is_told_from_the_mean() -> None:
    """With two phases the mean of the line voltages is the only line voltage: the code may be either."""
    reads = Plant.build(1).readings[1]
    names = [
        f"{name}_l{leg}"
        for name in ("voltage", "current", "active_power", "apparent_power", "power_factor")
        for leg in (1, 2)
    ]
    readings = {name: [round(value, 3) for value in reads[name]] for name in names}
    readings["active_power"] = [
        round(a + b, 3) for a, b in zip(reads["active_power_l1"], reads["active_power_l2"], strict=True)
    ]
    between = [round(a + b, 2) for a, b in zip(reads["voltage_l1"], reads["voltage_l2"], strict=True)]
    found = identify(load({**readings, "between": between}, system="2P"))
    assert found[31].certain
    assert not found[31 + len(readings)].certain


def test_r26_a_factor_that_no_triangle_placed_is_held_against_p_and_q() -> None:
    """The power triangle may identify a factor but not its powers; as cos φ it identifies P and Q."""
    machine = Plant.build(2).readings[2]
    active, reactive = machine["active_power_l1"], [0.4 * one + 90 for one in machine["active_power_l2"]]
    factor = [p / hypot(p, q) for p, q in zip(active, reactive, strict=True)]
    knowledge = Knowledge(load({"active": active, "reactive": reactive, "factor": factor}), {})
    knowledge.scales = triangles.factor_scales(knowledge.loads, ())
    knowledge.votes.vote(33, Kind.FACTOR, DECISIVE, "p_is_s_times_pf")
    cosines.apply(knowledge)
    assert [knowledge.votes.likely(code) for code in (31, 32, 33)] == [Kind.ACTIVE, Kind.REACTIVE, Kind.FACTOR]
