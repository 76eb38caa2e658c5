"""Imports the hours before the first recorded one, from the newest to the oldest."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.empty_spans import EmptySpan
from .arithmetic.judging import before_first
from .arithmetic.plan import HistoryMismatchError, Plan
from .arithmetic.rows import HOUR, CounterRow, MeasuredRow, Reading, in_order, measured_rows
from .clock_offset import async_clock_offset
from .counter_repair import curve_of, lag_of
from .database import async_wait
from .hour_ends import async_counter_readings
from .source import async_past_empty_span, async_readings, batches
from .statistics import (
    WrittenHour,
    async_confirm,
    async_cut_off,
    async_first_hours,
    async_write_counter,
    async_write_measured,
)
from .targets import Target, async_targets

#: The earliest start of an import. No gateway has older history.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
#: Seconds of a chunk of counters. Each chunk moves the sums of all hours after it, so a chunk is a week: with days, the
#: rows of a month would be moved up to thirty times.
_COUNTER_CHUNK: Final = 7 * 24 * HOUR
#: Seconds of a chunk of measured values. They have no sums, and all their rows are read.
_MEASURED_CHUNK: Final = 24 * HOUR


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
    is_gone: bool = False
    """Whether it has lost its statistics, or its place in them, while it was imported."""

    def add(self, starts: Sequence[float]) -> None:
        """Add imported hours, by their starts in order."""
        self.until = self.until or starts[-1] + HOUR
        self.hours += len(starts)
        self.first = self.first._replace(start=starts[0])


@dataclass(frozen=True, slots=True)
class Reached:
    """How far an import has come."""

    counters: bool
    """Whether it is at the counters, which come first, or at the measured values."""
    back_to: float
    """All hours from then on are done."""


type _Rows = Plan | list[MeasuredRow]


class HistoryImport:
    """Imports full hours from before the first recorded one: all counters chunk by chunk, then all measured values.

    A chunk of all sensors is written at once, so that an import which ends early leaves all of them equally far back.
    Between two chunks others may read history and write statistics.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EmsConfigEntry,
        *,
        dry_run: bool,
        report: Callable[[Reached], None] | None = None,
    ) -> None:
        """Import for an entry. A dry run does everything but write; `report` is called after each chunk."""
        self._hass = hass
        self._entry = entry
        self._dry_run = dry_run
        self._report = report

    async def async_joinable(self, targets: Collection[Target]) -> list[SensorImport]:
        """Return the sensors with a completed recorded hour: only these can be joined to older hours.

        Raises RecorderFailedError.
        """
        cut_off = await async_cut_off(self._hass)
        first = await async_first_hours(self._hass, targets)
        return [
            SensorImport(target=target, first=row)
            for target in targets
            if (row := first.get(target.entity_id)) is not None and row.start < cut_off
        ]

    async def async_run(self, targets: Collection[Target], start: float) -> list[SensorImport]:
        """Import from a full hour on. Raises EmsError or RecorderFailedError."""
        sensors = await self.async_joinable(targets)
        await self.async_import(sensors, start)
        return sensors

    async def async_import(self, sensors: Collection[SensorImport], start: float) -> None:
        """Import sensors that are joinable, counters first. Raises EmsError or RecorderFailedError.

        After an error or a cancellation the statistics are consistent, and another import goes on from there.
        """
        for counters, length in ((True, _COUNTER_CHUNK), (False, _MEASURED_CHUNK)):
            await self._async_walk([each for each in sensors if each.target.is_counter is counters], start, length)

    async def _async_walk(self, sensors: list[SensorImport], start: float, length: float) -> None:
        """Import sensors of one kind, from their newest missing hour on."""
        end = max((sensor.first.start for sensor in sensors), default=start)
        known: float | None = None
        self._report_progress(sensors, end)
        while end > start and sensors:
            async with self._entry.runtime_data.history.reading():
                sensors = await self._async_current(sensors)
                begin = max(start, end - length)
                read = await self._async_chunk(sensors, begin, end)
                known, end = read or known, begin
                if read is None and end > start:
                    uids = [sensor.target.uid for sensor in sensors]
                    span = EmptySpan(begin, start, length)
                    end = await async_past_empty_span(self._entry.runtime_data.client, uids, span, known)
            self._report_progress(sensors, end)

    def _report_progress(self, sensors: Sequence[SensorImport], end: float) -> None:
        """Report how far sensors of one kind are."""
        if sensors and self._report is not None:
            self._report(Reached(sensors[0].target.is_counter, end))

    async def _async_current(self, sensors: Iterable[SensorImport]) -> list[SensorImport]:
        """Return the sensors to continue with, updated: their unit, ID or first hour may have changed meanwhile."""
        sensors = [sensor for sensor in sensors if sensor.reason is None]
        if self._dry_run:
            return sensors
        # Rows of a cancelled import may still be in the recorder's queue.
        await async_wait(self._hass)
        targets = {target.uid: target for target in await async_targets(self._hass, self._entry)}
        first = await async_first_hours(self._hass, targets.values())
        for sensor in sensors:
            sensor.target = targets.get(sensor.target.uid, sensor.target)
            sensor.first = first.get(sensor.target.entity_id, sensor.first)
            sensor.is_gone = sensor.target.uid not in targets or sensor.target.entity_id not in first
        return [sensor for sensor in sensors if not sensor.is_gone]

    async def _async_chunk(self, sensors: Iterable[SensorImport], begin: float, end: float) -> float | None:
        """Import the hours between two instants. Return the time of one of the readings there, None without any."""
        groups: defaultdict[float, list[SensorImport]] = defaultdict(list)
        for sensor in sensors:
            if sensor.first.start > begin:
                groups[min(sensor.first.start, end)].append(sensor)
        read: float | None = None
        found: list[tuple[SensorImport, _Rows]] = []
        for until, group in groups.items():
            async with aclosing(self._async_readings(group, begin, until)) as parts:
                async for readings in parts:
                    for sensor in group:
                        if own := readings.get(sensor.target.uid):
                            read = own[0].end
                            if (rows := self._rows(sensor, own, begin)) is not None:
                                found.append((sensor, rows))
        await self._async_write(found)
        return read

    async def _async_readings(
        self, sensors: list[SensorImport], begin: float, end: float
    ) -> AsyncGenerator[dict[int, list[Reading]]]:
        """Yield the readings between two full hours, of as many sensors of one kind at a time as fit into memory."""
        client, offset = self._entry.runtime_data.client, await async_clock_offset(self._entry)
        targets = [sensor.target for sensor in sensors]
        if targets[0].is_counter:
            async with aclosing(async_counter_readings(client, targets, begin, end, offset=offset)) as parts:
                async for readings in parts:
                    yield readings
        else:
            for batch in batches(targets, end - begin):
                yield await async_readings(client, [target.uid for target in batch], begin, end, offset=offset)

    def _rows(self, sensor: SensorImport, readings: list[Reading], begin: float) -> _Rows | None:
        """Return the hours of a sensor from `begin` to its first recorded one, None where there are none."""
        if not sensor.target.is_counter:
            rows = measured_rows(in_order(sensor.target.readings(readings)))
            return [row for row in rows if begin <= row.start < sensor.first.start] or None
        try:
            plan = before_first(curve_of(sensor.target, readings), sensor.first, begin, lag_of(self._entry))
        except HistoryMismatchError as reason:
            sensor.reason = reason
            return None
        return plan if plan.rows else None

    async def _async_write(self, found: Iterable[tuple[SensorImport, _Rows]]) -> None:
        """Write the rows of a chunk at once, and confirm the oldest hour of each sensor."""
        written: list[WrittenHour] = []
        for sensor, rows in found:
            target = sensor.target
            if isinstance(rows, Plan):
                written.append(WrittenHour(target, rows.rows[0].start, rows.rows[0].sum))
                sensor.first = rows.rows[0]
                sensor.add([row.start for row in rows.rows])
                if not self._dry_run:
                    async_write_counter(self._hass, target, rows)
            else:
                written.append(WrittenHour(target, rows[0].start, rows[0].mean))
                sensor.add([row.start for row in rows])
                if not self._dry_run:
                    async_write_measured(self._hass, target, rows)
        if written and not self._dry_run:
            await async_confirm(self._hass, written)
