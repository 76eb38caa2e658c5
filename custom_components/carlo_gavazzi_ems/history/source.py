"""The gateway's history as readings, a bounded piece at a time."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, Protocol

from custom_components.carlo_gavazzi_ems.api import HistoryRow, Rows

from .rows import HOUR, Reading

#: Which end of a span a gateway includes is not documented, nor whether it counts by the sample or the period's end.
_MARGIN: Final = 960.0
#: Rows that one run through the pages may bring at a minute each; the client remembers them while it reads.
_ROWS_AT_ONCE: Final = 50_000
_SIGNALS_AT_ONCE: Final = 100
#: Readings held in memory at once, 100 bytes each.
_READINGS_AT_ONCE: Final = 200_000


class HistorySource(Protocol):
    """What reads history: the client, or a test's stand-in."""

    def history(
        self, *, uids: Collection[int], start: datetime | None = None, end: datetime | None = None
    ) -> AsyncIterator[Rows]:
        """Yield the history of several signals, page by page."""


async def async_readings(
    source: HistorySource,
    uids: Iterable[int],
    start: float,
    end: float,
    progress: Callable[[float], None] | None = None,
) -> dict[int, list[Reading]]:
    """Return the readings of periods that close between two instants, both included, in no particular order.

    One request is in flight at a time. `progress` is told after each page which share of the readings has come,
    0 to 1, as far as that can be known: of a reading a minute. Raises an EmsError.
    """
    wanted = sorted(uids)
    found: defaultdict[int, list[Reading]] = defaultdict(list)
    expected, seen = max(len(wanted) * (end - start) / 60, 1), 0
    for some in _parts(wanted, _SIGNALS_AT_ONCE):
        step = max(_ROWS_AT_ONCE // (60 * len(some)), 1) * HOUR
        begin = start
        while begin < end:
            stop = min(begin + step, end)
            async for rows in source.history(uids=some, start=_date(begin - _MARGIN), end=_date(stop + _MARGIN)):
                for row in rows:
                    # The pieces overlap in the question, not in the answer.
                    if (begin < row.period_end <= stop or row.period_end == start) and row.value is not None:
                        found[row.uid].append(_reading(row, row.value))
                        seen += 1
                if progress is not None:
                    progress(min(seen / expected, 1.0))
            begin = stop
    return found


def batches[T](items: Collection[T], seconds: float) -> Iterator[list[T]]:
    """Yield signals in lists of which the readings of so many seconds fit into memory."""
    return _parts(list(items), max(int(_READINGS_AT_ONCE / max(seconds / 60, 1)), 1))


def _parts[T](items: list[T], size: int) -> Iterator[list[T]]:
    yield from (items[i : i + size] for i in range(0, len(items), size))


def _reading(row: HistoryRow, value: float) -> Reading:
    low = value if row.minimum is None else row.minimum
    high = value if row.maximum is None else row.maximum
    return Reading(row.period_end, value, low, high)


def _date(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
