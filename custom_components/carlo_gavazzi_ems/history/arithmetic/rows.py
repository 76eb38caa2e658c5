"""Hourly rows of statistics from the readings of a signal.

Times are seconds since 1970, UTC. A change to or from daylight saving time needs no special case.
"""

from collections.abc import Iterable, Sequence
import math
from typing import Final, NamedTuple

HOUR: Final = 3600.0


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
