"""Compares a counter's recorded hours with its history: which are wrong, and what corrects them. Arithmetic only.

A recorded hour is right if history confirms its state at its end, and its sum has moved by what the meter counted
since the last right hour. The cause of an error does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .curve import Curve, Unplaced
from .plan import HistoryMismatchError, Plan, RecordedState, Refusal
from .rows import HOUR, CounterRow, hours, is_same

#: Sums of Home Assistant and of the history that differ by less are the same.
_SAME_SUM: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The result of checking some hours."""

    plan: Plan = field(default_factory=Plan)
    """Corrects the first wrong hours. After it is written, check again."""
    checked: float
    """All hours before are right."""
    waits: Refusal | None = None
    """Why the hours from `checked` on cannot be corrected yet, None if there are none or `plan` corrects them."""
    gap: tuple[float, float] | None = None
    """From when to when history has no rows in hours that were missed."""


class _Joint(NamedTuple):
    """A recorded state, and the total on the meter's curve that belongs to it."""

    state: RecordedState
    total: float


class Judge:
    """Compares one counter's recorded hours with its curve."""

    def __init__(self, curve: Curve, recorded: Sequence[CounterRow], lag: float) -> None:
        """Take the recorded rows in order; a recorded state is at most `lag` seconds old."""
        self._curve = curve
        self._rows = {row.start: row for row in recorded}
        self._recorded = recorded
        self._lag = lag

    def judge(self, since: float, until: float, live: RecordedState | None) -> Judgement:
        """Check the hours between two full hours; those before are right.

        `live` is the newest state with its sum, if it is in no hourly row yet.
        """
        base = self._base(since) if self._curve else Refusal.NO_HISTORY_YET
        if isinstance(base, Refusal):
            return Judgement(checked=since, waits=base)
        wrong: list[float] = []
        checked = base.state.row.start + HOUR
        for start in hours(checked, until):
            joint = self._joint(start)
            if joint is Unplaced.TOO_LATE:
                break
            if isinstance(joint, _Joint):
                if (plan := self._join(base, joint, wrong)) is not None:
                    return Judgement(plan=plan, checked=checked, gap=self._gap(wrong))
                base, wrong, checked = joint, [], start + HOUR
            else:
                wrong.append(start)
        else:
            if not wrong:
                return Judgement(checked=checked)
            total = Unplaced.TOO_LATE if live is None else self._locate(live)
            if live is not None and isinstance(total, float):
                plan = self._join(base, _Joint(live, total), wrong)
                # Without a plan there is neither row nor history of these hours.
                return Judgement(plan=plan or Plan(), checked=checked if plan else until, gap=self._gap(wrong))
            if total is not Unplaced.TOO_LATE:
                return Judgement(checked=checked, waits=Refusal.NO_STATE_AFTER)
        return Judgement(checked=checked, waits=Refusal.NO_HISTORY_YET)

    def _locate(self, state: RecordedState) -> float | Unplaced:
        return self._curve.locate(state.row.state, state.end - self._lag, state.end)

    def _joint(self, start: float) -> _Joint | Unplaced | None:
        """Return an hour that history confirms, TOO_LATE where history has not come so far, None for a wrong one."""
        end = start + HOUR
        if (row := self._rows.get(start)) is None:
            return None if self._curve.reaches(end) else Unplaced.TOO_LATE
        total = self._locate(state := RecordedState(row, end))
        if isinstance(total, float):
            return _Joint(state, total)
        return total if total is Unplaced.TOO_LATE else None

    def _base(self, since: float) -> _Joint | Refusal:
        """Return the newest state from before an hour that history confirms, or that is older than all history."""
        reason = Refusal.NO_HISTORY_YET
        for row in reversed(self._recorded):
            if row.start >= since:
                continue
            end = row.start + HOUR
            total = self._locate(RecordedState(row, end))
            if total is Unplaced.CONTRADICTED:
                # An hour that was cut short, before its end was looked at.
                total = self._curve.locate(row.state, row.start - self._lag, end)
            if total is Unplaced.TOO_EARLY and row.state <= self._curve.first[1]:
                total = row.state
            if isinstance(total, float):
                return _Joint(RecordedState(row, end), total)
            reason = Refusal.UNKNOWN_STATE if total is not Unplaced.TOO_LATE else reason
        if not self._recorded or self._recorded[0].start < since:
            return reason
        # Before the first hour the sum was 0, at the reading `state - sum` of its row: the state that the recorder began
        # with. It may be older than the hour, from an earlier start of Home Assistant.
        first = self._recorded[0]
        zero = CounterRow(first.start - HOUR, first.state - first.sum, 0.0)
        total = self._curve.locate(zero.state, first.start - HOUR, first.start + HOUR)
        if isinstance(total, float):
            return _Joint(RecordedState(zero, first.start), total)
        return Refusal.UNKNOWN_STATE if total is Unplaced.CONTRADICTED else Refusal.NO_HISTORY_YET

    def _join(self, base: _Joint, right: _Joint, wrong: Sequence[float]) -> Plan | None:
        """Return the plan that corrects the hours between two joints and all later sums; None if they are right."""
        counted = right.total - base.total
        if self._curve.increasing:
            # Just before a meter was replaced, Home Assistant may have seen more than any row has.
            counted = max(counted, 0.0)
        by = base.state.row.sum + counted - right.state.row.sum
        same = _SAME_SUM * max(abs(right.state.row.state), 1.0)
        # Just before a meter restarted, Home Assistant may have seen a higher reading than the gateway's rows have.
        if abs(by) <= same or -self._curve.unseen(base.state.end - HOUR, right.state.end) <= by < 0:
            by = 0.0
        most = right.state.row.sum + by
        found = (self._rewritten(start, base, most) for start in wrong)
        rows = [row for row in found if row is not None]
        if not rows and not by:
            return None
        return Plan(rows=rows, adjustments=[(right.state.row.start, by)] if by else [])

    def _rewritten(self, start: float, base: _Joint, most: float) -> CounterRow | None:
        """Return an hour as history has it; None if it is recorded like that, or if there is no history."""
        end, recorded = start + HOUR, self._rows.get(start)
        if not self._curve.covers(end) or (recorded is None and not self._curve.has_rows(start, end)):
            return None
        value, total = self._curve.at(end)
        if self._curve.increasing and total < base.total:
            # Where rows are missing, Home Assistant may have seen a higher reading than the last row has.
            value, total = base.state.row.state, base.total
        count = base.state.row.sum + total - base.total
        if self._curve.increasing:
            # Otherwise rounding makes an hour without energy -0.
            count = min(max(count, base.state.row.sum), most)
        if recorded is not None and is_same(recorded.state, value) and is_same(recorded.sum, count):
            return None
        return CounterRow(start, value, count)

    def _gap(self, wrong: Sequence[float]) -> tuple[float, float] | None:
        """Return the first hole in the history of wrong hours."""
        holes = (self._curve.hole(start + HOUR) for start in wrong)
        return next((hole for hole in holes if hole is not None), None)


