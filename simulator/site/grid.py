"""Power per minute, and its integrals: between two minutes power is linear, and energy its exact integral."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np

from .calendar import ANCHOR, BILLING, CHUNK, CYCLE, EPOCH, peak_tariff
from .consumers import Consumer
from .noise import Floats, Minutes

_KEPT = 3
"""Chunks a grid keeps worked out; a day of history needs two."""
_RUNNING = 5.0
"""Power in W from which a consumer counts as running."""
_GAUSS = ((0.5 - 0.15**0.5, 5 / 18), (0.5, 8 / 18), (0.5 + 0.15**0.5, 5 / 18))
_QUARTER = 15
_BENT = 0.1
"""Change of power in a minute, as a share of the power, from which the quadrature is not exact enough."""


class Area(IntEnum):
    """What a grid integrates over time; power in Wh (varh, VAh), running in hours."""

    NET_L1 = 0
    NET_L2 = 1
    NET_L3 = 2
    NET = 3
    REACTIVE_NET = 4
    IMPORT_L1 = 5
    IMPORT_L2 = 6
    IMPORT_L3 = 7
    IMPORT = 8
    REACTIVE_IMPORT = 9
    APPARENT = 10
    NET_T1 = 11
    IMPORT_T1 = 12
    RUNNING = 13


def _positive_area(start: Floats, end: Floats) -> Floats:
    """Return the mean of the positive part of a straight line from `start` to `end`."""
    area: Floats = (np.maximum(start, 0.0) + np.maximum(end, 0.0)) / 2.0
    crossing = np.nonzero((start < 0.0) != (end < 0.0))
    if crossing[0].size:
        before, after = start[crossing], end[crossing]
        area[crossing] = np.square(np.maximum(before, after)) / (2.0 * np.abs(after - before))
    return area


def _length(start: Floats, end: Floats) -> Floats:
    """Return the mean distance from the origin of a point that goes straight from `start` to `end` ([P or Q, n])."""
    step = end - start
    mean: Floats = np.zeros(start.shape[1])
    for where, weight in _GAUSS:
        mean += weight * np.sqrt(np.square(start + where * step).sum(axis=0))
    far = np.square(step).sum(axis=0)
    near = np.minimum(np.square(start).sum(axis=0), np.square(end).sum(axis=0))
    if (bent := np.nonzero(far > _BENT**2 * near)[0]).size:
        # Near the origin the quadrature is too coarse; along and across the line the integral is known exactly.
        length = np.sqrt(far[bent])
        along = (start[:, bent] * step[:, bent]).sum(axis=0) / length
        beside = np.abs(start[0, bent] * step[1, bent] - start[1, bent] * step[0, bent]) / length
        mean[bent] = (_primitive(along + length, beside) - _primitive(along, beside)) / length
    return mean


def _primitive(along: Floats, beside: Floats) -> Floats:
    """Return the integral of √(x² + beside²) from 0 to `along`."""
    ratio = np.divide(along, beside, out=np.zeros_like(along), where=beside > 0)
    primitive: Floats = (along * np.hypot(along, beside) + np.square(beside) * np.arcsinh(ratio)) / 2.0
    return primitive


def _areas(start: Floats, end: Floats, minutes: Minutes) -> Floats:
    """Return every area, in units per minute of the line from `start` to `end` ([P or Q, phase, n] each)."""
    lines = np.concatenate((start[0], start[0].sum(0)[None], start[1].sum(0)[None]))
    ends = np.concatenate((end[0], end[0].sum(0)[None], end[1].sum(0)[None]))
    net = (lines + ends) / 2.0
    positive = _positive_area(lines, ends)
    apparent = _length(lines[3:], ends[3:])
    first = peak_tariff(minutes)
    running = np.square(lines[3]) + np.square(lines[4]) > _RUNNING**2
    return np.concatenate((net, positive, np.stack((apparent, net[3] * first, positive[3] * first, running))))


@dataclass(frozen=True)
class _Chunk:
    """Some days of minutes, worked out."""

    power: Floats
    """[P or Q, phase, minute], one minute more than the chunk is long."""
    steps: Floats
    """[area, minute]: the area of each minute."""
    peaks: Floats
    """The highest quarter-hour mean so far after 0, 1, 2 … quarters of an hour."""

    @cached_property
    def areas(self) -> Floats:
        """Return the area [area, minute] from the chunk's start to each minute."""
        return np.cumsum(self.steps, axis=1) - self.steps


