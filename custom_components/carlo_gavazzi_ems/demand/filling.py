"""Missed periods, from the gateway's history."""

from collections import defaultdict
from collections.abc import Collection
import logging
import time
from typing import Final

from homeassistant.core import callback

from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.history.clock_offset import async_clock_offset
from custom_components.carlo_gavazzi_ems.history.source import async_rows
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .arithmetic import CLOSE, Counted, Row, beginning, energy
from .meter import DemandMeter

_LOGGER = logging.getLogger(__name__)

_DAY: Final = 24 * 3600.0
#: Seconds before and after the missed periods that are read too: rows may be as long, and reveal wrong readings.
_MARGIN: Final = 3600.0
#: Seconds between two checks for missing periods.
_LOOK: Final = 60.0
#: Seconds between two attempts at the same periods: a row may take a minute to close, or an hour.
_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 3600.0


class Filling:
    """Reads the history of one load for the periods that it has missed.

    Periods that history lacks are requested again for a day, at growing intervals; older periods only once.
    """

    def __init__(self, entry: EmsConfigEntry, meter: DemandMeter) -> None:
        """Fill the periods of this load."""
        self._entry = entry
        self.meter = meter
        self._asked: set[float] = set()
        self._left: set[float] = set()
        self._next_look = self._not_before = 0.0
        self._pause = _FIRST_PAUSE

    @callback
    def async_is_due(self) -> bool:
        """Return whether there is something to request now; checked once a minute."""
        now, meter = time.monotonic(), self.meter
        if now < self._next_look or meter.in_doubt or not meter.counters:
            return False
        self._next_look = now + _LOOK
        wanted = self._wanted()
        return bool(wanted) and (set(wanted) != self._left or now >= self._not_before)

    def _wanted(self) -> list[float]:
        """Return the starts of the periods to request, last the running one if the reading at its start is unknown."""
        now, meter = time.time(), self.meter
        missing = meter.ledger.missing(now, now - CLOSE)
        wanted = [start for start in missing if start not in self._asked or start >= now - _DAY]
        track = meter.track
        if track.last is not None and track.base is None and track.start not in {*meter.ledger.kwh, *missing}:
            wanted.append(track.start)
        return wanted

    async def async_run(self) -> bool:
        """Read missing periods, the newest day first; return whether any was found. Failures are repeated later."""
        wanted = self._wanted()
        if set(wanted) != self._left:
            self._pause = _FIRST_PAUSE
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        found = False
        try:
            offset = await async_clock_offset(self._entry)
            for day in self._days(wanted):
                async with self._entry.runtime_data.history.lock:
                    found |= await self._async_fill(day, offset)
        except EmsError as err:
            _LOGGER.debug("%s: no history of missed periods: %s", self._entry.title, err)
        self._left = set(self._wanted())
        return found

    def _days(self, starts: list[float]) -> list[list[float]]:
        """Return the periods in groups of a day at most, the newest first."""
        days: list[list[float]] = []
        for start in reversed(starts):
            if days and days[-1][0] - start < _DAY:
                days[-1].append(start)
            else:
                days.append([start])
        return days

    async def _async_fill(self, starts: list[float], offset: float) -> bool:
        """Enter the periods that history has. `starts` are in order, the last first. Raises EmsError."""
        meter = self.meter
        begin, end = starts[-1], meter.periods.end(starts[0])
        since, until = meter.wrong
        if begin < until and since < end:
            # Wrong readings are recognised by the readings before and after them.
            begin, end = min(begin, since), max(end, until)
        begin, end = begin - _MARGIN, min(end + _MARGIN, time.time())
        rows: defaultdict[int, list[Row]] = defaultdict(list)
        kilowatt_hours = meter.counters
        async for page in async_rows(self._entry.runtime_data.client, kilowatt_hours, begin, end, offset=offset):
            for row in page:
                if row.value is not None and not is_over_range(row.value):
                    kwh = row.value / kilowatt_hours[row.uid]
                    rows[row.uid].append(Row(row.period_end - offset, kwh, row.timestamp - offset))
        if kilowatt_hours is not meter.counters or meter.in_doubt:
            return False
        if begin < until <= end and any(max(row.end for row in some) <= until for some in rows.values()):
            return False
        counted = [Counted(rows[uid], meter.periods.length) for uid in kilowatt_hours]
        before = len(meter.ledger.kwh), meter.track.base
        for start in starts:
            self._asked.add(start)
            self._enter(start, counted)
        meter.async_find_peaks()
        return (len(meter.ledger.kwh), meter.track.base) != before

    def _enter(self, start: float, counted: Collection[Counted]) -> None:
        """Enter a period, or the reading at the start of the running one."""
        meter, end = self.meter, self.meter.periods.end(start)
        if start in meter.ledger.kwh:
            return
        if end <= time.time() and (kwh := energy(counted, start, end)) is not None:
            meter.ledger.enter(start, kwh)
        meter.track.begin_with(start, beginning(counted, start, meter.track.before, meter.track.first))
