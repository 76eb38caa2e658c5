"""The demand of a load from the readings of its import counters: arithmetic only.

A period is 15, 30 or 60 minutes of the clock; its demand is its energy divided by its length. Times are seconds since
1970, energies kWh, powers kW. An unknown value is None.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from custom_components.carlo_gavazzi_ems.history.arithmetic.cleaning import pace, tiny, without_wrong_readings
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, Reading as Closed

CLOSE: Final = 60.0
"""Seconds between two readings up to which a boundary between them is interpolated; beyond, history is read."""
_MAX_ROW_DISTANCE: Final = 1 / 3
"""The part of a period up to which a boundary between two rows of history is interpolated."""
_SETTLED: Final = 60.0
"""Seconds from the start of a period until its mean is meaningful: until then that of the last period is shown."""
_SLOPE: Final = 120.0
_SHORTEST_SLOPE: Final = 10.0
_NEWER, _OLDER = 5.0, 90.0
"""Seconds by which a sample may be newer or older than its answer; beyond, the meter's clock is wrong."""
_LAGS: Final = 5
_EDGE: Final = 2.0
"""Seconds by which the end of a row that closes at a boundary may differ from it."""
_KILOWATT: Final = 1.0 / HOUR
_HOUSE: Final = 25.0 * _KILOWATT
"""kWh per second that a house may draw."""
_MEGAWATT: Final = 1000.0 * _KILOWATT
"""kWh per second that no installation exceeds."""
_NEAR: Final = 600.0
"""Seconds between two polled readings up to which they confirm a row between them; covers the longest interval."""
_ROUNDING: Final = 0.01
"""kWh by which a row and a live reading of the same register may differ."""


class Reading(NamedTuple):
    """What a load has imported in all at an instant."""

    at: float
    kwh: float


class Peak(NamedTuple):
    """The period with the highest demand."""

    start: float
    end: float
    kw: float


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of the clock in a time zone.

    If daylight saving time moves the clock by a part of a period, as on Lord Howe Island, that period is longer.
    """

    zone: tzinfo
    length: float
    """Seconds."""

    def start(self, instant: float) -> float:
        """Return the start of the period that contains an instant."""
        start = self._floor(instant, self._offset(instant))
        return self._floor(start, self._offset(start))

    def end(self, start: float) -> float:
        """Return the end of the period that begins at an instant."""
        end = start + self.length
        offset = self._offset(end)
        floor = self._floor(end, offset)
        return end if floor == end else floor + self.length

    def between(self, start: float, end: float) -> Iterator[float]:
        """Yield the starts of the periods from `start` on that are over at `end`."""
        while (stop := self.end(start)) <= end:
            yield start
            start = stop

    def day(self, instant: float) -> float:
        """Return the start of the local day."""
        return self._local(instant).replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()

    def month(self, instant: float) -> float:
        """Return the start of the local month."""
        return self._local(instant).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()

    def kw(self, start: float, kwh: float) -> float:
        """Return the mean power of a period."""
        return kwh / (self.end(start) - start) * HOUR

    def _floor(self, instant: float, offset: float) -> float:
        """Return the last boundary of local time, which is `offset` seconds ahead of UTC."""
        return (instant + offset) // self.length * self.length - offset

    def _local(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, self.zone)

    def _offset(self, instant: float) -> float:
        offset = self._local(instant).utcoffset()
        return 0.0 if offset is None else offset.total_seconds()


class SampleClock:
    """Dates the samples of a load, whose clock may differ from the gateway's."""

    def __init__(self) -> None:
        """Trust the times until they prove wrong."""
        self._lags: deque[float] = deque(maxlen=_LAGS)

    def date(self, stamp: float, seen: float) -> float:
        """Return when a new sample with this time was taken; it was seen at `seen`."""
        self._lags.append(seen - stamp)
        least = min(self._lags)
        return stamp if -_NEWER <= least <= _OLDER else stamp + least


@dataclass(slots=True)
class Track:
    """The running period of a load, from one reading to the next."""

    periods: Periods
    last: Reading | None = None
    start: float = 0.0
    """The start of the period of the last reading."""
    base: float | None = None
    """The reading at its beginning."""
    before: Reading | None = None
    """The last reading before it."""
    first: Reading | None = None
    """The first reading since it began, or since the start of Home Assistant."""
    _recent: deque[Reading] = field(default_factory=deque)

    def take(self, reading: Reading) -> Reading | None:
        """Take the next reading. Return start and energy of the period that it completes, None without one."""
        last, done = self.last, None
        if last is not None and reading.at <= last.at:
            if last.at - reading.at <= CLOSE:
                return None
            # The clock has jumped back.
            self.forget()
            last = None
        if last is not None and reading.kwh < last.kwh:
            self.forget()
            last = None
        start = self.periods.start(reading.at)
        if last is None or start != self.start:
            base = None
            if reading.at == start:
                base = reading.kwh
            elif last is not None and last.at < start and reading.at - last.at <= CLOSE:
                base = _between(start, last, reading)
            if (
                last is not None
                and base is not None
                and self.base is not None
                and start == self.periods.end(self.start)
            ):
                done = Reading(self.start, base - self.base)
            self.start, self.base, self.before, self.first = start, base, last, reading
        self.last, self.first = reading, self.first or reading
        self._recent.append(reading)
        while self._recent[0].at < reading.at - _SLOPE:
            self._recent.popleft()
        return done

    def forget(self) -> None:
        """Start again from the next reading: what is counted until then is unknown."""
        self.last = self.base = self.before = self.first = None
        self._recent.clear()

    def begin_with(self, start: float, kwh: float | None) -> None:
        """Take the reading at the beginning of the running period from history."""
        if start == self.start and self.base is None and kwh is not None and self.last and kwh <= self.last.kwh:
            self.base = kwh

    def mean(self, before: float | None) -> float | None:
        """Return the mean power so far, in the first minute that of the last period, passed as `before`."""
        if self.last is None or self.base is None:
            return None
        if (elapsed := self.last.at - self.start) < _SETTLED:
            return before
        return (self.last.kwh - self.base) / elapsed * HOUR

    def expected(self, power: float | None) -> float | None:
        """Return the demand of the period if it continues at `power`, by default that of the last two minutes."""
        power = self._slope() if power is None else max(power, 0.0)
        if self.last is None or self.base is None or power is None:
            return None
        rest = (self.periods.end(self.start) - self.last.at) / HOUR
        return self.periods.kw(self.start, self.last.kwh - self.base + power * rest)

    def _slope(self) -> float | None:
        """Return the power by which the counter rose in the last two minutes."""
        if not self._recent or (seconds := self._recent[-1].at - self._recent[0].at) < _SHORTEST_SLOPE:
            return None
        return (self._recent[-1].kwh - self._recent[0].kwh) / seconds * HOUR


