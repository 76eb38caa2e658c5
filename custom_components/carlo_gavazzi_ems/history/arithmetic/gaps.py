"""Which recorded hours of a signal are missing or wrong, and the rows that replace them."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .plan import HistoryMismatchError, Plan, RecordedState, Refusal, Rules
from .rows import (
    HOUR,
    CounterRow,
    MeasuredRow,
    Reading,
    RunningSum,
    counted,
    counter_rows,
    hours,
    in_order,
    is_reset,
    measured_rows,
    pace,
    resolution,
)

#: Relative rounding error after storage in a database and a unit conversion.
_ROUNDING: Final = 1e-9
#: Relative difference below which two sums are equal.
_SAME_SUM: Final = 1e-6
#: Seconds of an hour that history has to cover before it may replace an hour that Home Assistant recorded.
_FULL_HOUR: Final = 3300.0


@dataclass(frozen=True, slots=True)
class _Gap:
    """Missed hours, and the recorded states before and after them."""

    hours: Sequence[float]
    base: CounterRow
    right: RecordedState


def missed_counter_hours(recorded: Sequence[CounterRow]) -> set[float]:
    """Return the hours that may be missed: without a row, or without a change before an hour with one.

    The hour before a gap is included because it may be incomplete. Hours with a reset are included because the
    energy between the last poll and the reset is in the gateway's history only.
    """
    found: set[float] = set()
    flat: set[float] = set()
    for before, row in pairwise(recorded):
        if _was_reset(before, row):
            found.add(row.start)
        missing = hours(before.start + HOUR, row.start)
        if missing:
            found.update(missing, [before.start])
        if row.state == before.state:
            flat.update((before.start, row.start))
        else:
            found.update(flat)
            flat = set()
    return found


def _was_reset(before: CounterRow, row: CounterRow) -> bool:
    """Return whether the recorder counted a reset between two rows. Without one, sum and state change by the same amount."""
    off = (row.sum - before.sum) - (row.state - before.state)
    return is_reset(before.state, row.state) or off > _SAME_SUM * max(abs(before.state), 1.0)


class Counter:
    """The history of a counter, compared with what Home Assistant recorded."""

    def __init__(self, readings: Iterable[Reading], rules: Rules) -> None:
        """Take readings in any order, in the unit of the recorded rows."""
        self._readings = counted(readings) if rules.increasing else in_order(readings)
        self._ends = [reading.end for reading in self._readings]
        self._rules = rules
        self._resolution = resolution(self._readings)
        self._pace = pace(self._readings)

    def is_fresh(self, recorded: RecordedState) -> bool:
        """Return whether a state is a reading of the last `lag` seconds before its end, as far as history shows."""
        first = bisect_right(self._ends, recorded.end - self._rules.lag) - 1
        last = bisect_right(self._ends, recorded.end)
        if first < 0:
            return True
        return any(self._fits(recorded.row, index) for index in range(first, last))

    def repair(self, recorded: Sequence[CounterRow], until: float, live: RecordedState | None) -> Plan:
        """Return the plan that corrects the hours before `until`.

        `recorded` are the recorded rows sorted by time; the first is the base to count from. `live` is the newest
        state with its sum if no row contains it yet. Raises HistoryMismatchError: then nothing may be written.
        """
        by_hour = {row.start: row for row in recorded}
        plan, shift = Plan(), 0.0
        span = hours(recorded[0].start, until)
        base, index = recorded[0], 0
        while index < len(span):
            row = by_hour.get(span[index])
            if self._is_good(row) if row else not self._has_readings(span[index]):
                if row and row is not base:
                    shift += self._add_missed_before_reset(plan, base, row)
                base = row or base
                index += 1
                continue
            right = self._right(by_hour, span[index + 1 :], live)
            stop = span.index(right.row.start) if right.row.start < until else len(span)
            # Earlier adjustments change the sums on both sides of this gap.
            sides = [side._replace(sum=side.sum + shift) for side in (base, right.row)]
            gap = _Gap(span[index:stop], sides[0], RecordedState(sides[1], right.end))
            shift += self._fill(plan, by_hour, gap)
            base, index = right.row, stop
        return plan

    def before(self, first: CounterRow, start: float) -> Plan:
        """Return rows for the hours from `start` to the first recorded one, and the adjustment of the recorded sums.

        The sum of the new rows starts at 0. Raises HistoryMismatchError.
        """
        position = self._position(first)
        skipped = max(bisect_right(self._ends, start) - 1, 0)
        readings = self._readings[skipped:position]
        if not readings:
            return Plan()
        running = RunningSum(readings[0].value, 0.0, increasing=self._rules.increasing)
        rows = [row for row in counter_rows(running, readings) if start <= row.start < first.start]
        if not rows:
            return Plan()
        return Plan(rows=rows, adjustments=[(first.start, running.sum_at(first.state) - first.sum)])

    def _is_good(self, row: CounterRow) -> bool:
        return self.is_fresh(RecordedState(row, row.start + HOUR))

    def _has_readings(self, start: float) -> bool:
        return bisect_right(self._ends, start) < bisect_right(self._ends, start + HOUR)

    def _tolerance(self, row: CounterRow) -> float:
        return self._resolution + _ROUNDING * max(abs(row.state), 1.0)

    def _right(
        self, by_hour: Mapping[float, CounterRow], following: Sequence[float], live: RecordedState | None
    ) -> RecordedState:
        """Return the first state after a gap that history confirms. Raises HistoryMismatchError if there is none."""
        for start in following:
            if (row := by_hour.get(start)) is not None and self._is_good(row):
                return RecordedState(row, start + HOUR)
        if live is None or not self.is_fresh(live):
            raise HistoryMismatchError(
                Refusal.NO_STATE_AFTER, "no state was recorded after the gap that the history confirms"
            )
        return live

    def _fill(self, plan: Plan, by_hour: Mapping[float, CounterRow], gap: _Gap) -> float:
        """Add the rows of one gap to a plan; return by how much all later sums change."""
        running = RunningSum(gap.base.state, gap.base.sum, increasing=self._rules.increasing)
        begin, end = self._position(gap.base), bisect_right(self._ends, gap.right.row.start)
        made = {row.start: row for row in counter_rows(running, self._readings[begin:end])}
        rows, before = list[CounterRow](), gap.base
        for start in gap.hours:
            if start in made:
                rows.append(made[start])
            elif start in by_hour:
                # The gateway has no readings of this hour either; its energy goes into the next hour.
                rows.append(before._replace(start=start))
            before = made.get(start, before)
        for reading in self._readings[max(begin, end) : bisect_right(self._ends, gap.right.end - self._rules.lag)]:
            running.add(reading.value)
        difference = self._difference(running, gap)
        if difference:
            plan.adjustments.append((gap.right.row.start, difference))
        plan.rows.extend(self._between(rows, gap.base.sum, gap.right.row.sum + difference))
        return difference

    def _between(self, rows: Iterable[CounterRow], least: float, most: float) -> Iterable[CounterRow]:
        """Limit sums to those on both sides, so that rounding does not make an hour negative."""
        if not self._rules.increasing:
            return rows
        return (row._replace(sum=min(max(row.sum, least), most)) for row in rows)

    def _add_missed_before_reset(self, plan: Plan, base: CounterRow, row: CounterRow) -> float:
        """Add the energy between the last poll and a reset; return by how much all later sums change.

        History confirms both rows and no hour between them was missed, so only a reset can hide energy there.
        """
        if not self._rules.increasing or not self._is_known(base):
            return 0.0
        running = RunningSum(base.state, base.sum, increasing=True)
        for reading in self._readings[self._position(base) : self._position(row)]:
            running.add(reading.value)
        missed = running.sum_at(row.state) - row.sum
        if not running.resets or missed <= _SAME_SUM * max(abs(base.state), 1.0):
            return 0.0
        plan.adjustments.append((row.start, missed))
        return missed

    def _is_known(self, row: CounterRow) -> bool:
        """Return whether history covers the time of a row."""
        return bool(self._ends) and self._ends[0] <= row.start + HOUR - self._rules.lag

    def _difference(self, running: RunningSum, gap: _Gap) -> float:
        """Return by how much the sum after a gap is wrong. Raises HistoryMismatchError if no reset or purge explains it."""
        row, base = gap.right.row, gap.base
        difference = running.sum_at(row.state) - row.sum
        if abs(difference) <= _SAME_SUM * max(abs(row.state), 1.0):
            return 0.0
        restarted = row.sum < base.sum or row.start - base.start >= self._rules.kept
        if not running.resets and not restarted:
            message = f"the sum after the gap is off by {-difference:g}, and no reset explains it"
            raise HistoryMismatchError(Refusal.SUM_OFF, message, -difference)
        return difference

    def _position(self, row: CounterRow) -> int:
        """Return the index of the first reading after a recorded state, which was taken at some time in its hour.

        Raises HistoryMismatchError if the state lies between no two readings.
        """
        first = bisect_right(self._ends, row.start) - 1
        last = bisect_right(self._ends, row.start + HOUR) - 1
        found = [index for index in range(last, first - 1, -1) if self._fits(row, index)]
        # A state between two readings is better evidence than one after the last reading.
        closed = [index for index in found if index + 1 < len(self._readings)]
        if not found:
            message = f"{row.state:g} was recorded before the gap, which is not in the history of that hour"
            raise HistoryMismatchError(Refusal.UNKNOWN_STATE, message, row.state)
        return (closed or found)[0] + 1

    def _fits(self, row: CounterRow, index: int) -> bool:
        """Return whether a state may lie between the reading at `index` and the next one."""
        state, tolerance = row.state, self._tolerance(row)
        before = self._readings[index].value if index >= 0 else None
        after = self._readings[index + 1].value if index + 1 < len(self._readings) else None
        if before is None or after is None:
            # At the ends of the history there is only one bound.
            return (before is None or before <= state + tolerance) and (after is None or state <= after + tolerance)
        if not self._rules.increasing:
            margin = tolerance + abs(after - before)
            return min(before, after) - margin <= state <= max(before, after) + margin
        if is_reset(before, after):
            # It may have counted on before the reset, but not faster than ever seen.
            most = self._pace * (self._readings[index + 1].end - self._readings[index].end)
            return before - tolerance <= state <= before + most + tolerance or state <= after + tolerance
        return before - tolerance <= state <= after + tolerance


def measured_gaps(
    recorded: Mapping[float, tuple[float, float]], start: float, until: float, flat_before: float
) -> set[float]:
    """Return the hours of a measured value that were missed.

    `recorded` has minimum and maximum of each hour. An hour without a row was missed. Before `flat_before` Home
    Assistant may not have been running, so there an hour with equal minimum and maximum was missed too.
    """
    missed = set[float]()
    for hour in hours(start, until):
        extremes = recorded.get(hour)
        if extremes is None or (hour < flat_before and extremes[0] == extremes[1]):
            missed.add(hour)
    return missed


def measured_repair(
    readings: Iterable[Reading], missed: AbstractSet[float], cut_short: AbstractSet[float] = frozenset()
) -> list[MeasuredRow]:
    """Return rows for the missed hours. Their neighbours and `cut_short` hours get a row only if history covers them."""
    neighbours = ({hour + step for hour in missed for step in (-HOUR, HOUR)} | cut_short) - missed
    return [
        row
        for row in measured_rows(in_order(readings))
        if row.start in missed or (row.start in neighbours and row.covered >= _FULL_HOUR)
    ]
