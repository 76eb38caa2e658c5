"""A counter grows by the integral of a power; how closely it does, on one load."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import log, sqrt

from .columns import Load, is_number

_CHECKPOINTS = 96
_LONGEST = 5
"""Over more missing periods than this nobody knows what the power was."""
_DECADES = (1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6)
"""What may lie between a power in any unit times hours and a counter in any unit."""
_OFF = 0.1
"""How far a counter's growth may be from a power of ten times the integral before nobody looks closer."""
_INDEPENDENT = 12
"""A load's counter and power say so many independent things a day."""
_SAMPLING = 0.25
"""The share of a power's change from row to row by which the mean of a row may be off."""
_FEW = 4
"""Where a counter took fewer steps, that it was exact is chance."""
_CUT = 1.2
"""What is cut off to a step is off by up to one, and by a little for the rounding of the power."""
_CLOSEST = 0.003
"""No integral is believed to be closer, as a share of the growth."""


class Direction(StrEnum):
    """Which part of a power a counter counts."""

    IMPORT = "import"
    EXPORT = "export"
    NET = "net"


@dataclass(frozen=True, slots=True)
class Growth:
    """How a counter grew against what a power says."""

    off: float
    """By how much the counter strays from what the power says, as root of the mean square."""
    moved: float
    """By how much it strays from standing still, by the same measure."""
    fuzz: float
    """By how much it may stray: its resolution, the integral's uncertainty."""
    said: float
    """By how much the power says that it should have moved, by the same measure."""
    resolution: float
    """The step of the counter."""
    reach: float
    """How far apart the largest and the smallest difference to what the power says are."""
    grown: float
    """By how much the counter grew, in all."""

    @property
    def is_exact(self) -> bool:
        """Tell whether the counter is what the power says, cut off to its step, at all times: so the integral is as exact."""
        return self.reach <= _CUT * self.resolution

    @property
    def steps(self) -> float:
        """The larger of what it did and what it should have done, in steps of what can be told apart."""
        if self.is_exact:
            return self.grown / self.resolution
        return max(self.moved, self.said) / self.fuzz

    @property
    def cost(self) -> float:
        """Return what it costs, as a negative logarithm of likelihood, to believe that the counter counts the power."""
        return _INDEPENDENT * log((self.off + self.fuzz) / (self.moved + self.fuzz))

    @property
    def fails(self) -> bool:
        """Tell whether the counter strays by more than anything explains."""
        return self.off > 4 * self.fuzz + 0.03 * max(self.moved, self.said)