def _between(instant: float, before: Reading, after: Reading) -> float:
    """Return the reading at an instant between two."""
    return before.kwh + (after.kwh - before.kwh) * (instant - before.at) / (after.at - before.at)


class Row(NamedTuple):
    """A row of history of one counter: its end, its reading, and the time of its sample."""

    end: float
    kwh: float
    sampled: float


class _Point(NamedTuple):
    """A reading of one counter, and how many times the counter had restarted or jumped before."""

    at: float
    kwh: float
    breaks: int
    end: float
    """When its row closes."""


class Counted:
    """What one counter read at any time, from its history."""

    def __init__(self, rows: Iterable[Row], length: float) -> None:
        """Take rows in any order, for periods of `length` seconds. Wrong readings are left out."""
        by_end = {row.end: row for row in rows}
        closed = [Closed(end, row.kwh, row.kwh, row.kwh) for end, row in sorted(by_end.items())]
        usual = max(pace(closed, _HOUSE, 1.0), _KILOWATT)
        self._widest = _MAX_ROW_DISTANCE * length
        self._points: list[_Point] = []
        for reading in without_wrong_readings(closed, usual, 1.0):
            self._add(by_end[reading.end])
        self._times = [point.at for point in self._points]
        self._ends = [point.end for point in self._points]

    def _add(self, row: Row) -> None:
        """Add the reading of the next row."""
        if not self._points:
            at = row.sampled if row.end - HOUR <= row.sampled <= row.end else row.end
            self._points.append(_Point(at, row.kwh, 0, row.end))
            return
        last = self._points[-1]
        # A time outside of the row is from a meter with a wrong clock, or of an old sample.
        at = row.sampled if last.end <= row.sampled <= row.end else row.end
        if at <= last.at or (row.sampled == last.at and row.kwh == last.kwh):
            return
        lost_decimals = last.kwh - tiny(last.kwh, 1.0) <= row.kwh < last.kwh
        kwh = last.kwh if lost_decimals else row.kwh
        goes_on = 0 <= kwh - last.kwh <= _MEGAWATT * (at - last.at)
        self._points.append(_Point(at, kwh, last.breaks if goes_on else last.breaks + 1, row.end))

    def energy(self, start: float, end: float) -> float | None:
        """Return what was counted between two instants, None if that is unknown."""
        begin, stop = self._at(start), self._at(end)
        if begin is None or stop is None or begin.breaks != stop.breaks:
            return None
        return stop.kwh - begin.kwh

    def reading(self, instant: float) -> float | None:
        """Return the reading at an instant, None where rows are missing around it."""
        return None if (found := self._at(instant)) is None else found.kwh

    def around(self, instant: float) -> tuple[float, float] | None:
        """Return the readings before and after an instant, None if history does not reach it."""
        after = bisect_left(self._times, instant)
        return (self._points[after - 1].kwh, self._points[after].kwh) if 0 < after < len(self._points) else None

    def _at(self, instant: float) -> _Point | None:
        """Return the reading at an instant: between two close rows, or of a row that closes there."""
        after = bisect_left(self._times, instant)
        if 0 < after < len(self._points):
            low, high = self._points[after - 1], self._points[after]
            if high.at - low.at <= self._widest:
                kwh = _between(instant, Reading(low.at, low.kwh), Reading(high.at, high.kwh))
                return low._replace(kwh=kwh) if low.breaks == high.breaks else None
        index = bisect_left(self._ends, instant - _EDGE)
        closes = index < len(self._ends) and self._ends[index] <= instant + _EDGE
        return self._points[index] if closes else None


def energy(counted: Collection[Counted], start: float, end: float) -> float | None:
    """Return what several counters counted together between two instants, None if that is unknown."""
    return _sum(one.energy(start, end) for one in counted)


def beginning(counted: Collection[Counted], start: float, before: Reading | None, live: Reading | None) -> float | None:
    """Return the sum of several counters at an instant from history, None if live readings do not confirm it.

    It is confirmed if it lies between two live readings that are close together, or if `live` lies between two rows.
    """
    found = _sum(one.reading(start) for one in counted)
    if live is None or found is None:
        return None
    if before is not None and live.at - before.at <= _NEAR:
        return found if before.kwh - _ROUNDING <= found <= live.kwh + _ROUNDING else None
    around = [one.around(live.at) for one in counted]
    low, high = (_sum(pair and pair[side] for pair in around) for side in (0, 1))
    confirmed = low is not None and high is not None and low - _ROUNDING <= live.kwh <= high + _ROUNDING
    return found if confirmed else None


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum, None if a part is unknown."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)
