"""The repair of counters: reads recorded hours and history, compares them, and writes the corrections."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.issues import async_counter_jumped
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.recording.guard import KILOWATT_HOUR
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.curve import Curve
from .arithmetic.judging import Judge, Judgement, is_settled
from .arithmetic.plan import Plan, RecordedState, Refusal
from .arithmetic.rows import HOUR, CounterRow, Reading, floor_hour, is_same
from .database import RecorderFailedError
from .progress import Run
from .source import async_readings, batches
from .statistics import WrittenHour, async_confirm, async_hours, async_live, async_write_counter, counter_row
from .targets import Target

#: Seconds that a poll may take, including its repetition and the writing of the state.
_POLL_DURATION: Final = 5.0
#: Seconds before the end of an hour from which history is read for the quick check.
_QUICK_CHECK: Final = 1200.0
#: Seconds before the hours to check in which a right state to start from is searched for.
_BASE_SEARCH: Final = 24 * HOUR
#: The most gaps of one counter that a run repairs.
_ROUNDS: Final = 40
#: Seconds after which waiting hours are left as they are: the recorder purges the states that its sums start from.
_GIVE_UP: Final = 10 * 24 * HOUR
#: Seconds for which the gateway is asked again about a gap in its history.
_GAP: Final = 24 * HOUR
#: The most counters whose rows are read to find out when the gateway's clock was set, and from how many seconds before.
_TELLING: Final = 10
_BEFORE_SET: Final = 4 * HOUR
#: Seconds by which the gateway's clock may have been ahead for a while.
_AHEAD: Final = 24 * HOUR


def lag_of(entry: EmsConfigEntry) -> float:
    """Return the greatest age in seconds of a state at the end of a five-minute period while Home Assistant runs."""
    return Options.of(entry).scan_interval + _POLL_DURATION


def curve_of(target: Target, readings: Iterable[Reading], taken_back: Sequence[float] = ()) -> Curve:
    """Return the curve of a counter in the unit of its statistics; rises at times in `taken_back` are left out."""
    return Curve(
        target.readings(list(readings)),
        increasing=target.increasing,
        kilowatt=_kilowatt(target),
        taken_back=taken_back,
    )


def _kilowatt(target: Target) -> float:
    """Return 1 kW in units of a counter's statistics per second, 0 if it counts no energy."""
    return KILOWATT_HOUR.get(target.metadata["unit_of_measurement"] or "", 0.0) / HOUR


@dataclass(slots=True)
class _Counter:
    """One counter in a run."""

    target: Target
    since: float
    rows: list[CounterRow] = field(default_factory=list)
    live: RecordedState | None = None
    expected: list[WrittenHour] = field(default_factory=list)
    """Hours as they must be once the recorder has written the last plan."""
    shift: float = 0.0
    """By how much the last plan moves the sum of the newest state."""

    @property
    def begin(self) -> float:
        """The start of the hour whose state the check starts from."""
        before = [row.start for row in self.rows if row.start < self.since]
        return before[-1] if before else self.rows[0].start - HOUR

    def expect(self, plan: Plan) -> None:
        """Note what the recorder must have once it has written a plan."""
        self.expected = [
            WrittenHour(self.target, row.start, row.sum) for row in (*plan.rows[-1:], plan.after(self.rows[-1]))
        ]
        self.shift = sum(by for _, by in plan.adjustments)

    def check_live(self, before: RecordedState | None) -> None:
        """Raise RecorderFailedError if the newest sum has not moved as planned: the next plan would move it twice."""
        if before is None or self.live is None or before.row.start != self.live.row.start:
            return
        moved = (self.live.row.sum - self.live.row.state) - (before.row.sum - before.row.state)
        if self.shift and not self.live.row.state < before.row.state and not is_same(moved, self.shift):
            raise RecorderFailedError(f"the recorder has not moved the sums of {self.target.entity_id}")


