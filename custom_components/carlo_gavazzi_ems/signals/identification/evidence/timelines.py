"""Compares the growth of a counter with the integral of a power, on one load."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import isnan, log, sqrt, sumprod

from .columns import Load, is_number

_CHECKPOINTS = 96
_LONGEST = 5
"""Over more missing periods than this, the power is not interpolated."""
_DECADES = (1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6)
"""Possible factors between a counter in any unit and a power in any unit times hours."""
_OFF = 0.1
"""Tolerance for the first comparison of a counter's growth with an integral times a power of ten."""
_INDEPENDENT = 12
"""Number of independent comparisons of a counter with a power on one load."""
_SAMPLING = 0.25
"""Error of a row's mean, as a share of the power's change from row to row."""
_FEW = 4
"""With fewer steps of a counter, an exact match may be chance."""
_CUT = 1.2
"""Error of a truncated counter in steps: up to one, and a little more for the rounding of the power."""
_CLOSEST = 0.003
"""Least error of an integral, as a share of the growth."""


class Direction(StrEnum):
    """The direction of a power that a counter counts."""

    IMPORT = "import"
    EXPORT = "export"
    NET = "net"


@dataclass(frozen=True, slots=True)
class Growth:
    """The growth of a counter compared with an integral of a power."""

    off: float
    """Root mean square of the difference between counter and integral."""
    moved: float
    """The same for the counter alone: its deviation from its mean."""
    fuzz: float
    """Possible difference, from the counter's resolution and the integral's uncertainty."""
    said: float
    """The same as `moved` for the integral."""
    resolution: float
    """The step of the counter."""
    reach: float
    """The largest minus the smallest difference between counter and integral."""
    grown: float
    """The total growth of the counter."""

    @property
    def is_exact(self) -> bool:
        """Tell whether the counter always equals the integral, truncated to its step."""
        return self.reach <= _CUT * self.resolution

    @property
    def steps(self) -> float:
        """The growth of counter or integral, whichever is larger, in units of the smallest difference that counts."""
        if self.is_exact:
            return self.grown / self.resolution
        return max(self.moved, self.said) / self.fuzz

    @property
    def cost(self) -> float:
        """Return the cost of the assumption that the counter counts the power: a logarithm, the lower the likelier."""
        return _INDEPENDENT * log((self.off + self.fuzz) / (self.moved + self.fuzz))

    @property
    def fails(self) -> bool:
        """Tell whether the difference is larger than any error explains."""
        return self.off > 4 * self.fuzz + 0.03 * max(self.moved, self.said)


