"""The import of hours from before the first recorded one."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.empty_spans import EmptySpan
from .arithmetic.judging import before_first
from .arithmetic.plan import HistoryMismatchError
from .arithmetic.rows import HOUR, CounterRow, Reading, in_order, measured_rows
from .clock_offset import async_clock_offset
from .counter_repair import curve_of, lag_of
from .source import async_past_empty_span, async_readings, batches
from .statistics import (
    WrittenHour,
    async_confirm,
    async_cut_off,
    async_first_hours,
    async_write_counter,
    async_write_measured,
)
from .targets import Target

#: The earliest start of an import. No gateway has older history.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
#: Seconds that are read and written in one step. An import that was stopped continues from the last step.
_STEP: Final = 7 * 24 * HOUR


@dataclass(slots=True, kw_only=True)
class SensorImport:
    """The result for one sensor, or the expected result of a dry run."""

    target: Target
    first: CounterRow
    """The first hour in the statistics. For a measured value only its start is used."""
    hours: int = 0
    until: float = 0.0
    """The end of the last imported hour."""
    reason: HistoryMismatchError | None = None
    """Why the import of this sensor ended early."""

    def add(self, start: float, end: float, count: int) -> None:
        """Add imported hours from `start` to `end`."""
        self.until = self.until or end
        self.hours += count
        self.first = self.first._replace(start=start)


class ImportProgress:
    """Counts the processed hours of all sensors."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        """Call `report` with the hours done and the hours in total."""
        self._report = report
        self.total = 0.0
        self.done = 0.0

    def show(self, ahead: float = 0.0) -> None:
        """Report the progress; `ahead` are hours read and not yet written."""
        if self._report is not None:
            self._report(round(self.done + ahead), round(self.total))

    def part(self, hours: float) -> Callable[[float], None]:
        """Return a callback that takes the share, 0 to 1, read of the next `hours`."""
        return lambda share: self.show(share * hours)

    def add(self, hours: float) -> None:
        """Add processed hours."""
        self.done += hours
        self.show()


class HistoryImport:
    """Imports full hours from before the first recorded one, from the newest to the oldest."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EmsConfigEntry,
        *,
        dry_run: bool,
        report: Callable[[int, int], None] | None = None,
    ) -> None:
        """Import for an entry. A dry run does everything but write.

        `report` is called with the sensor hours done and in total while the history is read.
        """
        self._hass = hass
        self._entry = entry
        self._dry_run = dry_run
        self._progress = ImportProgress(report)
        self._clock_offset = 0.0
        #: The oldest hour written for each sensor.
        self._written: dict[int, WrittenHour] = {}

    async def async_run(self, targets: Iterable[Target], start: float) -> list[SensorImport]:
        """Import from a full hour on. Raises EmsError or RecorderFailedError.

        After an error or a cancellation the statistics are consistent: a week of a sensor is written whole or not at all.
        """
        async with self._entry.runtime_data.history.reading():
            cut_off = await async_cut_off(self._hass)
            self._clock_offset = await async_clock_offset(self._entry)
            first = await async_first_hours(self._hass, targets)
            # Only a sensor with a completed recorded hour can be joined to its past.
            sensors = [
                SensorImport(target=target, first=row)
                for target in targets
                if (row := first.get(target.entity_id)) is not None
            ]
            groups: defaultdict[float, list[SensorImport]] = defaultdict(list)
            for sensor in sensors:
                if sensor.first.start < cut_off:
                    groups[sensor.first.start].append(sensor)
            self._progress.total = sum(_sensor_hours(group, start, end) for end, group in groups.items())
            self._progress.show()
            for end, group in groups.items():
                for batch in batches(group, _STEP):
                    await self._async_import(batch, start, end)
            await async_confirm(self._hass, self._written.values())
        return sensors

    async def _async_import(self, sensors: list[SensorImport], start: float, end: float) -> None:
        """Import sensors whose recorded hours start at the same time."""
        known: float | None = None
        while end > start and (left := [sensor for sensor in sensors if sensor.reason is None]):
            begin = max(start, end - _STEP)
            step = _sensor_hours(sensors, begin, end)
            read = await self._async_step(left, begin, end, self._progress.part(step))
            end = begin
            self._progress.add(step)
            if read is None and end > start:
                uids = [sensor.target.uid for sensor in left]
                end = await async_past_empty_span(
                    self._entry.runtime_data.client, uids, EmptySpan(begin, start, _STEP), known
                )
                self._progress.add(_sensor_hours(sensors, end, begin))
            known = known if read is None else read
        # Refused sensors skip their remaining hours.
        self._progress.add(_sensor_hours(sensors, start, end))

    async def _async_step(
        self, sensors: list[SensorImport], begin: float, end: float, progress: Callable[[float], None]
    ) -> float | None:
        """Import a week. Return the time of one of its readings, None without any."""
        readings = await async_readings(
            self._entry.runtime_data.client,
            [sensor.target.uid for sensor in sensors],
            begin - HOUR,
            # Beyond the first recorded hour, as an upper bound for its reading.
            end + 2 * HOUR,
            progress,
            offset=self._clock_offset,
        )
        for sensor in sensors:
            own = readings.get(sensor.target.uid, [])
            if sensor.target.is_counter:
                self._import_counter(sensor, own, begin)
            else:
                self._import_measured(sensor, sensor.target.readings(own), begin)
        return next((found[0].end for found in readings.values()), None)

    def _import_counter(self, sensor: SensorImport, readings: list[Reading], begin: float) -> None:
        """Write the hours of a counter, and adjust the recorded sums to continue from them."""
        try:
            plan = before_first(curve_of(sensor.target, readings), sensor.first, begin, lag_of(self._entry))
        except HistoryMismatchError as reason:
            sensor.reason = reason
            return
        if not plan.rows:
            return
        if not self._dry_run:
            async_write_counter(self._hass, sensor.target, plan)
            self._written[sensor.target.uid] = WrittenHour(sensor.target, plan.rows[0].start, plan.rows[0].sum)
        sensor.add(plan.rows[0].start, plan.rows[-1].start + HOUR, len(plan.rows))
        sensor.first = plan.rows[0]

    def _import_measured(self, sensor: SensorImport, readings: list[Reading], begin: float) -> None:
        """Write the hours of a measured value."""
        rows = [row for row in measured_rows(in_order(readings)) if begin <= row.start < sensor.first.start]
        if rows:
            if not self._dry_run:
                async_write_measured(self._hass, sensor.target, rows)
                self._written[sensor.target.uid] = WrittenHour(sensor.target, rows[0].start, rows[0].mean)
            sensor.add(rows[0].start, rows[-1].start + HOUR, len(rows))


def _sensor_hours(sensors: list[SensorImport], start: float, end: float) -> float:
    """Return the number of sensor hours between two instants, 0 if the end is before the start."""
    return len(sensors) * max(end - start, 0.0) / HOUR
