"""The repair of counters: finds wrong and missing hours and writes them from the gateway's history."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from custom_components.carlo_gavazzi_ems.const import CONF_THROTTLE, DEFAULT_SCAN_INTERVAL
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome

from .arithmetic.gaps import Counter, missed_counter_hours
from .arithmetic.plan import HistoryMismatchError, RecordedState, Rules
from .arithmetic.rows import HOUR, CounterRow
from .source import async_readings, batches
from .statistics import WrittenHour, async_hours, async_live, async_write_counter, counter_row
from .targets import Target

_DAY: Final = 86_400.0
#: Seconds that the throttle holds a counter's value at most, before the factor of the options.
_THROTTLED: Final = 3600.0 / 59
#: Seconds that a poll may take.
_POLL: Final = 5.0
#: Recent hours that are each compared with history even if nothing looks missed.
_VERIFIED: Final = 48
#: Seconds of history to read before and after the end of an hour for the reading at that time.
_BEFORE, _AFTER = 1200.0, 300.0


@dataclass(slots=True, kw_only=True)
class CounterCheck:
    """A counter with hours to check against history."""

    target: Target
    rows: list[CounterRow]
    """The hours to check, and the last one before them."""
    until: float
    live: RecordedState | None


def rules_for(hass: HomeAssistant, entry: EmsConfigEntry, target: Target) -> Rules:
    """Return how a counter behaves and how it is recorded."""
    interval = entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)
    return Rules(
        increasing=target.increasing,
        lag=interval + _POLL + _THROTTLED * entry.options.get(CONF_THROTTLE, 1.0),
        # Half a day less, because the recorder purges at night.
        kept=(get_instance(hass).keep_days - 0.5) * _DAY,
    )


class CounterRepair:
    """Repairs the hours of all counters before a cut-off."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, cut_off: float, outcome: Outcome, *, early: bool = False
    ) -> None:
        """Write only hours before `cut_off`, and add the results to `outcome`. An `early` run refuses nothing."""
        self._hass = hass
        self._entry = entry
        self._cut_off = cut_off
        self._outcome = outcome
        self._early = early
        #: Sensors that wait for a state after their gap: signal UID -> the hour to start with.
        self.pending: dict[str, float] = {}
        #: One or two of the hours given to the recorder for each counter, to confirm them later.
        self.written: list[WrittenHour] = []

    async def async_run(self, targets: list[Target], since: float, pending: dict[str, float]) -> None:
        """Check and repair the hours since `since`, those of `pending` counters since their own. Raises EmsError."""
        counters = [target for target in targets if target.is_counter]
        earliest = min([since, *(pending[str(t.uid)] for t in counters if str(t.uid) in pending)]) - HOUR
        found = await async_hours(self._hass, counters, earliest, self._cut_off)
        # A pending gap began before the hours that are new in this run.
        begin = {target.entity_id: min(since, pending.get(str(target.uid), since)) for target in counters}
        rows = {
            target.entity_id: [
                row
                for item in found.get(target.entity_id, [])
                if (row := counter_row(item)) is not None and row.start >= begin[target.entity_id] - HOUR
            ]
            for target in counters
        }
        wrong = await self._async_wrong_hours(counters, rows, begin)
        groups: defaultdict[tuple[float, float], list[CounterCheck]] = defaultdict(list)
        for target in counters:
            check = await self._async_check_for(
                target, rows[target.entity_id], wrong[target.entity_id], begin[target.entity_id]
            )
            if check is not None:
                groups[check.rows[0].start, check.until].append(check)
        for (start, until), group in groups.items():
            for batch in batches(group, until - start + 3 * HOUR):
                await self._async_repair(batch, start, until, pending)

    async def _async_wrong_hours(
        self, counters: list[Target], rows: dict[str, list[CounterRow]], since: dict[str, float]
    ) -> dict[str, set[float]]:
        """Return the hours that history contradicts, such as those with an outage of less than an hour."""
        wrong: dict[str, set[float]] = {target.entity_id: set() for target in counters}
        recorded: defaultdict[float, list[tuple[Target, CounterRow]]] = defaultdict(list)
        for target in counters:
            begin = max(since[target.entity_id], self._cut_off - _VERIFIED * HOUR)
            missed = missed_counter_hours(rows[target.entity_id])
            for row in rows[target.entity_id]:
                if row.start >= begin and row.start not in missed:
                    recorded[row.start].append((target, row))
        for start, those in recorded.items():
            end = start + HOUR
            uids = [target.uid for target, _ in those]
            readings = await async_readings(self._entry.runtime_data.client, uids, end - _BEFORE, end + _AFTER)
            for target, row in those:
                counter = Counter(target.readings(readings.get(target.uid, [])), self._rules(target))
                if not counter.is_fresh(RecordedState(row, end)):
                    wrong[target.entity_id].add(start)
        return wrong

    async def _async_check_for(
        self, target: Target, rows: list[CounterRow], wrong: set[float], since: float
    ) -> CounterCheck | None:
        """Return the hours to check, None if there are none or they have to wait."""
        if not rows:
            return None
        live = await async_live(self._hass, target, self._cut_off)
        known = [*rows, live.row] if live is not None else rows
        hours = missed_counter_hours(known) | wrong
        tail = _tail(rows, self._cut_off)
        hours = {hour for hour in hours if hour >= rows[0].start and (hour + HOUR > since or hour in wrong or tail)}
        if live is None and (tail is not None or rows[-1].start in hours):
            # No state after the last gap is recorded yet. Earlier gaps wait with it.
            self.pending[str(target.uid)] = min([*hours, rows[-1].start if tail is None else tail])
            return None
        if not hours:
            return None
        base = next((row for row in reversed(rows) if row.start < min(hours)), rows[0])
        after = next((row for row in rows if row.start > max(hours)), None)
        until = self._cut_off if after is None else after.start + HOUR
        return CounterCheck(
            target=target, rows=[row for row in rows if base.start <= row.start < until], until=until, live=live
        )

    async def _async_repair(
        self, group: list[CounterCheck], start: float, until: float, pending: dict[str, float]
    ) -> None:
        """Read the history of some counters and write the missing hours."""
        uids = [check.target.uid for check in group]
        readings = await async_readings(self._entry.runtime_data.client, uids, start - HOUR, until + HOUR)
        for check in group:
            target = check.target
            counter = Counter(target.readings(readings.get(target.uid, [])), self._rules(target))
            live = check.live if check.until == self._cut_off else None
            try:
                plan = counter.repair(check.rows, check.until, live)
            except HistoryMismatchError as reason:
                # The state may not have settled yet. The second look, a quarter past the hour, decides.
                if live is not None and (self._early or str(target.uid) not in pending):
                    self.pending[str(target.uid)] = start
                else:
                    self._outcome.refuse(target.uid, target.entity_id, str(reason))
                continue
            if plan.rows or plan.adjustments:
                async_write_counter(self._hass, target, plan)
                # If only the sum was wrong, there are adjustments and no rows.
                self._outcome.wrote(target.uid, target.entity_id, len(plan.rows) or len(plan.adjustments))
                last = plan.after(check.rows[-1])
                self.written += [WrittenHour(target, row.start, row.sum) for row in (*plan.rows[-1:], last)]

    def _rules(self, target: Target) -> Rules:
        return rules_for(self._hass, self._entry, target)


def _tail(rows: Iterable[CounterRow], cut_off: float) -> float | None:
    """Return the first hour of a tail without change or rows, None if the last hour has a change."""
    *_, last = rows
    since = None if last.start + HOUR >= cut_off else last.start
    for row in reversed(list(rows)):
        if row.state != last.state:
            break
        if row is not last:
            since = row.start
    return since