class Timeline:
    """The rows of a load between which powers are integrated and counters compared."""

    def __init__(self, load: Load) -> None:
        """Find the gaps and choose the rows in which counters are compared."""
        self.load = load
        times = load.times
        self.hours = [0.0] + [(after - before) / 3600 for before, after in pairwise(times)]
        limit = _LONGEST * load.period / 3600
        self.breaks = [row for row, hours in enumerate(self.hours) if hours > limit]
        for row in self.breaks:
            self.hours[row] = 0.0
        count = min(len(times), _CHECKPOINTS)
        self.rows = sorted({round(place * (len(times) - 1) / max(1, count - 1)) for place in range(count)})
        self.straight = False
        """Rows are last samples, between which powers went in a straight line, or else means of the time before."""
        self._integrals: dict[tuple[int, Direction], list[float]] = {}
        self._areas: dict[int, list[float]] = {}
        self._readings: dict[int, list[float]] = {}
        self._uncertainties: dict[tuple[int, Direction], float] = {}

    def assume(self, *, straight: bool) -> None:
        """Integrate powers from now on as going in a straight line from row to row, or as standing for the time before."""
        if straight is not self.straight:
            self.straight = straight
            self._integrals.clear()
            self._areas.clear()

    def area(self, code: int) -> list[float]:
        """Return the integral of a power with its sign, at every row."""
        if code not in self._areas:
            self._integrate(code)
        return self._areas[code]

    def integral(self, code: int, direction: Direction) -> list[float]:
        """Return the integral of a power (in its unit times hours) at the checkpoints."""
        if (code, direction) not in self._integrals:
            self._integrate(code)
        return self._integrals[code, direction]

    def area_of(self, values: Sequence[float]) -> list[float]:
        """Return the integral of a power that was worked out, at the checkpoints."""
        total = last = 0.0
        grown: list[float] = []
        for value, hours in zip(values, self.hours, strict=True):
            before = last
            if is_number(value):
                last = value
            total += ((before + last) / 2 if self.straight else last) * hours
            grown.append(total)
        return [grown[row] for row in self.rows]

    def _integrate(self, code: int) -> None:
        """Add up a power in both directions."""
        plus = minus = last = 0.0
        grown: list[float] = []
        shrunk: list[float] = []
        for value, hours in zip(self.load.columns[code].values, self.hours, strict=True):
            before = last
            if is_number(value):
                last = value
            bought, sold = _parts(before if self.straight else last, last)
            plus += bought * hours
            minus += sold * hours
            grown.append(plus)
            shrunk.append(minus)
        self._integrals[code, Direction.IMPORT] = [grown[row] for row in self.rows]
        self._integrals[code, Direction.EXPORT] = [shrunk[row] for row in self.rows]
        self._areas[code] = [rise - fall for rise, fall in zip(grown, shrunk, strict=True)]
        self._integrals[code, Direction.NET] = [grown[row] - shrunk[row] for row in self.rows]

    def readings(self, code: int) -> list[float]:
        """Return a counter at the checkpoints, without what it grew in gaps."""
        if code not in self._readings:
            self._readings[code] = self._read(code)
        return self._readings[code]

    def _read(self, code: int) -> list[float]:
        """Read a counter at the checkpoints."""
        values = self._filled(self.load.columns[code].values)
        lost = 0.0
        jumps = {row: values[row] - values[row - 1] for row in self.breaks if row}
        result, place = [], 0
        for row in self.rows:
            while place <= row:
                lost += jumps.get(place, 0.0)
                place += 1
            result.append(values[row] - lost)
        return result

    def _filled(self, values: Sequence[float]) -> list[float]:
        """Return values with what is missing filled in from before, but after a gap from after it."""
        result: list[float] = []
        for start, end in pairwise([0, *self.breaks, len(values)]):
            part = values[start:end]
            last = next(filter(is_number, part), result[-1] if result else 0.0)
            for value in part:
                if is_number(value):
                    last = value
                result.append(last)
        return result

    def uncertainty(self, code: int, direction: Direction) -> float:
        """Return by how much the integral of a power may be off, for being sampled at other times and too seldom."""
        if (code, direction) not in self._uncertainties:
            self._uncertainties[code, direction] = self._uncertainty(code, direction)
        return self._uncertainties[code, direction]

    def _uncertainty(self, code: int, direction: Direction) -> float:
        """Work out by how much the integral of a power may be off: where it never flows in a direction, by nothing."""
        column = self.load.columns[code]
        low, high, values = column.quantile(0.02), column.quantile(0.98), column.values
        if direction is Direction.IMPORT and column.lowest < 0:
            low, high, values = max(low, 0.0), max(high, 0.0), [max(value, 0.0) for value in values]
        elif direction is Direction.EXPORT:
            low, high, values = min(low, 0.0), min(high, 0.0), [min(value, 0.0) for value in values]
        rough = sum(
            ((after - before) * hours) ** 2
            for before, after, hours in zip(values, values[1:], self.hours[1:], strict=False)
            if is_number(after) and is_number(before)
        )
        return 0.3 * (high - low) * self.load.period / 3600 + _SAMPLING * sqrt(rough)


def _parts(start: float, end: float) -> tuple[float, float]:
    """Return the means of the positive and of the negative part of a straight line."""
    if start >= 0 and end >= 0:
        return (start + end) / 2, 0.0
    if start <= 0 and end <= 0:
        return 0.0, -(start + end) / 2
    above, below = max(start, end), min(start, end)
    return above * above / (2 * (above - below)), below * below / (2 * (above - below))


def decade(grown: float, said: float, resolution: float) -> float:
    """Return the power of ten that a counter's growth is of an integral's, 0 if there is none."""
    if not said or not grown:
        return 0.0
    near = _OFF * abs(grown) + 1.5 * resolution
    return next((one for one in _DECADES if abs(grown - one * said) <= near), 0.0)


def _wander(values: Sequence[float]) -> float:
    """Return the root of the mean square of values around their mean."""
    middle = sum(values) / len(values)
    return sqrt(sum((value - middle) ** 2 for value in values) / len(values))


def compare(
    readings: Sequence[float], integral: Sequence[float], factor: float, resolution: float, uncertainty: float
) -> Growth:
    """Compare a counter, also one that stands still, with an integral at a known factor."""
    moved, said = _wander(readings), factor * _wander(integral)
    apart = [reading - factor * one for reading, one in zip(readings, integral, strict=True)]
    reach, grown = max(apart) - min(apart), max(readings) - min(readings)
    fuzz = 0.4 * resolution + 1e-9
    if reach > _CUT * resolution or grown < _FEW * resolution:
        fuzz += factor * uncertainty + _CLOSEST * max(moved, said)
    return Growth(_wander(apart), moved, fuzz, said, resolution, reach, grown)
