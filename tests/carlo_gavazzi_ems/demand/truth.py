"""A meter whose power is known at any time, and what is seen of it."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from random import Random

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Reading, Row

HOUR = 3600.0
STEP = 0.001
"""kWh of the last digit of the counter."""


class Truth:
    """A power that is constant for seconds to minutes at a time, in kW, and never changes at a boundary of a period."""

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
        """Return what was counted in all at an instant."""
        index = bisect_right(self._times, at) - 1
        return self._sums[index] + self._kw[index] * (at - self._times[index]) / HOUR

    def energy(self, start: float, end: float) -> float:
        """Return what was counted between two instants."""
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
