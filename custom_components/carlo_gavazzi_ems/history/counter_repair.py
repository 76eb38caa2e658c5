"""The repair of counters: which hours, from which readings, onto which rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance

from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome

from .gaps import Counter, suspects
from .plan import Disagreement, Junction, Rules
from .rows import HOUR, CounterRow
from .source import async_readings, batches
from .statistics import Written, async_hours, async_live, async_write_counter, counter_row
from .targets import Target

_DAY: Final = 86_400.0
#: Seconds that a counter's value waits at most before it is written down, unless the options stretch them.
_PUBLISHING: Final = 3600.0 / 59
#: Seconds that a poll itself may take.
_ANSWER: Final = 5.0
#: Hours that are held against history one by one, though nothing in the rows looks missed.
_VERIFIED: Final = 48
#: Seconds before and after the end of an hour in which history tells the counter's reading then.
_BEFORE, _AFTER = 1200.0, 300.0


@dataclass(slots=True, kw_only=True)
class Suspect:
    """A counter with hours to look at."""

    target: Target
    rows: list[CounterRow]
    """From the last hour before the suspect ones on."""
    until: float
    live: Junction | None


def rules_for(hass: HomeAssistant, entry: EmsConfigEntry, target: Target) -> Rules:
    """Return what is known of a counter and of how it is recorded."""
    options = Options.of(entry)
    return Rules(
        increasing=target.increasing,
        lag=options.scan_interval + _ANSWER + _PUBLISHING * options.throttle,
        # Half a day less: the recorder purges at night.
        kept=(get_instance(hass).keep_days - 0.5) * _DAY,
    )


class CounterRepair:
    """Repairs the hours of all counters before a cut-off."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, cut_off: float, outcome: Outcome, *, early: bool = False
    ) -> None:
        """Touch only hours before the cut-off, and keep what was done in `outcome`; nothing is refused `early`."""
        self._hass = hass
        self._entry = entry
        self._cut_off = cut_off
        self._outcome = outcome
        self._early = early
        #: Sensors that have to wait until a state is recorded after the gap: signal UID -> the hour to begin with.
        self.pending: dict[str, float] = {}
        #: What the recorder was given, an hour or two of each counter.
        self.written: list[Written] = []

    async def async_run(self, targets: list[Target], since: float, pending: dict[str, float]) -> None:
        """Look at the hours of counters since `since`, of some since earlier. Raises an EmsError."""
        counters = [target for target in targets if target.is_counter]
        earliest = min([since, *(pending[str(t.uid)] for t in counters if str(t.uid) in pending)]) - HOUR
        found = await async_hours(self._hass, counters, earliest, self._cut_off)
        # What waits for a state after its gap began before the hours that are looked at for the first time.
        begin = {target.entity_id: min(since, pending.get(str(target.uid), since)) for target in counters}
        rows = {
            target.entity_id: [
                row
                for item in found.get(target.entity_id, [])
                if (row := counter_row(item)) is not None and row.start >= begin[target.entity_id] - HOUR
            ]
            for target in counters
        }
        stale = await self._async_stale(counters, rows, begin)
        groups: defaultdict[tuple[float, float], list[Suspect]] = defaultdict(list)
        for target in counters:
            suspect = await self._async_suspect(
                target, rows[target.entity_id], stale[target.entity_id], begin[target.entity_id]
            )
            if suspect is not None:
                groups[suspect.rows[0].start, suspect.until].append(suspect)
        for (start, until), group in groups.items():
            for batch in batches(group, until - start + 3 * HOUR):
                await self._async_repair(batch, start, until, pending)

    async def _async_stale(
        self, counters: list[Target], rows: dict[str, list[CounterRow]], since: dict[str, float]
    ) -> dict[str, set[float]]:
        """Return the hours of which the row is not what history tells: cut short by an outage shorter than an hour."""
        stale: dict[str, set[float]] = {target.entity_id: set() for target in counters}
        recorded: defaultdict[float, list[tuple[Target, CounterRow]]] = defaultdict(list)
        for target in counters:
            begin = max(since[target.entity_id], self._cut_off - _VERIFIED * HOUR)
            missed = suspects(rows[target.entity_id])
            for row in rows[target.entity_id]:
                if row.start >= begin and row.start not in missed:
                    recorded[row.start].append((target, row))
        for start, those in recorded.items():
            end = start + HOUR
            uids = [target.uid for target, _ in those]
            readings = await async_readings(self._entry.runtime_data.client, uids, end - _BEFORE, end + _AFTER)
            for target, row in those:
                counter = Counter(target.readings(readings.get(target.uid, [])), self._rules(target))
                if not counter.is_fresh(Junction(row, end)):
                    stale[target.entity_id].add(start)
        return stale

    async def _async_suspect(
        self, target: Target, rows: list[CounterRow], stale: set[float], since: float
    ) -> Suspect | None:
        """Return what there is to look at, None where there is nothing, or not yet."""
        if not rows:
            return None
        live = await async_live(self._hass, target, self._cut_off)
        known = [*rows, live.row] if live is not None else rows
        hours = suspects(known) | stale
        tail = _tail(rows, self._cut_off)
        hours = {hour for hour in hours if hour >= rows[0].start and (hour + HOUR > since or hour in stale or tail)}
        if live is None and (tail is not None or rows[-1].start in hours):
            # What comes after the last gap is not recorded yet; those before it wait too.
            self.pending[str(target.uid)] = min([*hours, rows[-1].start if tail is None else tail])
            return None
        if not hours:
            return None
        base = next((row for row in reversed(rows) if row.start < min(hours)), rows[0])
        after = next((row for row in rows if row.start > max(hours)), None)
        until = self._cut_off if after is None else after.start + HOUR
        return Suspect(
            target=target, rows=[row for row in rows if base.start <= row.start < until], until=until, live=live
        )

    async def _async_repair(self, group: list[Suspect], start: float, until: float, pending: dict[str, float]) -> None:
        """Fetch the history of some counters, and write what it shows to be missing."""
        uids = [suspect.target.uid for suspect in group]
        readings = await async_readings(self._entry.runtime_data.client, uids, start - HOUR, until + HOUR)
        for suspect in group:
            target = suspect.target
            counter = Counter(target.readings(readings.get(target.uid, [])), self._rules(target))
            live = suspect.live if suspect.until == self._cut_off else None
            try:
                plan = counter.repair(suspect.rows, suspect.until, live)
            except Disagreement as reason:
                # The state may not have settled yet; a second look, a quarter past an hour, is the last.
                if live is not None and (self._early or str(target.uid) not in pending):
                    self.pending[str(target.uid)] = start
                else:
                    self._outcome.refuse(target.uid, target.entity_id, str(reason))
                continue
            if plan.rows or plan.adjustments:
                async_write_counter(self._hass, target, plan)
                # An hour of which only the sum was off is repaired without a row.
                self._outcome.wrote(target.uid, target.entity_id, len(plan.rows) or len(plan.adjustments))
                last = plan.after(suspect.rows[-1])
                self.written += [Written(target, row.start, row.sum) for row in (*plan.rows[-1:], last)]

    def _rules(self, target: Target) -> Rules:
        return rules_for(self._hass, self._entry, target)


def _tail(rows: Iterable[CounterRow], cut_off: float) -> float | None:
    """Return since when the last rows show no change or are missing, None where the last hour has a change."""
    *_, last = rows
    since = None if last.start + HOUR >= cut_off else last.start
    for row in reversed(list(rows)):
        if row.state != last.state:
            break
        if row is not last:
            since = row.start
    return since
