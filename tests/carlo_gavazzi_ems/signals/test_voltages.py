"""Voltages whose phases lie closer to each other than single readings can show."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise, permutations
from math import cos, pi, sqrt
import random

import pytest

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.averages import Averages
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import make_loads
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Readings
from custom_components.carlo_gavazzi_ems.signals.identification.proofs.voltages import line, mean
from custom_components.carlo_gavazzi_ems.signals.identify import Series, identify

from .plant import MINUTES, Plant, Rows, certain, load, walk

type Disturb = Callable[[Rows, random.Random], Rows]


def noisy(rows: Rows, chance: random.Random) -> Rows:
    """Return readings with 0.4 % of noise."""
    return [value * (1 + chance.gauss(0, 0.004)) for value in rows]


def late(rows: Rows, chance: random.Random) -> Rows:
    """Return readings that are up to 45 s late."""
    share = 0.75 * chance.random()
    return [rows[0], *(after + share * (before - after) for before, after in pairwise(rows))]


def disturbed(plant: Plant, how: Disturb, seed: int) -> tuple[list[Series], dict[int, str]]:
    """Return the series of a plant with disturbed readings, and the name of each code."""
    chance, names = random.Random(seed), {code: name for name, code in plant.codes().items()}
    return [
        one if "energy" in names[one.code] else replace(one, values=how(list(one.values), chance))
        for one in plant.series(plant.codes())
    ], names


def told(series: Iterable[Series], names: dict[int, str]) -> dict[str, str]:
    """Return what is certain of each name, without units."""
    return {names[code]: text.partition("/")[0] for code, text in certain(identify(series)).items()}


def is_right_in_some_order(found: dict[str, str]) -> bool:
    """Return whether all findings are right with the phases in one order."""
    return any(
        all(_places(text) == _places(name, order) for name, text in found.items()) for order in permutations("123")
    )


def _places(name: str, order: Iterable[str] = "123") -> tuple[str, frozenset[str]]:
    """Return a quantity and its phases, renumbered."""
    numbers = dict(zip("123", order, strict=True))
    parts = name.split("_")
    phases = {numbers[part[1]] for part in parts if part in {"l1", "l2", "l3"}}
    return "_".join(part for part in parts if part not in {"l1", "l2", "l3"}), frozenset(phases)


@pytest.mark.parametrize("how", [noisy, late])
def test_r26_means_of_rows_tell_voltages_apart(how: Disturb) -> None:
    """In means of many rows noise and delays nearly cancel: all voltages are certain, and each is of its phase."""
    series, names = disturbed(Plant.build(5), how, 1)
    found = told(series, names)
    voltages = {name for name in names.values() if "voltage" in name}
    assert voltages <= found.keys()
    assert is_right_in_some_order(found)


@pytest.mark.parametrize("how", [noisy, late])
@pytest.mark.parametrize("off", ["voltage_l1", "voltage_l2", "voltage_mean", "line_voltage_l1_l2", "current_l3"])
def test_r26_a_voltage_that_is_switched_off_is_not_another(how: Disturb, off: str) -> None:
    """Whichever voltage is missing, no other one is certain in its place."""
    series, names = disturbed(Plant.build(6), how, 2)
    assert is_right_in_some_order(told([one for one in series if names[one.code] != off], names))


@pytest.mark.parametrize("off", ["", "line_voltage_l1_l2", "line_voltage_l2_l3", "line_voltage_l3_l1"])
@pytest.mark.parametrize("turn", [0.4, 1.5, 3.0])
def test_r26_a_load_that_turns_its_voltage_moves_no_line_voltage(turn: float, off: str) -> None:
    """Behind a transformer a load turns its voltage as well as lowering it, and one line voltage may look like another."""
    plant = Plant.build(7)
    for number in (1, 2):
        readings = plant.readings[number]
        # 0.25 V for each kW, across its voltage: in radians of 230 V.
        turns = [
            [turn * 0.25 * watts / 1000 / 230 for watts in readings[f"active_power_l{phase}"]] for phase in (1, 2, 3)
        ]
        for one, other in ((1, 2), (2, 3), (3, 1)):
            readings[f"line_voltage_l{one}_l{other}"] = [
                sqrt(a * a + b * b - 2 * a * b * cos(2 * pi / 3 + left - right))
                for a, b, left, right in zip(
                    readings[f"voltage_l{one}"],
                    readings[f"voltage_l{other}"],
                    turns[one - 1],
                    turns[other - 1],
                    strict=True,
                )
            ]
    series, names = disturbed(plant, lambda rows, _: [round(value, 2) for value in rows], 0)
    assert is_right_in_some_order(told([one for one in series if names[one.code] != off], names))


def readings_of(*columns: Rows, digits: int) -> tuple[Readings, Averages]:
    """Return the rows of one load with codes from 31, and their means."""
    (one,) = make_loads(load({str(place): rows for place, rows in enumerate(columns)}, digits=digits))
    plain = Readings(one)
    return plain, Averages(plain, one.codes)


def test_means_resolve_what_rounding_hides() -> None:
    """Three voltages within 0.1 V, in steps of 0.1 V: only means of rows show which code is the mean."""
    chance = random.Random(3)
    common = walk(chance, 234.0, 0.25, 226, 244)
    own = [walk(chance, 0.0, 0.004, -0.05, 0.05) for _ in range(3)]
    volts = [[a + b for a, b in zip(common, rows, strict=True)] for rows in own]
    middle = [sum(one) / 3 for one in zip(*volts, strict=True)]
    plain, means = readings_of(middle, *volts, digits=1)
    assert means.seen(mean, [31, 32, 33, 34]).holds
    assert not plain.excludes(mean, [32, 31, 33, 34])
    assert means.excludes(mean, [32, 31, 33, 34])


def test_a_constant_difference_excludes_no_line_voltage() -> None:
    """Two pairs of phases whose voltages differ by a constant are not told apart by means: angles are not exact."""
    common = walk(random.Random(4), 234.0, 0.25, 226, 244)
    a, b, c = ([one + offset for one in common] for offset in (0.0, 0.03, 0.06))
    between = [sqrt(p * p + q * q + p * q) for p, q in zip(a, b, strict=True)]
    _, means = readings_of(between, a, b, c, digits=1)
    assert means.seen(line, [31, 32, 33]).holds
    assert not means.excludes(line, [31, 33, 34])


def test_values_that_stand_still_have_no_means() -> None:
    """Readings of one step are all rounded in the same direction, so their mean is no better than each of them."""
    _, means = readings_of([230.0] * MINUTES, [231.0] * MINUTES, [230.5] * MINUTES, digits=0)
    assert not means.seen(mean, [31, 32, 33]).rows