class Timeline:
    """The integrals of powers and the readings of counters of a load."""

    def __init__(self, load: Load) -> None:
        """Find the gaps, and choose the checkpoints: the rows in which counters are compared."""
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
        """Whether rows are last samples, between which powers are linear, or else means of the time before."""
        self._integrals: dict[tuple[int, Direction], list[float]] = {}
        self._areas: dict[int, list[float]] = {}
        self._readings: dict[int, list[float]] = {}
        self._uncertainties: dict[tuple[int, Direction], float] = {}

    def assume(self, *, straight: bool) -> None:
        """Set whether powers are integrated as linear from row to row, or as means of the time before each row."""
        if straight is not self.straight:
            self.straight = straight
            self._integrals.clear()
            self._areas.clear()

    def area(self, code: int) -> list[float]:
        """Return the signed integral of a power at every row."""
        if code not in self._areas:
            self._integrate(code)
        return self._areas[code]

    def integral(self, code: int, direction: Direction) -> list[float]:
        """Return the integral of a power in one direction, in its unit times hours, at the checkpoints."""
        if (code, direction) not in self._integrals:
            self._integrate(code)
        return self._integrals[code, direction]

    def area_of(self, values: Sequence[float]) -> list[float]:
        """Return the integral of computed values of a power at the checkpoints."""
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
        """Integrate a power in both directions."""
        plus = minus = last = 0.0
        grown: list[float] = []
        shrunk: list[float] = []
        for value, hours in zip(self.load.columns[code].values, self.hours, strict=True):
            before = last
            if not isnan(value):
                last = value
            imported, exported = _parts(before if self.straight else last, last)
            plus += imported * hours
            minus += exported * hours
            grown.append(plus)
            shrunk.append(minus)
        self._integrals[code, Direction.IMPORT] = [grown[row] for row in self.rows]
        self._integrals[code, Direction.EXPORT] = [shrunk[row] for row in self.rows]
        self._areas[code] = [rise - fall for rise, fall in zip(grown, shrunk, strict=True)]
        self._integrals[code, Direction.NET] = [grown[row] - shrunk[row] for row in self.rows]

    def readings(self, code: int) -> list[float]:
        """Return the readings of a counter at the checkpoints, without its growth in gaps."""
        if code not in self._readings:
            self._readings[code] = self._read(code)
        return self._readings[code]

    def _read(self, code: int) -> list[float]:
        """Compute the readings of a counter at the checkpoints."""
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
        """Return values with missing ones filled from the value before, or after a gap from the value after."""
        result: list[float] = []
        for start, end in pairwise([0, *self.breaks, len(values)]):
            part = values[start:end]
            last = next(filter(is_number, part), result[-1] if result else 0.0)
            for value in part:
                if not isnan(value):
                    last = value
                result.append(last)
        return result

    def uncertainty(self, code: int, direction: Direction) -> float:
        """Return the possible error of the integral of a power, from different sampling times and too few samples."""
        if (code, direction) not in self._uncertainties:
            self._uncertainties[code, direction] = self._uncertainty(code, direction)
        return self._uncertainties[code, direction]

    def _uncertainty(self, code: int, direction: Direction) -> float:
        """Compute the error of an integral; it is 0 for a direction in which the power never flows."""
        column = self.load.columns[code]
        low, high, values = column.quantile(0.02), column.quantile(0.98), column.values
        if direction is Direction.IMPORT and column.lowest < 0:
            low, high, values = max(low, 0.0), max(high, 0.0), [max(value, 0.0) for value in values]
        elif direction is Direction.EXPORT:
            low, high, values = min(low, 0.0), min(high, 0.0), [min(value, 0.0) for value in values]
        moves = [
            (after - before) * hours for before, after, hours in zip(values, values[1:], self.hours[1:], strict=False)
        ]
        rough = sum([move * move for move in moves if not isnan(move)])
        return 0.3 * (high - low) * self.load.period / 3600 + _SAMPLING * sqrt(rough)


def _parts(start: float, end: float) -> tuple[float, float]:
    """Return the means of the positive and of the negative part of a power that is linear from start to end."""
    if start >= 0 and end >= 0:
        return (start + end) / 2, 0.0
    if start <= 0 and end <= 0:
        return 0.0, -(start + end) / 2
    above, below = max(start, end), min(start, end)
    return above * above / (2 * (above - below)), below * below / (2 * (above - below))


def decade(grown: float, said: float, resolution: float) -> float:
    """Return the power of ten between the growth of an integral and that of a counter, 0 if there is none."""
    if not said or not grown:
        return 0.0
    near = _OFF * abs(grown) + 1.5 * resolution
    return next((one for one in _DECADES if abs(grown - one * said) <= near), 0.0)


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of values."""
    apart = [value - values[0] for value in values]
    middle = sum(apart) / len(apart)
    return sqrt(max(0.0, sumprod(apart, apart) / len(apart) - middle * middle))


def compare(
    readings: Sequence[float], integral: Sequence[float], factor: float, resolution: float, uncertainty: float
) -> Growth:
    """Compare the readings of a counter with an integral times a known factor."""
    moved, said = _deviation(readings), factor * _deviation(integral)
    apart = [reading - factor * one for reading, one in zip(readings, integral, strict=True)]
    reach, grown = max(apart) - min(apart), max(readings) - min(readings)
    fuzz = 0.4 * resolution + 1e-9
    if reach > _CUT * resolution or grown < _FEW * resolution:
        fuzz += factor * uncertainty + _CLOSEST * max(moved, said)
    return Growth(_deviation(apart), moved, fuzz, said, resolution, reach, grown)
