"""From the gateway's readings to hourly rows of statistics: arithmetic, and nothing else.

Times are seconds since 1970, UTC, so a change to or from daylight saving time is an hour like any other.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
import math
from typing import Final, NamedTuple

HOUR: Final = 3600.0
#: A counter that falls below this part of its last reading began anew; Home Assistant draws the line there too.
RESET_BELOW: Final = 0.9
#: A reading that the next few take back was never the meter's.
_TAKEN_BACK_WITHIN: Final = 3


class Reading(NamedTuple):
    """What a signal read in one period of the gateway's history."""

    end: float
    """When the period closed."""
    value: float
    low: float
    high: float


class CounterRow(NamedTuple):
    """An hour of a counter: its reading at the end of the hour, and all it has counted so far."""

    start: float
    state: float
    sum: float


class MeasuredRow(NamedTuple):
    """An hour of a measured value."""

    start: float
    mean: float
    low: float
    high: float
    covered: float = HOUR
    """Seconds of the hour that readings stand for, 0 to 3600."""


class Ledger:
    """Counts on from a reading and its sum.

    A sum is the reading plus an offset, and only a reset moves the offset: rounding errors do not add up.
    """

    def __init__(self, state: float, total: float, *, increasing: bool) -> None:
        """Begin where the counter read `state` and had counted `total`; one that is not `increasing` may run back."""
        self.state = state
        self.offset = total - state
        self.resets = 0
        self._increasing = increasing

    def book(self, value: float) -> float:
        """Take the next reading and return the sum; a dip too small for a reset is held until it is passed."""
        self.meet(value)
        if self._increasing and value < self.state:
            value = self.state
        self.state = value
        return value + self.offset

    def meet(self, value: float) -> float:
        """Return the sum that belongs to a reading as it stands, after the reset where it shows one."""
        if self._increasing and is_reset(self.state, value):
            self.offset += self.state
            self.state = 0.0
            self.resets += 1
        return value + self.offset


def is_reset(before: float, value: float) -> bool:
    """Return whether a counter began anew between two readings."""
    return 0 <= value < RESET_BELOW * before


def is_same(one: float, other: float) -> bool:
    """Return whether two numbers are the same but for what a database and a change of units take off."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def hour_of(end: float) -> float:
    """Return the start of the hour to which a period belongs that closed at `end`: 12:00:00 closes the hour of 11."""
    return (math.ceil(end / HOUR) - 1) * HOUR


def floor_hour(instant: float) -> float:
    """Return the start of the hour in which an instant lies."""
    return instant // HOUR * HOUR


def ceil_hour(instant: float) -> float:
    """Return the start of the first full hour from an instant on."""
    return math.ceil(instant / HOUR) * HOUR


def hours(start: float, end: float) -> list[float]:
    """Return the starts of the hours from one to, not including, another."""
    return [start + index * HOUR for index in range(round((end - start) / HOUR))]


def in_order(readings: Iterable[Reading]) -> list[Reading]:
    """Return readings in the order of time, each period once."""
    return list({reading.end: reading for reading in sorted(readings)}.values())


def counted(readings: Iterable[Reading]) -> list[Reading]:
    """Return the readings of an increasing counter in order, without those that the next ones take back.

    A zero between 502 and 503 is no reset, and 9000 between them no consumption.
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


def counter_rows(ledger: Ledger, readings: Iterable[Reading]) -> list[CounterRow]:
    """Return a row for each hour in which a counter was read, and leave the ledger at the last reading."""
    rows: dict[float, CounterRow] = {}
    for reading in readings:
        total = ledger.book(reading.value)
        start = hour_of(reading.end)
        rows[start] = CounterRow(start, ledger.state, total)
    return list(rows.values())


def measured_rows(readings: Sequence[Reading]) -> list[MeasuredRow]:
    """Return a row for each hour in which a value was measured; `readings` are in order, each mean has its time's weight."""
    by_hour: dict[float, list[tuple[Reading, float]]] = {}
    for index, reading in enumerate(readings):
        start = hour_of(reading.end)
        # Where a period is missing, its neighbour does not stand for it: the nearer neighbour tells the length.
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
    """Return the smallest step between readings that follow each other, 0 where there is none."""
    steps = (abs(after.value - before.value) for before, after in pairwise(readings))
    return min((step for step in steps if step > 0), default=0.0)


def pace(readings: Sequence[Reading]) -> float:
    """Return the fastest rise from one reading to the next, in units a second, 0 where there is none."""
    pairs = pairwise(readings)
    return max(
        (max(after.value - before.value, 0.0) / (after.end - before.end) for before, after in pairs), default=0.0
    )
