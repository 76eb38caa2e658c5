"""Missed hours of a measured value, and whether history agrees with the hours beside them. Arithmetic only."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from typing import Final

from .rows import HOUR, MeasuredRow, Reading, hours, in_order, measured_rows

#: Seconds of an hour that history has to cover before it replaces what Home Assistant measured itself.
_FULL_HOUR: Final = 3300.0
#: The part of an hour's range by which two means of it may differ, as they are of other samples.
_SAMPLING: Final = 0.15
#: The part of a mean by which it may differ in any case.
_ROUGHLY: Final = 0.03
#: History is an hour off if, shifted by that, it has less than this part of the differences.
_SHIFTED: Final = 0.5


def measured_gaps(recorded: Mapping[float, MeasuredRow], start: float, until: float, flat_before: float) -> set[float]:
    """Return the hours of a measured value that were missed.

    An hour without a row was missed. Before `flat_before` Home Assistant may not have been running, so there an hour
    with equal minimum and maximum was missed too.
    """
    missed = set[float]()
    for hour in hours(start, until):
        row = recorded.get(hour)
        if row is None or (hour < flat_before and row.low == row.high):
            missed.add(hour)
    return missed


def measured_repair(
    readings: Iterable[Reading],
    recorded: Mapping[float, MeasuredRow],
    missed: AbstractSet[float],
    cut_short: AbstractSet[float] = frozenset(),
) -> list[MeasuredRow] | None:
    """Return rows for the missed hours; None if history contradicts the hours beside them.

    Their neighbours and `cut_short` hours get a row only if history covers them.
    """
    neighbours = ({hour + step for hour in missed for step in (-HOUR, HOUR)} | cut_short) - missed
    rows = {row.start: row for row in measured_rows(in_order(readings))}
    beside = {
        start: row
        for start, row in recorded.items()
        if start in rows and start not in missed | neighbours and rows[start].covered >= _FULL_HOUR
    }
    if not _agree(rows, beside):
        return None
    return [
        row for row in rows.values() if row.start in missed or (row.start in neighbours and row.covered >= _FULL_HOUR)
    ]


def _agree(history: Mapping[float, MeasuredRow], beside: Mapping[float, MeasuredRow]) -> bool:
    """Return whether history has the means that were recorded, and has them in their own hours."""
    own = _differences(history, beside, 0)
    allowed = sum(
        _SAMPLING * (max(row.high, history[start].high) - min(row.low, history[start].low)) + _ROUGHLY * abs(row.mean)
        for start, row in beside.items()
    )
    if own > allowed:
        return False
    rough = sum(_ROUGHLY * abs(row.mean) for row in beside.values())
    for step in (-HOUR, HOUR):
        shifted = {start: row for start, row in beside.items() if start + step in history}
        if own > rough and len(shifted) == len(beside) and _differences(history, shifted, step) < _SHIFTED * own:
            return False
    return True


def _differences(history: Mapping[float, MeasuredRow], beside: Mapping[float, MeasuredRow], step: float) -> float:
    return sum(abs(row.mean - history[start + step].mean) for start, row in beside.items())
