"""What a site's gateway has sampled: the latest value of each signal, and rows of history."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
import math

import numpy as np

from .meter import Snapshot
from .noise import Floats, Minutes, draw, stream, uniform
from .quantities import DIMENSIONS, Dimension, is_counter
from .readings import read
from .records import Signal
from .site import Site

_PERIOD_MS = 1000
"""A load is sampled once a second, each at its own millisecond."""
_STEP = 20
"""A history row is the mean of samples in the middle of every 20 s: exact for what is linear within a minute."""
_UNDISTURBED = frozenset({Dimension.CODE})


@dataclass(frozen=True, slots=True)
class Sample:
    """The latest value of a signal."""

    signal: Signal
    value: float
    time: int
    """Unix time in milliseconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a signal did in one period of history."""

    uid: int
    end: int
    """Unix time in seconds at which the period closes; its last sample is a second earlier."""
    value: float
    highest: float
    lowest: float


def sample_time(site: Site, load: int, now: float) -> int:
    """Return the time (Unix, ms) of the latest sample of a load."""
    offset = int(_PERIOD_MS * draw(stream(site.seed, "sampled", load)))
    return (round(now * 1000) - offset) // _PERIOD_MS * _PERIOD_MS + offset


def latest(site: Site, signals: Iterable[Signal], now: float, frozen: dict[int, float]) -> Iterator[Sample]:
    """Yield the latest sample of each signal; `frozen` holds the Unix time at which a load stopped."""
    for load, group in groupby(signals, key=lambda signal: signal.lid):
        time = sample_time(site, load, min(now, frozen.get(load, math.inf)))
        snapshot = site.snapshot(load, np.array([time / 1000.0]))
        for signal in group:
            value = _shown(site, signal, snapshot, np.array([time]))
            yield Sample(signal, float(value[0]), time)


def _shown(site: Site, signal: Signal, snapshot: Snapshot, index: Minutes) -> Floats:
    """Return a signal's values as the gateway shows them: in its unit, with the meter's error, rounded."""
    quantity = signal.quantity
    dimension = DIMENSIONS[quantity]
    scale = site.scales[dimension]
    values = read(snapshot, quantity) * scale.factor
    if site.options.noise and not is_counter(quantity) and dimension not in _UNDISTURBED:
        key = stream(site.seed, "noise", signal.uid)
        error = uniform(key, index) + uniform(key + 1, index) - 1.0
        values = values * (1.0 + site.options.noise / 100.0 * error)
    return _rounded(site, signal, values)


def _rounded(site: Site, signal: Signal, values: Floats) -> Floats:
    """Return values with the decimals that the load's meter shows; counters are rounded down, as in a meter."""
    if site.options.exact:
        return values
    dimension = DIMENSIONS[signal.quantity]
    decimals = site.decimals[signal.lid].get(dimension, site.scales[dimension].decimals)
    if is_counter(signal.quantity):
        return np.floor(values * 10.0**decimals + 1e-6) / 10.0**decimals
    return values.round(decimals) + 0.0


class History:
    """The rows of some signals of one load."""

    def __init__(self, site: Site, load: int, now: float, frozen_at: float = math.inf, *, means: bool = True) -> None:
        """Take a load and the time now; with `means`, rows of measured values are means, else last samples."""
        self._site = site
        self._load = load
        self._period = site.options.period
        self._means = means
        born = max(site.installed, site.loads[load].since)
        self._first = math.ceil(born / self._period) + 1
        self._last = math.floor(min(now, frozen_at) / self._period)

    def ends(self, start: float, end: float) -> Minutes:
        """Return the times (Unix, s) at which the periods between `start` and `end` close, both included."""
        first = max(self._first, math.ceil(max(start, 0.0) / self._period))
        last = min(self._last, math.floor(min(end, 1e12) / self._period))
        ends = np.arange(first, max(last + 1, first), dtype=np.int64) * self._period
        for gap_start, gap_end in self._site.options.gaps:
            ends = ends[(ends <= gap_start) | (ends - self._period >= gap_end)]
        return ends

    def last(self) -> Minutes:
        """Return the time at which the last period closed, or nothing if there is none."""
        reach = self._period
        while (ends := self.ends(self._last * self._period - reach, math.inf)).size == 0:
            if self._last * self._period - reach < self._first * self._period:
                return ends
            reach *= 16
        return ends[-1:]

    def rows(self, signals: Iterable[Signal], ends: Minutes) -> dict[int, list[Row]]:
        """Return the rows of some of the load's signals for periods that close at `ends`."""
        if not ends.size:
            return {signal.uid: [] for signal in signals}
        per_row = self._period // _STEP
        steps = np.arange(per_row, dtype=np.float64) * _STEP + _STEP / 2 - self._period
        inside = (ends[:, None] + steps).ravel()
        samples = self._site.snapshot(self._load, inside)
        closing = self._site.snapshot(self._load, (ends - 1).astype(np.float64))
        opening = self._site.snapshot(self._load, (ends - self._period).astype(np.float64))
        return {signal.uid: self._of(signal, ends, samples, opening, closing) for signal in signals}

    def _of(self, signal: Signal, ends: Minutes, samples: Snapshot, opening: Snapshot, closing: Snapshot) -> list[Row]:
        """Return one signal's rows from what its meter reads within, at the start and at the end of each period."""
        site = self._site
        value = _shown(site, signal, closing, ends * 1000 - 1000)
        if is_counter(signal.quantity):
            low, high = _shown(site, signal, opening, ends * 1000), value
        else:
            index = (samples.times * 1000).astype(np.int64)
            table = _shown(site, signal, samples, index).reshape(ends.size, -1)
            low, high = np.minimum(table.min(axis=1), value), np.maximum(table.max(axis=1), value)
            if self._means and DIMENSIONS[signal.quantity] is not Dimension.CODE:
                value = _rounded(site, signal, self._mean(signal, samples, table))
        return [
            Row(signal.uid, *row)
            for row in zip(ends.tolist(), value.tolist(), high.tolist(), low.tolist(), strict=True)
        ]

    def _mean(self, signal: Signal, samples: Snapshot, table: Floats) -> Floats:
        """Return the mean of each row, of exact values where the meter makes no error."""
        if not self._site.options.noise:
            exact = read(samples, signal.quantity) * self._site.scale(signal.quantity).factor
            table = exact.reshape(table.shape)
        mean: Floats = table.mean(axis=1)
        return mean
