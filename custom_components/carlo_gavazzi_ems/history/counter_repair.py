"""The repair of counters: reads rows and history, has them judged, and writes what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

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

#: Seconds that a poll may take, its repetition and the writing of the state included.
_ANSWER: Final = 5.0
#: Seconds before the end of an hour from which history is read for a first look; rows may be longer.
_GLANCE: Final = 1200.0
#: Hours before those to check in which a state to start from is looked for.
_BASE: Final = 24 * HOUR
#: Looks at one counter in a run: each repairs one gap.
_ROUNDS: Final = 40
#: Seconds after which waiting hours are left as they are: the recorder forgets what its sums go on from.
_GIVE_UP: Final = 10 * 24 * HOUR
#: Seconds for which a gap in the history is asked about.
_GAP: Final = 24 * HOUR


def lag_of(entry: EmsConfigEntry) -> float:
    """Return the age in seconds that a state may have at the end of five minutes in which Home Assistant was running."""
    return Options.of(entry).scan_interval + _ANSWER


def curve_of(target: Target, readings: Iterable[Reading], taken_back: Sequence[float] = ()) -> Curve:
    """Return the curve of a counter in the unit of its statistics; rises at times in `taken_back` are left out."""
    kilowatt = KILOWATT_HOUR.get(target.metadata["unit_of_measurement"] or "", 0.0) / HOUR
    return Curve(
        target.readings(list(readings)), increasing=target.increasing, kilowatt=kilowatt, taken_back=taken_back
    )


@dataclass(slots=True)
class _Counter:
    """One counter in a run."""

    target: Target
    since: float
    rows: list[CounterRow] = field(default_factory=list)
    live: RecordedState | None = None
    expected: list[WrittenHour] = field(default_factory=list)
    """Hours as they are once the recorder has written the last plan."""
    shift: float = 0.0
    """By how much the sum of the newest state moves with it."""

    @property
    def begin(self) -> float:
        """The start of the hour whose state the check starts from."""
        before = [row.start for row in self.rows if row.start < self.since]
        return before[-1] if before else self.rows[0].start - HOUR

    def expect(self, plan: Plan) -> None:
        """Note what the recorder has once it has written a plan."""
        self.expected = [
            WrittenHour(self.target, row.start, row.sum) for row in (*plan.rows[-1:], plan.after(self.rows[-1]))
        ]
        self.shift = sum(by for _, by in plan.adjustments)

    def check_live(self, before: RecordedState | None) -> None:
        """Raise RecorderFailedError where the sums that go on have not moved: they would be moved twice."""
        if before is None or self.live is None or before.row.start != self.live.row.start:
            return
        moved = (self.live.row.sum - self.live.row.state) - (before.row.sum - before.row.state)
        if self.shift and not self.live.row.state < before.row.state and not is_same(moved, self.shift):
            raise RecorderFailedError(f"the recorder has not moved the sums of {self.target.entity_id}")


class CounterRepair:
    """Repairs the hours of all counters before a cut-off."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, run: Run) -> None:
        """Check hours up to the cut-off, and keep how far."""
        self._hass = hass
        self._entry = entry
        self._progress = run.progress
        self._outcome = run.outcome
        self._cut_off = run.cut_off
        self._clock_offset = run.clock_offset
        self._lag = lag_of(entry)

    async def async_run(self, targets: Iterable[Target]) -> None:
        """Check and repair. Raises EmsError or RecorderFailedError; what was written until then is whole."""
        targets = [target for target in targets if target.is_counter]
        await self._async_look_into_gaps(targets)
        counters = [_Counter(target, self._progress.since(target.uid)) for target in targets]
        counters = [counter for counter in counters if counter.since < self._cut_off]
        await self._async_read_rows(counters)
        # A sensor without an hour of its own has missed nothing yet.
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

    async def _async_look_into_gaps(self, targets: Iterable[Target]) -> None:
        """Have hours checked again of which the gateway had no history, and now has."""
        for target in targets:
            if (gap := self._progress.gaps.get(target.uid)) is None:
                continue
            start, end = gap
            client, inside = self._entry.runtime_data.client, (start + 1, end - 1)
            if (await async_readings(client, [target.uid], *inside, offset=self._clock_offset)).get(target.uid):
                self._progress.look_again(target.uid, floor_hour(start))
                del self._progress.gaps[target.uid]
            elif self._cut_off - end > _GAP:
                del self._progress.gaps[target.uid]

    async def _async_read_rows(self, counters: list[_Counter]) -> None:
        """Read what the recorder has of some counters."""
        for since in {counter.since for counter in counters}:
            those = [counter for counter in counters if counter.since == since]
            found = await async_hours(self._hass, [each.target for each in those], since - _BASE, self._cut_off)
            for counter in those:
                rows = map(counter_row, found.get(counter.target.entity_id, []))
                counter.rows = [row for row in rows if row is not None]
                counter.live = await async_live(self._hass, counter.target, self._cut_off)

    async def _async_without_settled(self, counters: list[_Counter]) -> list[_Counter]:
        """Return the counters that need a closer look: most have one new hour, and it is right."""
        ordinary = [
            counter
            for counter in counters
            if counter.since == self._cut_off - HOUR
            and [row.start for row in counter.rows[-2:]] == [counter.since - HOUR, counter.since]
        ]
        curves = await self._async_curves(ordinary, self._cut_off - _GLANCE)
        left: list[_Counter] = []
        for counter in counters:
            uid = counter.target.uid
            if counter in ordinary and is_settled(counter.rows[-2], counter.rows[-1], curves[uid], self._lag):
                self._note(counter, Judgement(checked=self._cut_off))
            else:
                left.append(counter)
        return left

    async def _async_without_stuck(self, counters: list[_Counter]) -> list[_Counter]:
        """Return the counters of which something may be repaired: not those that still wait for a state."""
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

    async def _async_curves(self, counters: Iterable[_Counter], start: float) -> dict[int, Curve]:
        """Return the curves of some counters from an instant until now."""
        targets = {counter.target.uid: counter.target for counter in counters}
        if not targets:
            return {}
        now = dt_util.utcnow().timestamp()
        readings = await async_readings(self._entry.runtime_data.client, targets, start, now, offset=self._clock_offset)
        return {
            uid: curve_of(target, readings.get(uid, []), self._progress.taken_back.get(uid, ()))
            for uid, target in targets.items()
        }

    async def _async_repair(self, counters: list[_Counter], start: float) -> None:
        """Fetch the history of some counters, and repair one gap of each after the other."""
        curves = await self._async_curves(counters, start - 2 * HOUR)
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
        """Judge the hours of a counter, and write what makes the first wrong ones right; return whether there were any."""
        judgement = Judge(curve, counter.rows, self._lag).judge(counter.since, self._cut_off, counter.live)
        self._note(counter, judgement)
        plan, target = judgement.plan, counter.target
        if not plan.rows and not plan.adjustments:
            return False
        async_write_counter(self._hass, target, plan)
        # An hour of which only the sum was wrong is repaired without a row.
        self._outcome.wrote(target.uid, target.entity_id, len(plan.rows) or len(plan.adjustments))
        counter.expect(plan)
        return True

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
