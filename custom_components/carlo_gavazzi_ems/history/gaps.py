"""Where Home Assistant's hours of a signal are not the meter's, and the rows that make them so: arithmetic only."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .plan import Disagreement, Junction, Plan, Refusal, Rules
from .rows import (
    HOUR,
    CounterRow,
    Ledger,
    MeasuredRow,
    Reading,
    counted,
    counter_rows,
    hours,
    in_order,
    is_reset,
    measured_rows,
    pace,
    resolution,
)

#: Of what a number may differ that went through a database and a change of units.
_ROUNDING: Final = 1e-9
#: Sums of Home Assistant and of the history that differ by less are the same.
_SAME_SUM: Final = 1e-6
#: Seconds of an hour that history has to cover before it may replace what Home Assistant measured itself.
_FULL_HOUR: Final = 3300.0


@dataclass(frozen=True, slots=True)
class _Gap:
    """Hours that were missed, and what was recorded on both sides of them."""

    hours: Sequence[float]
    base: CounterRow
    right: Junction


def suspects(recorded: Sequence[CounterRow]) -> set[float]:
    """Return the hours that look missed: those without a row, and those without a change before one with a change.

    The hour before them is among them: it may have been cut short. Hours in which a counter began anew are too: what
    it counted between the last poll and that moment is in its history only.
    """
    found: set[float] = set()
    flat: set[float] = set()
    for before, row in pairwise(recorded):
        if _began_anew(before, row):
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


def _began_anew(before: CounterRow, row: CounterRow) -> bool:
    """Return whether the recorder counted a reset between two rows: else a sum moves as its state does."""
    off = (row.sum - before.sum) - (row.state - before.state)
    return is_reset(before.state, row.state) or off > _SAME_SUM * max(abs(before.state), 1.0)


class Counter:
    """A counter's history, held against what Home Assistant recorded of it."""

    def __init__(self, readings: Iterable[Reading], rules: Rules) -> None:
        """Take the history in any order, in the unit of the recorded rows."""
        self._readings = counted(readings) if rules.increasing else in_order(readings)
        self._ends = [reading.end for reading in self._readings]
        self._rules = rules
        self._resolution = resolution(self._readings)
        self._pace = pace(self._readings)

    def is_fresh(self, junction: Junction) -> bool:
        """Return whether a state is what the counter read at the end of its time, as far as history can tell."""
        first = bisect_right(self._ends, junction.end - self._rules.lag) - 1
        last = bisect_right(self._ends, junction.end)
        if first < 0:
            return True
        return any(self._fits(junction.row, index) for index in range(first, last))

    def repair(self, recorded: Sequence[CounterRow], until: float, live: Junction | None) -> Plan:
        """Return what makes the hours before `until` the meter's own.

        `recorded` are the rows there are, in order, the first one to count on from; `live` is the newest
        state with its sum where that is not in a row yet. Raises Disagreement, and then nothing is to be written.
        """
        by_hour = {row.start: row for row in recorded}
        plan, shift = Plan(), 0.0
        span = hours(recorded[0].start, until)
        base, index = recorded[0], 0
        while index < len(span):
            row = by_hour.get(span[index])
            if self._is_good(row) if row else not self._has_readings(span[index]):
                if row and row is not base:
                    shift += self._make_up(plan, base, row)
                base = row or base
                index += 1
                continue
            right = self._right(by_hour, span[index + 1 :], live)
            stop = span.index(right.row.start) if right.row.start < until else len(span)
            # What was adjusted before this gap has moved both of its sides.
            sides = [side._replace(sum=side.sum + shift) for side in (base, right.row)]
            gap = _Gap(span[index:stop], sides[0], Junction(sides[1], right.end))
            shift += self._fill(plan, by_hour, gap)
            base, index = right.row, stop
        return plan

    def before(self, first: CounterRow, start: float) -> Plan:
        """Return rows for the hours from `start` to the first recorded one, and the shift that joins them to it.

        The first of them counts from its own beginning, where history reaches back so far. Raises Disagreement.
        """
        position = self._position(first)
        skipped = max(bisect_right(self._ends, start) - 1, 0)
        readings = self._readings[skipped:position]
        if not readings:
            return Plan()
        ledger = Ledger(readings[0].value, 0.0, increasing=self._rules.increasing)
        rows = [row for row in counter_rows(ledger, readings) if start <= row.start < first.start]
        if not rows:
            return Plan()
        return Plan(rows=rows, adjustments=[(first.start, ledger.meet(first.state) - first.sum)])

    def _is_good(self, row: CounterRow) -> bool:
        return self.is_fresh(Junction(row, row.start + HOUR))

    def _has_readings(self, start: float) -> bool:
        return bisect_right(self._ends, start) < bisect_right(self._ends, start + HOUR)

    def _tolerance(self, row: CounterRow) -> float:
        return self._resolution + _ROUNDING * max(abs(row.state), 1.0)

    def _right(
        self, by_hour: Mapping[float, CounterRow], following: Sequence[float], live: Junction | None
    ) -> Junction:
        """Return the first state after a gap that can be trusted."""
        for start in following:
            if (row := by_hour.get(start)) is not None and self._is_good(row):
                return Junction(row, start + HOUR)
        if live is None or not self.is_fresh(live):
            raise Disagreement(Refusal.NO_STATE_AFTER, "no state was recorded after the gap that the history confirms")
        return live

    def _fill(self, plan: Plan, by_hour: Mapping[float, CounterRow], gap: _Gap) -> float:
        """Add the rows of one gap to a plan; return by how much all that follows it moves."""
        ledger = Ledger(gap.base.state, gap.base.sum, increasing=self._rules.increasing)
        begin, end = self._position(gap.base), bisect_right(self._ends, gap.right.row.start)
        made = {row.start: row for row in counter_rows(ledger, self._readings[begin:end])}
        rows, before = list[CounterRow](), gap.base
        for start in gap.hours:
            if start in made:
                rows.append(made[start])
            elif start in by_hour:
                # The gateway has nothing of this hour either: what was counted then shows in the next one.
                rows.append(before._replace(start=start))
            before = made.get(start, before)
        for reading in self._readings[max(begin, end) : bisect_right(self._ends, gap.right.end - self._rules.lag)]:
            ledger.book(reading.value)
        difference = self._difference(ledger, gap)
        if difference:
            plan.adjustments.append((gap.right.row.start, difference))
        plan.rows.extend(self._between(rows, gap.base.sum, gap.right.row.sum + difference))
        return difference

    def _between(self, rows: Iterable[CounterRow], least: float, most: float) -> Iterable[CounterRow]:
        """Return rows with sums between those on both sides: else rounding makes an hour without energy one of -0."""
        if not self._rules.increasing:
            return rows
        return (row._replace(sum=min(max(row.sum, least), most)) for row in rows)

    def _make_up(self, plan: Plan, base: CounterRow, row: CounterRow) -> float:
        """Add what a counter counted before a reset that Home Assistant saw only the end of; return by how much.

        Both rows are the meter's, and no hour between them was missed: only a reset can hide anything there.
        """
        if not self._rules.increasing or not self._is_known(base):
            return 0.0
        ledger = Ledger(base.state, base.sum, increasing=True)
        for reading in self._readings[self._position(base) : self._position(row)]:
            ledger.book(reading.value)
        missed = ledger.meet(row.state) - row.sum
        if not ledger.resets or missed <= _SAME_SUM * max(abs(base.state), 1.0):
            return 0.0
        plan.adjustments.append((row.start, missed))
        return missed

    def _is_known(self, row: CounterRow) -> bool:
        """Return whether history reaches back to a row."""
        return bool(self._ends) and self._ends[0] <= row.start + HOUR - self._rules.lag

    def _difference(self, ledger: Ledger, gap: _Gap) -> float:
        """Return by how much the sum after a gap is off; a difference that nothing explains raises Disagreement."""
        row, base = gap.right.row, gap.base
        difference = ledger.meet(row.state) - row.sum
        if abs(difference) <= _SAME_SUM * max(abs(row.state), 1.0):
            return 0.0
        restarted = row.sum < base.sum or row.start - base.start >= self._rules.kept
        if not ledger.resets and not restarted:
            message = f"the sum after the gap is off by {-difference:g}, and no reset explains it"
            raise Disagreement(Refusal.SUM_OFF, message, -difference)
        return difference

    def _position(self, row: CounterRow) -> int:
        """Return the index of the first reading after the recorded state, which was taken at some time in its hour.

        Raises Disagreement where the state does not fit between two readings.
        """
        first = bisect_right(self._ends, row.start) - 1
        last = bisect_right(self._ends, row.start + HOUR) - 1
        found = [index for index in range(last, first - 1, -1) if self._fits(row, index)]
        # A state between two readings tells more than one after the last.
        closed = [index for index in found if index + 1 < len(self._readings)]
        if not found:
            message = f"{row.state:g} was recorded before the gap, which is not in the history of that hour"
            raise Disagreement(Refusal.UNKNOWN_STATE, message, row.state)
        return (closed or found)[0] + 1

    def _fits(self, row: CounterRow, index: int) -> bool:
        """Return whether a state may have been read between two readings that follow each other."""
        state, tolerance = row.state, self._tolerance(row)
        before = self._readings[index].value if index >= 0 else None
        after = self._readings[index + 1].value if index + 1 < len(self._readings) else None
        if before is None or after is None:
            # Where history begins or ends, nothing tells how far the counter had got.
            return (before is None or before <= state + tolerance) and (after is None or state <= after + tolerance)
        if not self._rules.increasing:
            margin = tolerance + abs(after - before)
            return min(before, after) - margin <= state <= max(before, after) + margin
        if is_reset(before, after):
            # Before it began anew it counted on, but no faster than it ever does.
            most = self._pace * (self._readings[index + 1].end - self._readings[index].end)
            return before - tolerance <= state <= before + most + tolerance or state <= after + tolerance
        return before - tolerance <= state <= after + tolerance


def measured_gaps(
    recorded: Mapping[float, tuple[float, float]], start: float, until: float, flat_before: float
) -> set[float]:
    """Return the hours of a measured value that were missed.

    `recorded` has the lowest and the highest value of each hour. An hour without a row was missed; one in which
    nothing moved was too where Home Assistant was not running, which is the case only before `flat_before`.
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
    """Return rows for the missed hours, and for those cut short, as their neighbours are, where history is complete."""
    neighbours = ({hour + step for hour in missed for step in (-HOUR, HOUR)} | cut_short) - missed
    return [
        row
        for row in measured_rows(in_order(readings))
        if row.start in missed or (row.start in neighbours and row.covered >= _FULL_HOUR)
    ]
