"""A meter whose power is known at any time, with its readings and its history."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from itertools import accumulate
import math
from random import Random
from zoneinfo import ZoneInfo

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Reading, Row

HOUR = 3600.0
STEP = 0.001
"""kWh of the last digit of the counter."""


class Truth:
    """A power in kW that is constant for seconds to minutes, and does not change at the boundaries of periods."""

    def __init__(self, begin: float, end: float, seed: int) -> None:
        """Draw it for a span."""
        chance = Random(seed)
        self.begin = begin
        times = [begin - 2 * HOUR]
        while times[-1] < end + 2 * HOUR:
            times.append(times[-1] + chance.choice((7, 41, 173, 611)) + chance.random())
        self._times = times
        self._kw = [chance.choice((0.0, 0.3, 2.0, 7.5)) * chance.random() for _ in times]
        spans = (kw * (after - at) / HOUR for kw, at, after in zip(self._kw, times, times[1:], strict=False))
        self._sums = list(accumulate(spans, initial=1234.567))
        #: When the counter was set back to 0.
        self.reset_at: float | None = None

    def kwh(self, at: float) -> float:
        """Return all energy up to an instant."""
        index = bisect_right(self._times, at) - 1
        return self._sums[index] + self._kw[index] * (at - self._times[index]) / HOUR

    def energy(self, start: float, end: float) -> float:
        """Return the energy between two instants."""
        return self.kwh(end) - self.kwh(start)

    def kw(self, at: float) -> float:
        """Return the power at an instant."""
        return self._kw[bisect_right(self._times, at) - 1]

    def counter(self, at: float) -> float:
        """Return what the counter shows, cut down to its last digit."""
        kwh = self.kwh(at)
        if self.reset_at is not None and at >= self.reset_at:
            kwh -= self.kwh(self.reset_at)
        return kwh // STEP * STEP

    def reading(self, at: float) -> Reading:
        """Return a live reading."""
        return Reading(at, self.counter(at))

    def rows(self, start: float, end: float, length: float = 60.0, *, late: float = 1.0) -> Iterator[Row]:
        """Yield the rows of history that close in a span; each has the reading of `late` seconds before its end."""
        number = start // length + 1
        while number * length <= end:
            yield Row(number * length, self.counter(number * length - late), number * length - late)
            number += 1


#: Mean kW and period in seconds of each sine: none changes in step with the quarter-hours.
_SWINGS = ((1.1, 86_400.0), (0.9, 7_001.0), (0.6, 1_303.0), (0.2, 331.0))


class House:
    """A power that is a sum of sines, whose energy is known exactly."""

    def __init__(self, begin: float, seed: int) -> None:
        """Draw the phase of each sine."""
        self._begin = begin
        self._phases = [Random(seed).uniform(0, math.tau) for _ in _SWINGS]
        self.reset_at = math.inf

    def kwh(self, at: float) -> float:
        """Return the energy since the beginning."""
        seconds, total = at - self._begin, 5000.0
        for (mean, length), phase in zip(_SWINGS, self._phases, strict=True):
            turn = math.tau / length
            total += mean * (seconds - (math.cos(seconds * turn + phase) - math.cos(phase)) / turn) / HOUR
        return total

    def reading(self, at: float) -> Reading:
        """Return what the counter shows."""
        return Reading(at, self.kwh(at) - (self.kwh(self.reset_at) if at >= self.reset_at else 0.0))

    def rows(self, start: float, end: float, holes: list[tuple[float, float]]) -> Iterator[Row]:
        """Yield the rows of a minute that close in a span, without those in `holes`."""
        for minute in range(math.floor(start / 60) + 1, math.floor(end / 60) + 1):
            if not any(begin < minute * 60 <= stop for begin, stop in holes):
                sampled = minute * 60 - 1.0
                yield Row(minute * 60.0, self.reading(sampled).kwh, sampled)


def span(zone: str, month: str) -> tuple[float, float]:
    """Return when a month begins and ends in a time zone."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZoneInfo(zone))
    last = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first.timestamp(), last.timestamp()
