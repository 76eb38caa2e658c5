"""A counter grows by the integral of a power; how closely it does, on one load."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from .columns import Load

_CHECKPOINTS = 96
_LONGEST = 5
"""Over more missing periods than this nobody knows what the power was."""
_DECADES = (1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6)
"""What may lie between a power in any unit times hours and a counter in any unit."""
_OFF = 0.1
"""How far a counter's growth may be from a power of ten times the integral before nobody looks closer."""


class Direction(StrEnum):
    """Which part of a power a counter counts."""

    IMPORT = "import"
    EXPORT = "export"
    NET = "net"


@dataclass(frozen=True, slots=True)
class Growth:
    """How a counter grew against what a power says."""

    factor: float
    """Counter units per power unit and hour: a power of ten."""
    misfit: float
    """The largest deviation beyond the resolution, as a share of the growth."""
    steps: float
    """The growth in steps of what can be told apart."""
    rough: float
    """The largest deviation as a share of the growth."""
    resolved: float
    """The counter's resolution as a share of the growth."""


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
        self._integrals: dict[tuple[int, Direction], list[float]] = {}
        self._areas: dict[int, list[float]] = {}

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

    def _integrate(self, code: int) -> None:
        """Add up a power, each row standing for the time before it."""
        plus = minus = last = 0.0
        grown: list[float] = []
        shrunk: list[float] = []
        for value, hours in zip(self.load.columns[code].values, self.hours, strict=True):
            if value == value:  # noqa: PLR0124  # not NaN
                last = value
            if last > 0:
                plus += last * hours
            else:
                minus -= last * hours
            grown.append(plus)
            shrunk.append(minus)
        self._integrals[code, Direction.IMPORT] = [grown[row] for row in self.rows]
        self._integrals[code, Direction.EXPORT] = [shrunk[row] for row in self.rows]
        self._areas[code] = [rise - fall for rise, fall in zip(grown, shrunk, strict=True)]
        self._integrals[code, Direction.NET] = [grown[row] - shrunk[row] for row in self.rows]

    def readings(self, code: int) -> list[float]:
        """Return a counter at the checkpoints, without what it grew in gaps."""
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
            last = next((value for value in part if value == value), result[-1] if result else 0.0)  # noqa: PLR0124
            for value in part:
                if value == value:  # noqa: PLR0124  # not NaN
                    last = value
                result.append(last)
        return result

    def slack(self, code: int) -> float:
        """Return by how much an integral may be off for being sampled at slightly other times."""
        column = self.load.columns[code]
        return (column.highest - column.lowest) * self.load.period / 3600


@lru_cache(maxsize=1024)
def _decade(ratio: float) -> float:
    """Return the power of ten that a ratio is near to, 0 if there is none."""
    return next((decade for decade in _DECADES if abs(ratio / decade - 1) <= _OFF), 0.0)


def growth(readings: Sequence[float], integral: Sequence[float], resolution: float, slack: float) -> Growth | None:
    """Compare a counter with an integral; None if its growth is no power of ten times the integral's."""
    grown, said = readings[-1] - readings[0], integral[-1] - integral[0]
    if not said or not grown:
        return None
    rough = resolution / abs(grown)
    factor = _decade(grown / said) or (rough and _nearest(grown, said, resolution))
    if not factor:
        return None
    return _compare(readings, integral, factor, resolution, slack)


def _nearest(grown: float, said: float, resolution: float) -> float:
    """Return the power of ten that a coarse counter's growth allows, 0 if there is none."""
    return next((decade for decade in _DECADES if abs(grown - decade * said) <= 1.5 * resolution), 0.0)


def _compare(
    readings: Sequence[float], integral: Sequence[float], factor: float, resolution: float, slack: float
) -> Growth:
    """Compare a counter with an integral at a known factor."""
    apart = [reading - factor * said for reading, said in zip(readings, integral, strict=True)]
    size = max(abs(readings[-1] - readings[0]), factor * (max(integral) - min(integral)), 1e-12)
    fuzz = resolution + factor * slack
    width = max(apart) - min(apart)
    misfit = max(0.0, width - fuzz) / size
    return Growth(factor, misfit, size / max(fuzz, 1e-12), width / size, resolution / size)


def at_factor(
    readings: Sequence[float], integral: Sequence[float], factor: float, resolution: float, slack: float
) -> Growth:
    """Compare a counter, also one that does not move, with an integral at a known factor."""
    return _compare(readings, integral, factor, resolution, slack)
