"""Observations put in order: a column is one code on one load, a load is columns on a common grid of times."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isfinite, isnan, nan
from operator import le, lt, ne

from custom_components.carlo_gavazzi_ems.signals.identification.model import Series

MAX_ROWS = 10_100
"""Rows of history that are looked at, the latest: a week of minutes, in which what was idle may have run."""
_HUGE = 1e12
"""No electrical quantity in any unit is larger; what is, is not a measurement."""
_MARKS = frozenset(mark / scale for mark in (0x7FFFFFFF, 0x7FFF0000, 0xFFFFFFFF) for scale in (1, 10, 100, 1000))
"""What a meter shows where a value is out of range."""
_STEADY_REACH = 3
_IS_WORKDAY = (True, True, False, False, True, True, True)
"""By days since 1970, which began on a Thursday."""
_OPENS, _CLOSES = 8 * 3600, 20 * 3600
"""Seconds of a day in which tariffs are high; UTC is near enough to the clocks of Europe."""


def is_number(value: float) -> bool:
    """Tell whether there is a value: NaN stands for a missing one."""
    return not isnan(value)


class Column:
    """One code on one load: values on the load's grid of times, NaN where there is none."""

    def __init__(self, code: int, values: list[float]) -> None:
        """Measure what can be said of the values alone."""
        self.code = code
        self.values = values
        self.present = list(filter(is_number, values))
        self.ordered = sorted(self.present)
        self.lowest, self.highest = (self.ordered[0], self.ordered[-1]) if self.ordered else (0.0, 0.0)
        self.moving = self.highest > self.lowest
        self.resolution = _resolution(self.ordered)

    def quantile(self, share: float) -> float:
        """Return the value below which a share of all lies, 0 if there is none."""
        return self.ordered[round(share * (len(self.ordered) - 1))] if self.ordered else 0.0

    @cached_property
    def moves(self) -> int:
        """How often the value changed from one row to the next."""
        return sum(map(ne, self.present, self.present[1:], strict=False))

    @cached_property
    def is_counter(self) -> bool:
        """Whether the value only ever rises, and that more than twice."""
        return self.moves > 2 and self.is_rising

    @cached_property
    def is_rising(self) -> bool:
        """Whether the value rises now and then and never falls."""
        return self.moving and all(map(le, self.present, self.present[1:], strict=False))

    @cached_property
    def is_slow(self) -> bool:
        """Whether the value moves up and down in small steps only, as a counter does that also runs back."""
        if not self.moving or not self.present:
            return False
        steps = sorted(abs(after - before) for before, after in pairwise(self.present))
        return steps[-1] <= 0.1 * (self.highest - self.lowest) + 2 * self.resolution

    @cached_property
    def is_flag(self) -> bool:
        """Whether these are a few whole numbers that stand for something."""
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
        """The codes that the load publishes, moving or not."""
        return frozenset(self.columns)

    @cached_property
    def spans_working_day(self) -> bool:
        """Whether the load was seen for most of a working day and of a night: of two tariffs each has run meanwhile."""
        hours = working = 0.0
        for before, after in pairwise(self.times):
            span = (after - before) / 3600
            if span <= 1:
                hours += span
                working += span * is_working_time(after)
        return hours >= 20 and working >= 8 and hours - working >= 8

    def instants(self, count: int) -> list[int]:
        """Choose rows that show every column at all its levels, where possible while it was steady."""
        chosen: set[int] = set()
        for column in self.columns.values():
            if column.moving:
                chosen.update(_level_rows(column))
        rows = sorted(chosen)
        if len(rows) > count:
            return sorted(sorted(rows, key=_scatter)[:count])
        every = max(1, len(self.times) // max(1, count - len(rows)))
        return sorted(chosen.union(range(every // 2, len(self.times), every)))


def is_working_time(when: float) -> bool:
    """Tell whether a time is one at which tariffs are high."""
    day, second = divmod(when, 86_400)
    return _IS_WORKDAY[int(day) % 7] and _OPENS <= second < _CLOSES


def _scatter(row: int) -> int:
    """Return a number that puts rows in an order that looks random and is always the same."""
    return (row * 2_654_435_761) & 0xFFFFFFFF


def _resolution(ordered: Sequence[float]) -> float:
    """Return the step that all values are multiples of, 10^-6 to 1; 0 for values with more digits."""
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
    """Return rows in which a column stands at various levels, each the steadiest of a few alike."""
    values = column.values
    order = sorted((value, row) for row, value in enumerate(values) if is_number(value))
    last = len(order) - 1
    low, high = column.quantile(0.01), column.quantile(0.99)
    ranks = [round(share * last) for share in (0.05, 0.35, 0.65, 0.95)]
    ranks += [bisect_left(order, (low + share * (high - low), 0)) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]

    def unsteady(rank: int) -> float:
        value, row = order[rank]
        around = values[max(0, row - 1) : row + 2]
        return sum(abs(value - other) for other in around if is_number(other)) + (len(around) < 3) * abs(high - low)

    rows = set()
    for rank in ranks:
        alike = range(max(0, rank - _STEADY_REACH), min(last, rank + _STEADY_REACH) + 1)
        if alike:
            rows.add(order[min(alike, key=unsteady)][1])
    return rows


def _clean(series: Series) -> tuple[list[float], list[float]]:
    """Return times and values in ascending order of time, without what is no measurement and without doubles."""
    times, values = list(map(float, series.times)), list(map(float, series.values))
    if not (
        len(times) == len(values)
        and _is_sound(times)
        and _is_sound(values)
        and _MARKS.isdisjoint(values)
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
                and value not in _MARKS
            }.items()
        )
        times, values = [time for time, _ in pairs], [value for _, value in pairs]
    values = values[-MAX_ROWS:]
    return times[-MAX_ROWS:], [value if value > 1e-9 or value < -1e-9 else 0.0 for value in values]


def _is_sound(numbers: Sequence[float]) -> bool:
    """Tell whether all of some numbers are finite and of a size that is measured; a NaN makes any sum one."""
    return not numbers or (isfinite(sum(numbers)) and min(numbers) > -_HUGE and max(numbers) < _HUGE)


def _aligned(grid: list[float], times: list[float], values: list[float], reach: float) -> list[float]:
    """Return values on a grid: the nearest in time within reach, else NaN."""
    if times == grid:
        return values
    result, place, last = [], 0, len(times) - 1
    for when in grid:
        while place < last and abs(times[place + 1] - when) <= abs(times[place] - when):
            place += 1
        result.append(values[place] if times and abs(times[place] - when) <= reach else nan)
    return result


def _without_glitches(values: list[float]) -> list[float]:
    """Return a counter's values without single readings that fall out of an otherwise rising row."""
    falls = [row for row in range(1, len(values)) if values[row] < values[row - 1]]
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


def _load(key: tuple[int, int], group: list[Series]) -> Load | None:
    """Put the series of one load on a common grid, that of the fullest; None if there is nothing to see."""
    cleaned: dict[int, tuple[list[float], list[float]]] = {}
    for series in sorted(group, key=lambda one: one.uid):
        if series.code not in cleaned:  # a second signal with the same code says nothing that could be matched
            cleaned[series.code] = _clean(series)
    grid = max((times for times, _ in cleaned.values()), key=lambda times: (len(times), times), default=[])
    if len(grid) < 2:
        return None
    steps = sorted(after - before for before, after in pairwise(grid))
    reach = steps[len(steps) // 2] / 2
    columns = {
        code: Column(code, _aligned(grid, times, _without_glitches(values), reach))
        for code, (times, values) in sorted(cleaned.items())
    }
    return Load(key, grid, columns)


def load_key(series: Series) -> tuple[int, int]:
    """Return what a series belongs to: its load, or its device, or nothing but itself."""
    if series.load_uid is not None:
        return 0, series.load_uid
    return (1, series.device_uid) if series.device_uid is not None else (2, series.uid)


def make_loads(series: Iterable[Series]) -> list[Load]:
    """Return the loads there are; signals without a load count as those of their device, or each for itself."""
    groups: dict[tuple[int, int], list[Series]] = defaultdict(list)
    for one in series:
        groups[load_key(one)].append(one)
    return [load for key, group in sorted(groups.items()) if (load := _load(key, group)) is not None]
