"""The repair of measured values: mean, minimum and maximum of missed hours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.components.recorder.statistics import StatisticsRow
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.measured import measured_gaps, measured_repair
from .arithmetic.plan import Refusal
from .arithmetic.rows import HOUR, MeasuredRow, is_same
from .progress import Run
from .source import async_readings, batches
from .statistics import WrittenHour, async_confirm, async_hours, async_write_measured
from .targets import Target

#: Seconds before and after the missed hours in which the recorded hours are compared with history.
_BESIDE: Final = 3 * HOUR


class MeasuredRepair:
    """Repairs the missed hours of all measured values before a cut-off."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, run: Run, flat_before: float) -> None:
        """Check hours up to the cut-off; those before `flat_before` may repeat a value through a downtime."""
        self._hass = hass
        self._entry = entry
        self._progress = run.progress
        self._outcome = run.outcome
        self._cut_off = run.cut_off
        self._times = run.times
        self._flat_before = flat_before

    async def async_run(self, targets: Iterable[Target]) -> None:
        """Check and repair. Raises EmsError or RecorderFailedError."""
        groups: defaultdict[float, list[Target]] = defaultdict(list)
        for target in targets:
            if not target.is_counter and self._progress.since(target.uid) < self._cut_off:
                groups[self._progress.since(target.uid)].append(target)
        for since, group in groups.items():
            await self._async_check(group, since)

    async def _async_check(self, targets: list[Target], since: float) -> None:
        """Check sensors from an hour on, and repair those that missed the same hours together."""
        found = await async_hours(self._hass, targets, since - HOUR - _BESIDE, self._cut_off)
        recorded = {target.uid: _measured(found.get(target.entity_id, [])) for target in targets}
        groups: defaultdict[tuple[frozenset[float], frozenset[float]], list[Target]] = defaultdict(list)
        for target in targets:
            rows = recorded[target.uid]
            # A sensor cannot miss hours before its first one.
            begin = max(since, min(rows, default=self._cut_off))
            missed = frozenset(measured_gaps(rows, begin, self._cut_off, self._flat_before))
            short = self._progress.cut_short.get(target.uid, self._cut_off)
            if missed or short < self._cut_off:
                groups[missed, frozenset({short} if short < self._cut_off else ())].append(target)
            else:
                self._done(target, missed)
        for (missed, cut), group in groups.items():
            start, end = min(missed | cut) - HOUR - _BESIDE, max(missed | cut) + 2 * HOUR + _BESIDE
            for batch in batches(group, end - start):
                await self._async_repair(batch, recorded, (missed, cut), (start, min(end, self._cut_off)))

    async def _async_repair(
        self,
        targets: list[Target],
        recorded: Mapping[int, Mapping[float, MeasuredRow]],
        wanted: tuple[frozenset[float], frozenset[float]],
        span: tuple[float, float],
    ) -> None:
        """Fetch the history of sensors, and write the hours that they missed."""
        uids = [target.uid for target in targets]
        readings = await async_readings(self._entry.runtime_data.client, uids, *self._times.span(*span))
        written: list[WrittenHour] = []
        for target in targets:
            kept = recorded[target.uid]
            placed = self._times.placed(readings.get(target.uid, []), *span)
            rows = measured_repair(target.readings(placed), kept, *wanted)
            if rows is None:
                self._refuse(target)
                continue
            begin = min(kept, default=self._cut_off)
            rows = [row for row in rows if begin <= row.start < self._cut_off and not _is_kept(row, kept)]
            if rows:
                async_write_measured(self._hass, target, rows)
                self._outcome.wrote(target.uid, target.entity_id, len(rows))
                written.append(WrittenHour(target, rows[-1].start, rows[-1].mean))
            self._done(target, wanted[0])
        if written:
            await async_confirm(self._hass, written)

    def _refuse(self, target: Target) -> None:
        """Leave a sensor as it is, and note the reason."""
        now = dt_util.utcnow().timestamp()
        self._progress.wait(target.uid, Refusal.OTHER_MEANS, now)
        self._outcome.refuse(target.uid, target.entity_id, Refusal.OTHER_MEANS)

    def _done(self, target: Target, missed: frozenset[float]) -> None:
        """Note that all hours of a sensor are checked, and the hour that follows a gap which is not over."""
        self._progress.checked[target.uid] = self._cut_off
        self._progress.waiting.pop(target.uid, None)
        self._progress.cut_short.pop(target.uid, None)
        if self._cut_off - HOUR in missed:
            self._progress.cut_short[target.uid] = self._cut_off


def _measured(rows: Iterable[StatisticsRow]) -> dict[float, MeasuredRow]:
    """Return the recorded hours of a measured value by start."""
    found: dict[float, MeasuredRow] = {}
    for row in rows:
        mean, low, high = row.get("mean"), row.get("min"), row.get("max")
        if mean is not None and low is not None and high is not None:
            found[row["start"]] = MeasuredRow(row["start"], mean, low, high)
    return found


def _is_kept(row: MeasuredRow, kept: Mapping[float, MeasuredRow]) -> bool:
    """Return whether an hour is recorded with these values already, as it is for a load that was off."""
    there = kept.get(row.start)
    return there is not None and all(map(is_same, row[1:4], there[1:4], strict=True))