class CounterRepair:
    """Repairs the hours of all counters before a cut-off."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, run: Run) -> None:
        """Check hours up to the cut-off of a run."""
        self._hass = hass
        self._entry = entry
        self._progress = run.progress
        self._outcome = run.outcome
        self._cut_off = run.cut_off
        self._times = run.times
        self._lag = lag_of(entry)

    async def async_run(self, targets: Iterable[Target]) -> None:
        """Check and repair. Raises EmsError or RecorderFailedError; what was written until then is consistent."""
        targets = [target for target in targets if target.is_counter]
        await self._async_learn_when_clock_was_set(targets)
        await self._async_look_into_gaps(targets)
        counters = [_Counter(target, self._progress.since(target.uid)) for target in targets]
        counters = [counter for counter in counters if counter.since < self._cut_off]
        await self._async_read_rows(counters)
        # A sensor without a recorded hour has missed nothing yet.
        left = [counter for counter in counters if counter.rows]
        left = await self._async_without_settled(left)
        left = await self._async_without_stuck(left)
        left.sort(key=lambda counter: counter.begin)
        while left:
            # Counters with the same hours to check share their requests.
            start = left[0].begin
            group = [counter for counter in left if counter.begin <= start + HOUR]
            left = left[len(group) :]
            for batch in batches(group, self._cut_off - start + 3 * HOUR):
                await self._async_repair(batch, start)

    async def _async_learn_when_clock_was_set(self, targets: Sequence[Target]) -> None:
        """Find out from the rows of some counters when the gateway's clock was set, if that still matters."""
        change, gaps = self._times.change, (start for start, _ in self._progress.gaps.values())
        begins = (self._progress.since(target.uid) for target in targets)
        if change is None or min(self._cut_off, *begins, *gaps) - _BEFORE_SET > change.until:
            return
        some = [target for target in targets if target.increasing][:_TELLING]
        span = self._times.span(change.since - _BEFORE_SET, change.until + HOUR)
        rows = await async_readings(self._entry.runtime_data.client, [target.uid for target in some], *span)
        self._learn(some, rows)
        self._progress.clock_untold = not self._times.is_told

    def _learn(self, targets: Iterable[Target], rows: Mapping[int, list[Reading]]) -> None:
        rising = (target for target in targets if target.increasing)
        self._times.learn((target.readings(rows.get(target.uid, [])), _kilowatt(target)) for target in rising)

    async def _async_look_into_gaps(self, targets: Iterable[Target]) -> None:
        """Check hours again if the gateway now has history that was missing."""
        for target in targets:
            if (gap := self._progress.gaps.get(target.uid)) is None:
                continue
            start, end = gap
            inside = start + 1, end - 1
            rows = await async_readings(self._entry.runtime_data.client, [target.uid], *self._times.span(*inside))
            found = self._times.placed(rows.get(target.uid, []), *inside, increasing=target.increasing)
            if found and start >= self._times.host_set_back:
                self._progress.look_again(target.uid, floor_hour(start))
                del self._progress.gaps[target.uid]
            elif self._cut_off - end > _GAP:
                del self._progress.gaps[target.uid]

    async def _async_read_rows(self, counters: list[_Counter]) -> None:
        """Read the recorded hours and the newest states of some counters."""
        for since in {counter.since for counter in counters}:
            those = [counter for counter in counters if counter.since == since]
            found = await async_hours(self._hass, [each.target for each in those], since - _BASE_SEARCH, self._cut_off)
            for counter in those:
                rows = map(counter_row, found.get(counter.target.entity_id, []))
                counter.rows = [row for row in rows if row is not None]
                counter.live = await async_live(self._hass, counter.target, self._cut_off)

    async def _async_without_settled(self, counters: list[_Counter]) -> list[_Counter]:
        """Return the counters that need the full check. Most have one new hour, and it is right."""
        ordinary = [
            counter
            for counter in counters
            if counter.since == self._cut_off - HOUR
            and [row.start for row in counter.rows[-2:]] == [counter.since - HOUR, counter.since]
        ]
        curves = await self._async_curves(ordinary, self._cut_off - _QUICK_CHECK)
        left: list[_Counter] = []
        for counter in counters:
            uid = counter.target.uid
            if counter in ordinary and is_settled(counter.rows[-2], counter.rows[-1], curves[uid], self._lag):
                self._note(counter, Judgement(checked=self._cut_off))
            else:
                left.append(counter)
        return left

    async def _async_without_stuck(self, counters: list[_Counter]) -> list[_Counter]:
        """Return the counters that may be repaired now, without those that still wait for a state."""
        waiting = [
            counter
            for counter in counters
            if (known := self._progress.waiting.get(counter.target.uid)) is not None
            and known.reason != Refusal.NO_HISTORY_YET
        ]
        curves = await self._async_curves(waiting, self._cut_off - 3 * HOUR)
        left: list[_Counter] = []
        for counter in counters:
            if counter not in waiting or self._is_confirmed(counter, curves[counter.target.uid]):
                left.append(counter)
            elif self._cut_off - counter.since > _GIVE_UP:
                self._note(counter, Judgement(checked=self._cut_off - _GIVE_UP))
            else:
                target = counter.target
                self._outcome.refuse(target.uid, target.entity_id, self._progress.waiting[target.uid].reason)
        return left

    def _is_confirmed(self, counter: _Counter, curve: Curve) -> bool:
        """Return whether history confirms one of the newest states that are recorded."""
        states = [RecordedState(row, row.start + HOUR) for row in counter.rows[-2:] if row.start >= counter.since]
        if counter.live is not None:
            states.append(counter.live)
        return any(isinstance(curve.locate(each.row.state, each.end - self._lag, each.end), float) for each in states)

    async def _async_curves(
        self, counters: Iterable[_Counter], start: float, *, is_close: bool = False
    ) -> dict[int, Curve]:
        """Return the curves of some counters from an instant until now.

        A close look also asks for rows of a clock that was ahead, which are later than now.
        """
        targets = {counter.target.uid: counter.target for counter in counters}
        if not targets:
            return {}
        now = dt_util.utcnow().timestamp()
        span = self._times.span(start, now + (_AHEAD if is_close else 0.0))
        rows = await async_readings(self._entry.runtime_data.client, targets, *span)
        if is_close and self._times.change is None:
            self._learn(targets.values(), rows)
        curves: dict[int, Curve] = {}
        for uid, target in targets.items():
            placed = self._times.placed(rows.get(uid, []), start, now, increasing=target.increasing)
            curves[uid] = curve_of(target, placed, self._progress.taken_back.get(uid, ()))
        return curves

    async def _async_repair(self, counters: list[_Counter], start: float) -> None:
        """Fetch the history of some counters, and repair their gaps one by one."""
        curves = await self._async_curves(counters, start - 2 * HOUR, is_close=True)
        for _ in range(_ROUNDS):
            counters = [counter for counter in counters if self._write(counter, curves[counter.target.uid])]
            if not counters:
                return
            await async_confirm(self._hass, [hour for counter in counters for hour in counter.expected])
            before = {counter.target.uid: counter.live for counter in counters}
            await self._async_read_rows(counters)
            for counter in counters:
                counter.check_live(before[counter.target.uid])

    def _write(self, counter: _Counter, curve: Curve) -> bool:
        """Check the hours of a counter, and correct the first wrong ones; return whether there were any."""
        judgement = Judge(curve, counter.rows, self._lag).judge(counter.since, self._cut_off, counter.live)
        self._note(counter, judgement)
        plan, target = judgement.plan, counter.target
        if not plan.rows and not plan.adjustments:
            return False
        async_write_counter(self._hass, target, plan)
        if plan.rows and (jump := curve.jump(plan.rows[0].start, plan.rows[-1].start + HOUR)) is not None:
            self._report_jump(target, *jump)
        # An hour of which only the sum was wrong is repaired without a row.
        self._outcome.wrote(target.uid, target.entity_id, len(plan.rows) or len(plan.adjustments))
        counter.expect(plan)
        return True

    def _report_jump(self, target: Target, at: float, change: float) -> None:
        """Report a rise that was counted although it is impossible: a person knows whether the meter was replaced."""
        unit = target.metadata["unit_of_measurement"] or ""
        amount = f"{change / KILOWATT_HOUR[unit]:.3f} kWh"
        async_counter_jumped(self._hass, self._entry, target.uid, amount=amount, at=at)

    def _note(self, counter: _Counter, judgement: Judgement) -> None:
        """Keep how far a counter is checked."""
        uid = counter.target.uid
        counter.since = self._progress.checked[uid] = judgement.checked
        if judgement.gap is not None:
            self._progress.gaps[uid] = judgement.gap
        if judgement.waits is None:
            self._progress.waiting.pop(uid, None)
        else:
            self._progress.wait(uid, judgement.waits, dt_util.utcnow().timestamp())
            if judgement.waits is not Refusal.NO_HISTORY_YET:
                self._outcome.refuse(uid, counter.target.entity_id, judgement.waits)
