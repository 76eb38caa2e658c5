"""What a counter read at any time, from its history: arithmetic only."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from statistics import median
from typing import Final

from custom_components.carlo_gavazzi_ems.recording.guard import RESET_BELOW

from .cleaning import LEEWAY, pace, quantum, tiny, without_wrong_readings
from .rows import HOUR, Reading, in_order

#: The part by which a number may differ after a database and a unit conversion.
_ROUNDING: Final = 1e-9
#: The most seconds by which a gateway's times are wrong once its clock is corrected.
SLACK: Final = 2.0
#: Rows that are further apart than this many usual distances have a hole between them.
_HOLE: Final = 2.5
#: Seconds around a given time in which a step is searched for.
_AROUND: Final = 600.0
#: Kilowatts that a house may draw at once.
HOUSE: Final = 25.0
#: How many times as fast as usual a meter that restarted at 0 may have counted.
_AFTER_RESET: Final = 1.25


class Unplaced(Enum):
    """Why a state has no place on the curve."""

    TOO_EARLY = auto()
    """History begins later."""
    TOO_LATE = auto()
    """History does not reach so far yet."""
    CONTRADICTED = auto()
    """History has another reading."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A reading, and the offset from it to the total, which changes only where the meter restarted."""

    end: float
    value: float
    offset: float

    @property
    def total(self) -> float:
        """What was counted since the first reading, plus that reading."""
        return self.value + self.offset