def is_settled(before: CounterRow, row: CounterRow, curve: Curve, lag: float) -> bool:
    """Return whether an hour needs no closer look: its state is confirmed, and its sum has moved as its state has."""
    end = row.start + HOUR
    moved = is_same(row.sum - before.sum, row.state - before.state) or (
        abs(row.sum - before.sum - row.state + before.state) <= _SAME_SUM * max(abs(row.state), 1.0)
    )
    return moved and row.state >= before.state and isinstance(curve.locate(row.state, end - lag, end), float)


def before_first(curve: Curve, first: CounterRow, start: float, lag: float) -> Plan:
    """Return rows for the hours from `start` to the first recorded one, and the shift that joins them to it.

    The first of them counts from its own beginning, where history reaches back so far. Raises HistoryMismatchError.
    """
    if not curve or curve.first[0] > first.start:
        return Plan()
    total = curve.locate(first.state, first.start - lag, first.start + HOUR)
    value, counted = curve.last
    if total is Unplaced.TOO_LATE and value <= first.state:
        # History has a hole between its last row and the first recorded hour.
        total = counted + first.state - value
    if not isinstance(total, float):
        message = f"{first.state:g} was recorded in the first hour, which is not in the history of that hour"
        raise HistoryMismatchError(Refusal.UNKNOWN_STATE, message, first.state)
    rows: list[CounterRow] = []
    zero: float | None = None
    for hour in hours(start, first.start):
        if not curve.covers(hour + HOUR) or not curve.has_rows(hour, hour + HOUR):
            continue
        if zero is None:
            _, zero = curve.at(max(hour, curve.first[0]))
        value, count = curve.at(hour + HOUR)
        rows.append(CounterRow(hour, value, count - zero))
    if zero is None:
        return Plan()
    return Plan(rows=rows, adjustments=[(first.start, total - zero - first.sum)])
