"""The time before Home Assistant was there: the gateway's hours put in front of the recorded ones."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .counter_repair import rules_for
from .empty_spans import EmptySpan
from .gaps import Counter
from .plan import Disagreement
from .rows import HOUR, CounterRow, Reading, in_order, measured_rows
from .source import async_past_empty_span, async_readings, batches
from .statistics import (
    Written,
    async_confirm,
    async_cut_off,
    async_first_hours,
    async_write_counter,
    async_write_measured,
)
from .targets import Target

#: No gateway has history from before, and no table of time zones is wrong after it.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
#: Hours that are fetched and written in one go; an import that is broken off goes on from there.
_STEP: Final = 7 * 24 * HOUR


@dataclass(slots=True, kw_only=True)
class Imported:
    """What became of one sensor, or would become of it."""

    target: Target
    first: CounterRow
    """The first hour there is; of a measured value only its start counts."""
    hours: int = 0
    until: float = 0.0
    """The end of the last imported hour."""
    reason: Disagreement | None = None
    """Why no more was written."""

    def add(self, start: float, end: float, count: int) -> None:
        """Count hours that go from `start` to `end`."""
        self.until = self.until or end
        self.hours += count
        self.first = self.first._replace(start=start)


class Tally:
    """Counts the hours of all sensors that have been looked at."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        """Tell `report` how many hours are done, and of how many."""
        self._report = report
        self.total = 0.0
        self.done = 0.0

    def show(self, ahead: float = 0.0) -> None:
        """Tell how far it is; `ahead` are hours that have been read and not yet written."""
        if self._report is not None:
            self._report(round(self.done + ahead), round(self.total))

    def part(self, hours: float) -> Callable[[float], None]:
        """Return what is told the share, 0 to 1, that has been read of the next so many hours."""
        return lambda share: self.show(share * hours)

    def add(self, hours: float) -> None:
        """Count hours that are done with."""
        self.done += hours
        self.show()


class DeepImport:
    """Imports full hours from before the first recorded one, from the newest to the oldest."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EmsConfigEntry,
        *,
        dry_run: bool,
        report: Callable[[int, int], None] | None = None,
    ) -> None:
        """Import for an entry; in a dry run everything but the writing is done.

        `report` is told hours of sensors, those done and all of them, as the history is read.
        """
        self._hass = hass
        self._entry = entry
        self._dry_run = dry_run
        self._tally = Tally(report)
        #: The oldest hour of each sensor that the recorder was given.
        self._written: dict[int, Written] = {}

    async def async_run(self, targets: Iterable[Target], start: float) -> list[Imported]:
        """Import from a full hour on. Raises an EmsError or a RecorderFailedError; what was written until then is whole.

        That is so too where the run is cancelled: a week of a sensor is written in one go, or not at all.
        """
        async with self._entry.runtime_data.history.lock:
            cut_off = await async_cut_off(self._hass)
            first = await async_first_hours(self._hass, targets)
            # A sum can only be moved once it is there, and an hour be joined to one that is over.
            sensors = [
                Imported(target=target, first=row)
                for target in targets
                if (row := first.get(target.entity_id)) is not None
            ]
            groups: defaultdict[float, list[Imported]] = defaultdict(list)
            for sensor in sensors:
                if sensor.first.start < cut_off:
                    groups[sensor.first.start].append(sensor)
            self._tally.total = sum(_sensor_hours(group, start, end) for end, group in groups.items())
            self._tally.show()
            for end, group in groups.items():
                for batch in batches(group, _STEP):
                    await self._async_import(batch, start, end)
            await async_confirm(self._hass, self._written.values())
        return sensors

    async def _async_import(self, sensors: list[Imported], start: float, end: float) -> None:
        """Import some sensors of which the hours begin at the same time."""
        known: float | None = None
        while end > start and (left := [sensor for sensor in sensors if sensor.reason is None]):
            begin = max(start, end - _STEP)
            step = _sensor_hours(sensors, begin, end)
            read = await self._async_step(left, begin, end, self._tally.part(step))
            end = begin
            self._tally.add(step)
            if read is None and end > start:
                uids = [sensor.target.uid for sensor in left]
                end = await async_past_empty_span(
                    self._entry.runtime_data.client, uids, EmptySpan(begin, start, _STEP), known
                )
                self._tally.add(_sensor_hours(sensors, end, begin))
            known = known if read is None else read
        # What is left of sensors that were refused is not going to be done.
        self._tally.add(_sensor_hours(sensors, start, end))

    async def _async_step(
        self, sensors: list[Imported], begin: float, end: float, progress: Callable[[float], None]
    ) -> float | None:
        """Import a week, and forget its readings before the next; return when one of them was, None without any."""
        readings = await async_readings(
            self._entry.runtime_data.client,
            [sensor.target.uid for sensor in sensors],
            begin - HOUR,
            # Beyond the first recorded hour: else nothing tells that its reading is too high.
            end + 2 * HOUR,
            progress,
        )
        for sensor in sensors:
            own = sensor.target.readings(readings.get(sensor.target.uid, []))
            if sensor.target.is_counter:
                self._import_counter(sensor, own, begin)
            else:
                self._import_measured(sensor, own, begin)
        return next((found[0].end for found in readings.values()), None)

    def _import_counter(self, sensor: Imported, readings: list[Reading], begin: float) -> None:
        """Put a counter's hours in front, and move what was recorded onto them."""
        try:
            plan = Counter(readings, rules_for(self._hass, self._entry, sensor.target)).before(sensor.first, begin)
        except Disagreement as reason:
            sensor.reason = reason
            return
        if not plan.rows:
            return
        if not self._dry_run:
            async_write_counter(self._hass, sensor.target, plan)
            self._written[sensor.target.uid] = Written(sensor.target, plan.rows[0].start, plan.rows[0].sum)
        sensor.add(plan.rows[0].start, plan.rows[-1].start + HOUR, len(plan.rows))
        sensor.first = plan.rows[0]

    def _import_measured(self, sensor: Imported, readings: list[Reading], begin: float) -> None:
        """Put a measured value's hours in front."""
        rows = [row for row in measured_rows(in_order(readings)) if begin <= row.start < sensor.first.start]
        if rows:
            if not self._dry_run:
                async_write_measured(self._hass, sensor.target, rows)
                self._written[sensor.target.uid] = Written(sensor.target, rows[0].start, rows[0].mean)
            sensor.add(rows[0].start, rows[-1].start + HOUR, len(rows))


def _sensor_hours(sensors: list[Imported], start: float, end: float) -> float:
    """Return the hours of some sensors between two instants, 0 where the end comes first."""
    return len(sensors) * max(end - start, 0.0) / HOUR
