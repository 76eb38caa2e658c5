"""In which spans of time the readings around the ends of hours are not enough, and all rows are needed."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from .curve import SLACK
from .rows import HOUR, Reading, in_order

type Span = tuple[float, float]

#: Seconds that are read before a fall: it may be the end of readings that were too high for a while.
_BEFORE_FALL: Final = 24 * HOUR


def row_length(readings: Iterable[Reading]) -> float | None:
    """Return the usual seconds between two readings, None of fewer than two."""
    gaps = [after.end - before.end for before, after in pairwise(in_order(readings))]
    return median(gaps) if gaps else None


def spans_between(
    readings: Iterable[Reading], ends: Iterable[float], width: float, *, increasing: bool
) -> tuple[Span, ...]:
    """Return the spans in which the readings around the ends of hours are not enough, in order, none overlapping.

    These are the hours beside an end without a reading within `width` seconds before and after it, and the time around
    a fall of an increasing counter.
    """
    ordered = in_order(readings)
    closes = [reading.end for reading in ordered]
    spans = [(end - HOUR, end + HOUR) for end in ends if not _is_told(closes, end, width)]
    if increasing:
        spans += [
            (after.end - _BEFORE_FALL, after.end + HOUR)
            for before, after in pairwise(ordered)
            if after.value < before.value
        ]
    return tuple(_merged(sorted(spans)))


def _is_told(closes: Sequence[float], end: float, width: float) -> bool:
    """Return whether rows close shortly before an instant and shortly after it, or just then."""
    before, after = bisect_right(closes, end + SLACK) - 1, bisect_left(closes, end - SLACK)
    return before >= 0 and after < len(closes) and end - closes[before] <= width + SLACK >= closes[after] - end


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans, sorted by their start, that overlap or touch."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
