"""When the gateway's clock was set, from its history: arithmetic only.

A row has the time of the gateway's clock. A clock that is set forward leaves a hole of that size. A clock that is set back
passes the same times twice, and a gateway keeps both rows or the later one. The order in which rows were written follows
from the readings of a counter that only rises.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import Final, NamedTuple

from .cleaning import LEEWAY
from .curve import HOUSE
from .rows import Reading

CLOCK_SET: Final = 30.0
"""If a clock jumps by more than this many seconds, somebody has set it."""
#: A step between two rows of more than this many usual ones means that rows are missing or the clock was set.
_BREAK: Final = 1.5
#: The fewest rows for any conclusion.
_LEAST: Final = 3


class Era(NamedTuple):
    """The rows between two times, both included, for which the gateway's clock was ahead by `offset` seconds."""

    offset: float
    first: float = -inf
    last: float = inf


class ClockChange(NamedTuple):
    """The offset of the gateway's clock before it changed, and the instants between which it changed."""

    offset: float
    since: float
    until: float
    is_host: bool
    """Whether it may have been the host's clock that was set."""


class _Set(NamedTuple):
    """The clock was set by `by` seconds after the row with index `after`."""

    after: int
    by: float


def eras_told(
    rows: Iterable[Reading], offset: float, now: float, change: ClockChange | None, kilowatt: float
) -> tuple[Era, ...] | None:
    """Return the eras in the rows of a counter that only rises: one if nothing shows that the clock was set.

    None if it may have been set, but it is unknown when. `offset` is how far the clock is ahead now, `kilowatt` 1 kW in
    units per second, 0 if it counts no energy.
    """
    order = _written_order(rows)
    if len(order) < _LEAST:
        return None
    steps = [after.end - before.end for before, after in pairwise(order)]
    usual = median(steps)
    breaks = [index for index, step in enumerate(steps) if not -_BREAK * usual <= step <= _BREAK * usual]
    before = offset if change is None else change.offset
    by = offset - before
    if change is not None and abs(by) <= usual:
        # Rows cannot show so small a change. With either offset, hours are right within a row.
        last = change.since + before
        return Era(before, last=last), Era(offset, first=last + 1)
    is_twice = len({row.end for row in order}) < len(order) or max(row.end for row in order) - offset > now + usual
    sets: list[_Set] | None
    if is_twice:
        sets = _back(steps, breaks, by, usual)
    elif change is None:
        sets = []
    elif by > 0:
        sets = _ahead([i for i in breaks if _is_within(change, order[i], order[i + 1], offset, usual)], steps, by)
    else:
        sets = _written_over(order, steps, by, usual, kilowatt)
    return None if sets is None else _split(order, sets, before, offset)


def _ahead(breaks: Sequence[int], steps: Sequence[float], by: float) -> list[_Set] | None:
    """Return the hole that is large enough for a clock set forward, if any; None if there are several."""
    places = [_Set(index, by) for index in breaks if steps[index] > by]
    return places if len(places) <= 1 else None


def _back(steps: Sequence[float], breaks: Sequence[int], by: float, usual: float) -> list[_Set] | None:
    """Return when the clock was set, if it passed the same times twice; None if that is unknown.

    It is one step back by the change, or steps forward and back if hardly any time passed in all breaks together.
    """
    places = [_Set(index, by) for index in breaks if by < 0 < steps[index] - by <= _BREAK * usual]
    if len(places) == 1:
        return places
    passed = sum(steps[index] for index in breaks) - by
    if 0 <= passed <= len(breaks) * _BREAK * usual:
        return [_Set(index, steps[index] - passed / len(breaks)) for index in breaks]
    return None


def _written_over(
    order: Sequence[Reading], steps: Sequence[float], by: float, usual: float, kilowatt: float
) -> list[_Set] | None:
    """Return the step with the energy of the rows that were overwritten after the clock was set back; None if several.

    The times of the rows are regular, so only a rise that is too fast for a house shows it.
    """
    rises = [after.value - before.value for before, after in pairwise(order)]
    if any(step > _BREAK * usual for step in steps):
        return None
    places = [_Set(index, by) for index, rise in enumerate(rises) if rise > LEEWAY * HOUSE * kilowatt * usual > 0]
    return places if len(places) <= 1 else None


def _split(order: Sequence[Reading], sets: Sequence[_Set], before: float, offset: float) -> tuple[Era, ...]:
    """Return the eras between the times at which the clock was set."""
    eras = [Era(before if sets else offset)]
    for index, by in sets:
        eras[-1] = eras[-1]._replace(last=order[index].end)
        eras.append(Era(eras[-1].offset + by, first=order[index + 1].end))
    return tuple(eras)


def _is_within(change: ClockChange, before: Reading, after: Reading, offset: float, usual: float) -> bool:
    """Return whether the clock may have been set between two rows."""
    slack = _BREAK * usual
    return before.end - change.offset >= change.since - slack and after.end - offset <= change.until + slack


def _written_order(rows: Iterable[Reading]) -> list[Reading]:
    """Return rows in the order in which they were written: by their readings, and equal ones by their times.

    Of equal ones, those later than the row before come first, as the clock may have passed the same times twice.
    """
    alike: defaultdict[float, set[float]] = defaultdict(set)
    for row in rows:
        alike[row.value].add(row.end)
    order: list[Reading] = []
    for value in sorted(alike):
        ends = sorted(alike[value])
        if order:
            last = order[-1].end
            ends = [end for end in ends if end > last] + [end for end in ends if end <= last]
        order += [Reading(end, value, value, value) for end in ends]
    return order