class Curve:
    """The reading of a counter over time; totals continue where the meter was reset or replaced."""

    def __init__(
        self,
        readings: Iterable[Reading],
        *,
        increasing: bool,
        kilowatt: float = 0.0,
        taken_back: Sequence[float] = (),
    ) -> None:
        """Take the history in any order; a counter that is not `increasing` may run back.

        `kilowatt` is 1 kW in units per second, 0 if it counts no energy. The largest step in the minutes around each time
        in `taken_back` is not counted.
        """
        ordered = in_order(readings)
        self.increasing = increasing
        self._is_energy = kilowatt > 0
        house = HOUSE * kilowatt
        self._tiny = kilowatt * HOUR or 1.0
        self._pace = max(pace(ordered, house, self._tiny), kilowatt)
        if increasing:
            ordered = without_wrong_readings(ordered, self._pace, self._tiny)
        self._fastest = LEEWAY * max(pace(ordered, house, self._tiny), kilowatt)
        self._quantum = quantum(ordered)
        self._taken_back = _steps(ordered, taken_back)
        self._points = self._add_up(ordered)
        self._ends = [point.end for point in self._points]
        gaps = [after - before for before, after in pairwise(self._ends)]
        self._hole = _HOLE * median(gaps) if gaps else 0.0

    def __bool__(self) -> bool:
        """Return whether there is any history."""
        return bool(self._points)

    @property
    def first(self) -> tuple[float, float]:
        """The end and the reading of the first row; only if there is any history."""
        return self._ends[0], self._points[0].value

    def has_rows(self, start: float, end: float) -> bool:
        """Return whether a row closes after one instant and not after another."""
        return bisect_right(self._ends, start + SLACK) < bisect_right(self._ends, end + SLACK)

    @property
    def last(self) -> tuple[float, float]:
        """The last reading and its total; only if there is any history."""
        return self._points[-1].value, self._points[-1].total

    def reaches(self, instant: float) -> bool:
        """Return whether there is a reading at or after an instant."""
        return bool(self._ends) and instant - SLACK <= self._ends[-1]

    def hole(self, instant: float) -> tuple[float, float] | None:
        """Return from when to when rows are missing around an instant, None where none are."""
        index = bisect_left(self._ends, instant - SLACK)
        if not 0 < index < len(self._ends) or instant + SLACK >= self._ends[index]:
            return None
        span = self._ends[index - 1], self._ends[index]
        return span if span[1] - span[0] > self._hole else None

    def covers(self, instant: float) -> bool:
        """Return whether there are readings at or before an instant and at or after it."""
        return bool(self._ends) and self._ends[0] <= instant + SLACK and instant - SLACK <= self._ends[-1]

    def at(self, instant: float) -> tuple[float, float]:
        """Return reading and total at an instant that is covered.

        Between two rows they are interpolated. Where rows are missing, the last reading before is held.
        """
        index = max(bisect_right(self._ends, instant + SLACK) - 1, 0)
        before = self._points[index]
        if index + 1 == len(self._points) or instant <= before.end + SLACK:
            return before.value, before.total
        after = self._points[index + 1]
        length = after.end - before.end
        if length > self._hole or after.offset != before.offset:
            return before.value, before.total
        value = before.value + (after.value - before.value) * (instant - before.end) / length
        return value, value + before.offset

    def locate(self, state: float, earliest: float, latest: float) -> float | Unplaced:
        """Return the total at which a state was read at some time between two instants, the latest if there are several."""
        ends = self._ends
        if not ends or latest < ends[0] - SLACK:
            return Unplaced.TOO_EARLY
        if latest > ends[-1] + SLACK:
            return Unplaced.TOO_LATE
        begin, stop = earliest - SLACK, latest + SLACK
        for index in range(bisect_left(ends, stop), bisect_left(ends, begin) - 1, -1):
            if (total := self._place(state, index, begin, stop)) is not None:
                return total
        return Unplaced.TOO_EARLY if begin < ends[0] else Unplaced.CONTRADICTED

    def _place(self, state: float, index: int, begin: float, stop: float) -> float | None:
        """Return the total of a state read between row `index` - 1 and row `index`, None if it cannot have been."""
        tolerance = self._quantum + _ROUNDING * max(abs(state), 1.0)
        before = self._points[index - 1] if index else None
        after = self._points[index] if index < len(self._points) else None
        if before is None or after is None:
            # Where history begins or ends, only its own reading is known.
            point = after or before
            if before is not None and self.increasing and state < before.value - tolerance:
                # It was read before the last row, so that the row before it is known too.
                return None
            return state + point.offset if point is not None and self._near(state, point, tolerance) else None
        if before.offset == after.offset:
            return state + before.offset if self._between(state, before, after, (begin, stop), tolerance) else None
        # The meter restarted in between: the state may be from before or after that.
        length = after.end - before.end
        least = after.value - max(after.total - before.total, self._fastest * length)
        if least - tolerance <= state <= after.value + tolerance:
            return min(state, after.value) + after.offset
        if before.value - tolerance <= state <= before.value + self._fastest * length + tolerance:
            return state + before.offset
        return None

    def _near(self, state: float, point: _Point, tolerance: float) -> bool:
        """Return whether a state is a reading, or may have been read within the slack around it."""
        return abs(state - point.value) <= tolerance + 2 * SLACK * self._fastest

    def _between(
        self, state: float, before: _Point, after: _Point, span: tuple[float, float], tolerance: float
    ) -> bool:
        """Return whether a state may have been read within a span between two rows of one meter."""
        low, high = sorted((before.value, after.value))
        if not self.increasing:
            margin = tolerance + high - low
            return low - margin <= state <= high + margin
        # Limits: what can be counted from the start of the span to the row after, and from the row before to its end.
        low = max(low, high - self._fastest * max(after.end - span[0], 0.0))
        high = min(high, before.value + self._fastest * max(span[1] - before.end, 0.0))
        return low - tolerance <= state <= high + tolerance

    def unseen(self, start: float, end: float) -> float:
        """Return how much may be missing from the rows because the meter restarted between two instants."""
        return sum(
            self._fastest * (after.end - before.end)
            for before, after in pairwise(self._points)
            if after.offset != before.offset and start - SLACK < after.end and before.end < end + SLACK
        )

    def jump(self, start: float, end: float) -> tuple[float, float] | None:
        """Return the end and the size of the largest rise between two instants that is too fast for a house.

        None if there is none, and for a counter of anything but energy.
        """
        rises = (
            (after.total - before.total, after.end)
            for before, after in pairwise(self._points)
            if start < after.end <= end + SLACK
            and after.total - before.total > self._fastest * (after.end - before.end)
        )
        if not self._is_energy or (largest := max(rises, default=None)) is None:
            return None
        return largest[1], largest[0]

    def _add_up(self, readings: list[Reading]) -> list[_Point]:
        """Return the readings with their offsets to the total."""
        points: list[_Point] = []
        for end, value, _, _ in readings:
            before = points[-1] if points else _Point(end, value, 0.0)
            offset = before.offset
            if self.increasing and value < before.value:
                if value >= before.value - tiny(before.value, self._tiny):
                    # Lost decimals: held until the counter passes them.
                    value = before.value  # noqa: PLW2901
                else:
                    since = self._since_it_began(before.value, value, end - before.end)
                    offset = before.total + since - value
            elif end in self._taken_back:
                offset = before.total - value
            points.append(_Point(end, value, offset))
        return points

    def _since_it_began(self, before: float, value: float, seconds: float) -> float:
        """Return what a meter has counted since it restarted; 0 if its reading is too high, as of another meter."""
        most = _AFTER_RESET * self._pace * seconds + self._quantum
        return value if value < RESET_BELOW * before and value <= most else 0.0


def _steps(readings: Sequence[Reading], times: Iterable[float]) -> set[float]:
    """Return the ends of the rows with the largest steps around some times."""
    found: set[float] = set()
    for time in times:
        near = [
            (after.value - before.value, after.end)
            for before, after in pairwise(readings)
            if before.end <= time + _AROUND and after.end >= time - _AROUND
        ]
        if near:
            found.add(max(near)[1])
    return found
