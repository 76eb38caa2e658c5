"""Quantities over time: constant for 30 s at a time, repeated each week, so that every integral is exact."""

from array import array
from collections.abc import Callable
from itertools import accumulate
import math
import random
from typing import Final

SLOT: Final = 30.0
WEEK: Final = 7 * 86400.0
SLOTS: Final = int(WEEK / SLOT)
#: A Monday, seven seconds after midnight UTC: no slot begins on a full minute.
ANCHOR: Final = 4 * 86400.0 + 7
_DAY_SLOTS: Final = SLOTS // 7


class Curve:
    """A quantity in its SI unit as a function of the time in Unix seconds."""

    def __init__(self, value: Callable[[int], float]) -> None:
        """Take the value of each slot of the week."""
        self.value = value
        self._sums: array[float] | None = None

    def at(self, when: float) -> float:
        """Return the value at an instant."""
        return self.value(int(((when - ANCHOR) % WEEK) // SLOT))

    def integral(self, start: float, end: float) -> float:
        """Return the integral over a span, in unit seconds."""
        return self._primitive(end) - self._primitive(start)

    def profile(self, start: float, end: float) -> tuple[float, float, float]:
        """Return mean, least and greatest value over a span."""
        first = math.floor((start - ANCHOR) / SLOT)
        last = max(first, math.ceil((end - ANCHOR) / SLOT) - 1)
        values = [self.value(slot % SLOTS) for slot in range(first, last + 1)]
        if first == last:
            return values[0], values[0], values[0]
        weights = [SLOT] * len(values)
        weights[0] = ANCHOR + (first + 1) * SLOT - start
        weights[-1] = end - ANCHOR - last * SLOT
        mean = math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / (end - start)
        return mean, min(values), max(values)

    def _primitive(self, when: float) -> float:
        if self._sums is None:
            self._sums = array("d", accumulate((self.value(slot) * SLOT for slot in range(SLOTS)), initial=0.0))
        weeks, rest = divmod(when - ANCHOR, WEEK)
        slot = min(int(rest // SLOT), SLOTS - 1)
        return weeks * self._sums[-1] + self._sums[slot] + (rest - slot * SLOT) * self.value(slot)


def table(values: list[float]) -> Curve:
    """Return a curve from the values of all slots of a week."""
    return Curve(array("d", values).__getitem__)


def constant(value: float) -> Curve:
    """Return a curve that never changes."""
    return Curve(lambda _: value)


def combine(function: Callable[..., float], *curves: Curve) -> Curve:
    """Return a function of other curves' values, slot by slot; each is computed once."""
    parts = [curve.value for curve in curves]
    known: dict[int, float] = {}

    def value(slot: int) -> float:
        result = known.get(slot)
        if result is None:
            result = known[slot] = function(*(part(slot) for part in parts))
        return result

    return Curve(value)


def plus(*curves: Curve) -> Curve:
    """Return the sum of curves."""
    return combine(lambda *values: math.fsum(values), *curves)


def positive(curve: Curve) -> Curve:
    """Return the positive part of a curve."""
    return combine(lambda value: max(value, 0.0), curve)


def negative(curve: Curve) -> Curve:
    """Return the negative part of a curve, as a positive quantity."""
    return combine(lambda value: max(-value, 0.0), curve)


def switching(rng: random.Random, levels: list[float], hold: int, noise: float = 0.02) -> Curve:
    """Return a load that steps between levels, each held for some slots, with noise relative to the level."""
    values: list[float] = []
    while len(values) < SLOTS:
        level = rng.choice(levels)
        values += [level * (1 + rng.gauss(0, noise)) for _ in range(rng.randint(1, 2 * hold))]
    return table(values[:SLOTS])


def solar(rng: random.Random, peak: float) -> Curve:
    """Return a photovoltaic plant: half a sine from 6 to 18 h UTC, under clouds that drift."""
    values: list[float] = []
    for _ in range(7):
        cloud = rng.uniform(0.3, 1.0)
        for slot in range(_DAY_SLOTS):
            cloud = min(1.0, max(0.1, cloud + rng.gauss(0, 0.02)))
            values.append(peak * cloud * max(0.0, math.sin(2 * math.pi * (slot / _DAY_SLOTS - 0.25))))
    return table(values)


def drifting(rng: random.Random, centre: float, spread: float, pull: float = 0.02) -> Curve:
    """Return a quantity that wanders about a centre: a voltage, a frequency, a temperature."""
    value, values = centre, []
    for _ in range(SLOTS):
        value += pull * (centre - value) + rng.gauss(0, spread * math.sqrt(2 * pull))
        values.append(value)
    return table(values)


def by_hour(value: Callable[[float], float]) -> Curve:
    """Return a curve that depends on the hour of the day in UTC."""
    return Curve(lambda slot: value(slot % _DAY_SLOTS / _DAY_SLOTS * 24))
