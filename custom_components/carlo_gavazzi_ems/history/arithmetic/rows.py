"""Hourly rows of statistics from the readings of a signal.

Times are seconds since 1970, UTC. A change to or from daylight saving time needs no special case.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
import math
from typing import Final, NamedTuple

from custom_components.carlo_gavazzi_ems.recording.guard import RESET_BELOW

HOUR: Final = 3600.0
#: A reading counts as wrong if one of the next three readings contradicts it.
_TAKEN_BACK_WITHIN: Final = 3


class Reading(NamedTuple):
    """One period of a signal in the gateway's history, in the signal's unit."""

    end: float
    """The end of the period."""
    value: float
    low: float
    high: float


class CounterRow(NamedTuple):
    """An hour of a counter: its reading at the end of the hour, and the sum of all energy counted so far."""

    start: float
    state: float
    sum: float


class MeasuredRow(NamedTuple):
    """An hour of a measured value: mean, minimum and maximum."""

    start: float
    mean: float
    low: float
    high: float
    covered: float = HOUR
    """Seconds of the hour that the readings cover, 0 to 3600."""


class RunningSum:
    """The sum of a counter, continued from a reading with a known sum.

    The sum is the reading plus an offset. Only a reset changes the offset, so rounding errors do not add up.
    """

    def __init__(self, state: float, total: float, *, increasing: bool) -> None:
        """Start at reading `state` with sum `total`. A counter that is not `increasing` may fall without a reset."""
        self.state = state
        self.offset = total - state
        self.resets = 0
        self._increasing = increasing

    def add(self, value: float) -> float:
        """Take the next reading and return the sum. A fall too small for a reset is ignored."""
        self.sum_at(value)
        if self._increasing and value < self.state:
            value = self.state
        self.state = value
        return value + self.offset

    def sum_at(self, value: float) -> float:
        """Return the sum at a reading. A reset that the reading shows is counted."""
        if self._increasing and is_reset(self.state, value):
            self.offset += self.state
            self.state = 0.0
            self.resets += 1
        return value + self.offset


def is_reset(before: float, value: float) -> bool:
    """Return whether a counter was reset between two readings."""
    return 0 <= value < RESET_BELOW * before


def is_same(one: float, other: float) -> bool:
    """Return whether two numbers are equal, apart from rounding by a database or a unit conversion."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def hour_of(end: float) -> float:
    """Return the start of the hour of a period that ended at `end`. A period that ended at 12:00:00 belongs to 11:00."""
    return (math.ceil(end / HOUR) - 1) * HOUR


def floor_hour(instant: float) -> float:
    """Return the start of the hour that contains an instant."""
    return instant // HOUR * HOUR


def ceil_hour(instant: float) -> float:
    """Return the start of the first full hour at or after an instant."""
    return math.ceil(instant / HOUR) * HOUR


def hours(start: float, end: float) -> list[float]:
    """Return the starts of the hours from `start` to `end`, `end` excluded."""
    return [start + index * HOUR for index in range(round((end - start) / HOUR))]


def in_order(readings: Iterable[Reading]) -> list[Reading]:
    """Return readings sorted by time, one for each period."""
    return list({reading.end: reading for reading in sorted(readings)}.values())


def counted(readings: Iterable[Reading]) -> list[Reading]:
    """Return the readings of an increasing counter sorted by time, without single wrong readings.

    A 0 between 502 and 503 is not a reset. A 9000 between them is not consumption.
    """
    kept: list[Reading] = []
    ordered = [reading for reading in in_order(readings) if reading.value >= 0]
    for index, reading in enumerate(ordered):
        following = [later.value for later in ordered[index + 1 : index + 1 + _TAKEN_BACK_WITHIN]]
        before = kept[-1].value if kept else None
        if before is not None and reading.value < before and any(value >= before for value in following):
            continue
        if before is not None and any(before <= value < reading.value for value in following):
            continue
        kept.append(reading)
    return kept


def counter_rows(running: RunningSum, readings: Iterable[Reading]) -> list[CounterRow]:
    """Return a row for each hour with a reading. `running` ends at the last reading."""
    rows: dict[float, CounterRow] = {}
    for reading in readings:
        total = running.add(reading.value)
        start = hour_of(reading.end)
        rows[start] = CounterRow(start, running.state, total)
    return list(rows.values())


def measured_rows(readings: Sequence[Reading]) -> list[MeasuredRow]:
    """Return a row for each hour with a reading. `readings` are sorted by time; each is weighted by its length."""
    by_hour: dict[float, list[tuple[Reading, float]]] = {}
    for index, reading in enumerate(readings):
        start = hour_of(reading.end)
        # A period is as long as the distance to its nearer neighbour, so it does not cover a missing one.
        near = [
            abs(other.end - reading.end)
            for other in (*readings[max(index - 1, 0) : index], *readings[index + 1 : index + 2])
        ]
        length = min([*near, reading.end - start])
        by_hour.setdefault(start, []).append((reading, length))
    return [_measured_row(start, weighted) for start, weighted in by_hour.items()]


def _measured_row(start: float, weighted: list[tuple[Reading, float]]) -> MeasuredRow:
    """Return the row of one hour."""
    covered = math.fsum(length for _, length in weighted)
    return MeasuredRow(
        start,
        math.fsum(reading.value * length for reading, length in weighted) / covered,
        min(min(reading.low, reading.value) for reading, _ in weighted),
        max(max(reading.high, reading.value) for reading, _ in weighted),
        min(covered, HOUR),
    )


def resolution(readings: Sequence[Reading]) -> float:
    """Return the smallest difference between consecutive readings, 0 if all are equal."""
    steps = (abs(after.value - before.value) for before, after in pairwise(readings))
    return min((step for step in steps if step > 0), default=0.0)


def pace(readings: Sequence[Reading]) -> float:
    """Return the fastest rise between consecutive readings in units per second, 0 if none rises."""
    pairs = pairwise(readings)
    return max(
        (max(after.value - before.value, 0.0) / (after.end - before.end) for before, after in pairs), default=0.0
    )
