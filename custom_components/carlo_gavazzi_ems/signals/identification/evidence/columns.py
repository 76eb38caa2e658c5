"""Aligned observations: a column has the values of one code on one load, a load has columns on a common time grid."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from math import isfinite, isnan, nan
from operator import le, lt, ne

from custom_components.carlo_gavazzi_ems.signals.identification.model import Series

MAX_ROWS = 10_100
"""The latest rows of history that are used: a week of minutes, long enough for most machines to have run."""
_HUGE = 1e12
"""A larger value is not a measurement, in any unit."""
_OVER_RANGE = frozenset(mark / scale for mark in (0x7FFFFFFF, 0x7FFF0000, 0xFFFFFFFF) for scale in (1, 10, 100, 1000))
"""The values that a meter sends for a value out of range."""
_RESETS, _FALL = 8, 4.0
"""Most resets of a counter: one each midnight of a week. Least reading before a reset, in its largest rises."""
_STEADY_REACH = 3
_IS_WORKDAY = (True, True, False, False, True, True, True)
"""By the number of days since 1970 modulo 7; 1 January 1970 was a Thursday."""
_OPENS, _CLOSES = 8 * 3600, 20 * 3600
"""Start and end of the high tariff in seconds of a day; UTC is close enough to European time."""


def is_number(value: float) -> bool:
    """Tell whether a value is a number; NaN stands for a missing value."""
    return not isnan(value)


class Column:
    """One code on one load: values on the load's time grid, NaN for missing ones."""

    def __init__(self, code: int, values: list[float]) -> None:
        """Compute range and resolution of the values."""
        self.code = code
        self.values = values
        self.present = [value for value in values if not isnan(value)]
        self.ordered = sorted(self.present)
        self.lowest, self.highest = (self.ordered[0], self.ordered[-1]) if self.ordered else (0.0, 0.0)
        self.moving = self.highest > self.lowest
        self.resolution = _resolution(self.ordered)

    def quantile(self, share: float) -> float:
        """Return a quantile of the values, 0 if there are none."""
        return self.ordered[round(share * (len(self.ordered) - 1))] if self.ordered else 0.0

    @cached_property
    def moves(self) -> int:
        """How often the value changed from one row to the next."""
        return sum(map(ne, self.present, self.present[1:], strict=False))

    @cached_property
    def is_counter(self) -> bool:
        """Whether the value never falls and rises more than twice."""
        return self.moves > 2 and self.is_rising

    @cached_property
    def is_rising(self) -> bool:
        """Whether the value never falls and rises at least once."""
        return self.moving and all(map(le, self.present, self.present[1:], strict=False))

    @cached_property
    def is_slow(self) -> bool:
        """Whether the value changes only in small steps, up or down, as a net counter does."""
        if not self.moving or not self.present:
            return False
        steps = sorted(abs(after - before) for before, after in pairwise(self.present))
        return steps[-1] <= 0.1 * (self.highest - self.lowest) + 2 * self.resolution

    @cached_property
    def is_flag(self) -> bool:
        """Whether the values are a few small whole numbers, such as those of a status."""
        return self.resolution >= 1 and len(set(self.present)) <= 4 and self.highest < 100 and self.lowest >= 0