class Grid:
    """The power of some consumers together, minute by minute, for all times."""

    def __init__(self, consumers: tuple[Consumer, ...], parts: tuple[Grid, ...] = (), period: int = CYCLE) -> None:
        """Add up consumers and other grids; all repeat after `period` minutes, a whole number of chunks."""
        self._consumers = consumers
        self._parts = parts
        self._period = period
        self._chunks: OrderedDict[int, _Chunk] = OrderedDict()
        self._sums: dict[int, Floats] = {}
        self._peaks: dict[int, float] = {}
        self._instants: dict[float, Floats] = {}

    def power(self, minutes: Minutes) -> tuple[Floats, Floats]:
        """Return P (W) and Q (var) as [P or Q, phase, n] at each minute since 1970 and at the one after it."""
        start = np.empty((2, 3, minutes.size))
        end = np.empty((2, 3, minutes.size))
        for number, where, within in self._split(minutes):
            power = self._chunk(number).power
            start[:, :, where] = power[:, :, within]
            end[:, :, where] = power[:, :, within + 1]
        return start, end

    def areas(self, times: Floats) -> Floats:
        """Return every area [area, n] from the epoch of all counters to each time (seconds since 1970)."""
        return self._since_anchor(times) - self._at_epoch[:, None]

    def areas_at(self, time: float) -> Floats:
        """Return every area [area, 1] at one instant that will be asked for again, such as a counter's origin."""
        if (known := self._instants.get(time)) is None:
            known = self._instants[time] = self.areas(np.array([time]))
        return known

    def peak(self, times: Floats) -> Floats:
        """Return the highest quarter-hour mean of imported power (W) in the billing period so far."""
        result = np.empty(times.size)
        per_billing = BILLING // CHUNK
        for number, where, within in self._split(np.floor_divide(times, 60).astype(np.int64)):
            first = number - number % per_billing
            before = max((self._peak_of(earlier) for earlier in range(first, number)), default=0.0)
            result[where] = np.maximum(self._chunk(number).peaks[within // _QUARTER], before)
        return result

    def warm(self) -> None:
        """Compute the whole period now, so that no later call is slow."""
        _ = self._prefix

    def _split(self, minutes: Minutes) -> list[tuple[int, np.ndarray, Minutes]]:
        """Return for each chunk that the minutes touch: its number, which of them, and their place in it."""
        position = (minutes - ANCHOR) % self._period
        numbers, within = np.divmod(position, CHUNK)
        if minutes.size and numbers[0] == numbers[-1] and np.all(numbers == numbers[0]):
            return [(int(numbers[0]), np.arange(minutes.size), within)]
        return [
            (int(number), where, within[where])
            for number in np.unique(numbers)
            for where in [np.nonzero(numbers == number)[0]]
        ]

    def _chunk(self, number: int) -> _Chunk:
        """Return a chunk, from memory where it is still there."""
        if (known := self._chunks.get(number)) is not None:
            self._chunks.move_to_end(number)
            return known
        minutes = np.arange(number * CHUNK, (number + 1) * CHUNK + 1, dtype=np.int64) % self._period
        power = np.zeros((2, 3, minutes.size))
        for consumer in self._consumers:
            power += consumer.power(minutes)
        for part in self._parts:
            power += part._chunk(number).power  # noqa: SLF001 (a grid like this one)
        steps = _areas(power[:, :, :-1], power[:, :, 1:], minutes[:-1]) / 60.0
        quarters = steps[Area.NET].reshape(-1, _QUARTER).sum(axis=1) * (60 / _QUARTER)
        peaks = np.maximum.accumulate(np.concatenate(([0.0], quarters)))
        chunk = _Chunk(power, steps, peaks)
        self._chunks[number] = chunk
        self._sums[number] = steps.sum(axis=1)
        self._peaks[number] = float(peaks[-1])
        if len(self._chunks) > _KEPT:
            self._chunks.popitem(last=False)
        return chunk

    def _sum_of(self, number: int) -> Floats:
        """Return the areas of a whole chunk."""
        if number not in self._sums:
            self._chunk(number)
        return self._sums[number]

    def _peak_of(self, number: int) -> float:
        """Return the highest quarter-hour mean of a whole chunk in W."""
        if number not in self._peaks:
            self._chunk(number)
        return self._peaks[number]

    @cached_property
    def _prefix(self) -> Floats:
        """Return the areas [area, chunk] before each chunk of the period, and of the whole period at the end."""
        sums = np.stack([self._sum_of(number) for number in range(self._period // CHUNK)], axis=1)
        return np.concatenate((np.zeros((len(Area), 1)), np.cumsum(sums, axis=1)), axis=1)

    @cached_property
    def _at_epoch(self) -> Floats:
        """Return the areas between the cycle's anchor and the epoch of all counters."""
        return self._since_anchor(np.array([EPOCH * 60.0]))[:, 0]

    def _since_anchor(self, times: Floats) -> Floats:
        """Return the areas [area, n] from the cycle's anchor to each time."""
        minutes = np.floor_divide(times, 60).astype(np.int64)
        part = times / 60.0 - minutes
        result = (minutes - ANCHOR) // self._period * self._prefix[:, -1:]
        for number, where, within in self._split(minutes):
            chunk = self._chunk(number)
            start = chunk.power[:, :, within]
            end = start + (chunk.power[:, :, within + 1] - start) * part[where]
            inside = _areas(start, end, (number * CHUNK + within) % self._period) * part[where] / 60.0
            result[:, where] += self._prefix[:, number, None] + chunk.areas[:, within] + inside
        return result


@lru_cache(maxsize=512)
def grid(consumers: tuple[Consumer, ...], parts: tuple[Grid, ...] = (), period: int = CYCLE) -> Grid:
    """Return the grid of these consumers; equal calls share one, also between sites of the same seed."""
    return Grid(consumers, parts, period)