@dataclass(eq=False)
class Load:
    """The columns of one load."""

    key: tuple[int, int]
    times: list[float]
    columns: dict[int, Column]

    @cached_property
    def period(self) -> float:
        """The usual time between two rows in seconds."""
        steps = sorted(after - before for before, after in pairwise(self.times))
        return steps[len(steps) // 2] if steps else 60.0

    @cached_property
    def codes(self) -> frozenset[int]:
        """The codes that the load publishes."""
        return frozenset(self.columns)

    @cached_property
    def spans_working_day(self) -> bool:
        """Whether the rows cover most of a working day and of a night, so that each of two tariffs was active."""
        hours = working = 0.0
        for before, after in pairwise(self.times):
            span = (after - before) / 3600
            if span <= 1:
                hours += span
                working += span * is_working_time(after)
        return hours >= 20 and working >= 8 and hours - working >= 8

    @cached_property
    def _levels(self) -> set[int]:
        """Rows that together have every column at all its levels, preferably while it was steady."""
        return {row for column in self.columns.values() if column.moving for row in _level_rows(column)}

    def instants(self, count: int) -> list[int]:
        """Choose about `count` rows that together have every column at all its levels."""
        rows = self._levels
        if len(rows) > count:
            return sorted(sorted(rows, key=_shuffle_key)[:count])
        every = max(1, len(self.times) // max(1, count - len(rows)))
        return sorted(rows.union(range(every // 2, len(self.times), every)))


def is_working_time(when: float) -> bool:
    """Tell whether a time in seconds since 1970 is in the usual hours of the high tariff."""
    day, second = divmod(when, 86_400)
    return _IS_WORKDAY[int(day) % 7] and _OPENS <= second < _CLOSES


def _shuffle_key(row: int) -> int:
    """Return a sort key for a pseudo-random order that is always the same."""
    return (row * 2_654_435_761) & 0xFFFFFFFF


def _resolution(ordered: Sequence[float]) -> float:
    """Return the step of which all values are multiples, 10^-6 to 1; 0 for values with more digits."""
    sample = ordered[:: max(1, len(ordered) // 120)]
    step, factor = 1.0, 1.0
    for _ in range(7):
        if all(
            abs(value * factor - round(value * factor)) < 1e-6 * max(1.0, abs(value * factor) * 1e-3)
            for value in sample
        ):
            return step
        step, factor = step / 10, factor * 10
    return 0.0


def _level_rows(column: Column) -> set[int]:
    """Return rows with various levels of a column; for each level the steadiest of several similar rows."""
    values = column.values
    order = sorted([row for row, value in enumerate(values) if not isnan(value)], key=values.__getitem__)
    last = len(order) - 1
    low, high = column.quantile(0.01), column.quantile(0.99)
    ranks = [round(share * last) for share in (0.05, 0.35, 0.65, 0.95)]
    ranks += [
        bisect_left(order, low + share * (high - low), key=values.__getitem__) for share in (0.1, 0.3, 0.5, 0.7, 0.9)
    ]

    def unsteady(rank: int) -> float:
        row = order[rank]
        value = values[row]
        around = values[max(0, row - 1) : row + 2]
        return sum(abs(value - other) for other in around if is_number(other)) + (len(around) < 3) * abs(high - low)

    rows = set()
    for rank in ranks:
        alike = range(max(0, rank - _STEADY_REACH), min(last, rank + _STEADY_REACH) + 1)
        if alike:
            rows.add(order[min(alike, key=unsteady)])
    return rows


def _clean(series: Series) -> tuple[list[float], list[float]]:
    """Return times and values in ascending order of time, without duplicates and values that are no measurements."""
    times, values = list(map(float, series.times)), list(map(float, series.values))
    if not (
        len(times) == len(values)
        and _is_sound(times)
        and _is_sound(values)
        and _OVER_RANGE.isdisjoint(values)
        and all(map(lt, times, times[1:], strict=False))
    ):
        pairs = sorted(
            {
                time: value
                for time, value in zip(times, values, strict=False)
                if isfinite(time)
                and isfinite(value)
                and abs(value) < _HUGE
                and abs(time) < _HUGE
                and value not in _OVER_RANGE
            }.items()
        )
        times, values = [time for time, _ in pairs], [value for _, value in pairs]
    values = values[-MAX_ROWS:]
    return times[-MAX_ROWS:], [value if value > 1e-9 or value < -1e-9 else 0.0 for value in values]


def _is_sound(numbers: Sequence[float]) -> bool:
    """Tell whether all numbers are finite and of a possible size. A NaN makes the sum NaN."""
    return not numbers or (isfinite(sum(numbers)) and min(numbers) > -_HUGE and max(numbers) < _HUGE)


def _aligned(grid: list[float], times: list[float], values: list[float], reach: float) -> list[float]:
    """Return values on a grid: the nearest in time within `reach` seconds, else NaN."""
    if times == grid:
        return values
    result, place, last = [], 0, len(times) - 1
    for when in grid:
        while place < last and abs(times[place + 1] - when) <= abs(times[place] - when):
            place += 1
        result.append(values[place] if times and abs(times[place] - when) <= reach else nan)
    return result


def _falls(values: list[float]) -> list[int]:
    """Return the rows in which values fall, at most one more than the resets that a counter can have."""
    return list(islice((row for row in range(1, len(values)) if values[row] < values[row - 1]), _RESETS + 1))


def _without_glitches(values: list[float]) -> list[float]:
    """Return a counter's values with single wrong readings replaced by a neighbour."""
    falls = _falls(values)
    if not 0 < len(falls) <= 3:
        return values
    mended = list(values)
    for row in falls:
        before, after = values[max(0, row - 2)], values[min(row + 1, len(values) - 1)]
        if after >= values[row - 1]:
            mended[row] = values[row - 1]
        elif values[row] >= before:
            mended[row - 1] = before
    return mended


def _without_resets(values: list[float]) -> list[float]:
    """Return a counter's values without resets: after a fall to nearly 0, the reading before it is added.

    Before a reset, a counter reads several of its largest rises. A value that is switched off falls by one such rise.
    """
    falls = _falls(values)
    if not 0 < len(falls) <= _RESETS:
        return values
    most = max((after - before for before, after in pairwise(values) if after > before), default=0.0)
    if any(not 0 <= values[row] <= most or values[row - 1] < _FALL * most for row in falls):
        return values
    mended, lost = list(values), 0.0
    for row, end in pairwise([*falls, len(values)]):
        lost += values[row - 1]
        mended[row:end] = [value + lost for value in values[row:end]]
    return mended


def _load(key: tuple[int, int], group: list[Series]) -> Load | None:
    """Put the series of one load on the time grid of the longest one; None if that has fewer than two rows."""
    cleaned: dict[int, tuple[list[float], list[float]]] = {}
    for series in sorted(group, key=lambda one: one.uid):
        if series.code not in cleaned:  # a second signal with the same code is ignored
            cleaned[series.code] = _clean(series)
    grid = max((times for times, _ in cleaned.values()), key=lambda times: (len(times), times), default=[])
    if len(grid) < 2:
        return None
    steps = sorted(after - before for before, after in pairwise(grid))
    reach = steps[len(steps) // 2] / 2
    columns = {
        code: Column(code, _aligned(grid, times, _without_resets(_without_glitches(values)), reach))
        for code, (times, values) in sorted(cleaned.items())
    }
    return Load(key, grid, columns)


def load_key(series: Series) -> tuple[int, int]:
    """Return the owner of a series: its load, else its device, else itself."""
    if series.load_uid is not None:
        return 0, series.load_uid
    return (1, series.device_uid) if series.device_uid is not None else (2, series.uid)


def make_loads(series: Iterable[Series]) -> list[Load]:
    """Return all loads. Signals without a load form one for their device, or each one of its own."""
    groups: dict[tuple[int, int], list[Series]] = defaultdict(list)
    for one in series:
        groups[load_key(one)].append(one)
    return [load for key, group in sorted(groups.items()) if (load := _load(key, group)) is not None]
