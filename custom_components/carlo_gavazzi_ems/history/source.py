"""Readings from the gateway's history, with bounded memory."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final, Protocol

from custom_components.carlo_gavazzi_ems.api import (
    BusyError,
    EmsTimeoutError,
    HistoryRow,
    InvalidAnswerError,
    Rows,
    StatusError,
    UnauthorizedError,
)

from .arithmetic.empty_spans import EmptySpan
from .arithmetic.rows import HOUR, Reading

#: Seconds around a span to ask for as well: the document says neither which end of a span a gateway includes, nor
#: whether it means the time of the sample or the end of the period.
_MARGIN: Final = 960.0
#: Rows to expect from one read of all pages, at a row a minute. The client holds them while it reads.
_ROWS_AT_ONCE: Final = 50_000
_SIGNALS_AT_ONCE: Final = 100
#: Readings in memory at a time, 100 bytes each.
_READINGS_AT_ONCE: Final = 200_000


class HistorySource(Protocol):
    """A client that reads history."""

    def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 1000,
    ) -> AsyncGenerator[Rows]:
        """Yield the history of several signals, page by page."""


async def async_readings(
    source: HistorySource, uids: Iterable[int], start: float, end: float, *, offset: float = 0.0
) -> dict[int, list[Reading]]:
    """Return the readings of periods that end between two instants, both included, in no particular order.

    One request is in flight at a time. The gateway's clock is ahead by `offset` seconds. Raises EmsError.
    """
    found: defaultdict[int, list[Reading]] = defaultdict(list)
    async for rows in async_rows(source, uids, start, end, offset=offset):
        for row in rows:
            if row.value is not None:
                found[row.uid].append(reading_of(row, row.value, row.period_end - offset))
    return found


async def async_rows(
    source: HistorySource, uids: Iterable[int], start: float, end: float, *, offset: float = 0.0
) -> AsyncGenerator[list[HistoryRow]]:
    """Yield the rows that close between two instants, both included, by the page; their times are the gateway's.

    One request is in flight at a time. The gateway's clock is ahead by `offset` seconds. Raises EmsError.
    """
    wanted = sorted(uids)
    for some in _parts(wanted, _SIGNALS_AT_ONCE):
        step = max(_ROWS_AT_ONCE // (60 * len(some)), 1) * HOUR
        begin = start
        while begin < end:
            stop = min(begin + step, end)
            first, last = date_of(begin + offset - _MARGIN), date_of(stop + offset + _MARGIN)
            async with aclosing(source.history(uids=some, start=first, end=last)) as pages:
                async for rows in pages:
                    # The requested spans overlap by the margin; the rows may not.
                    yield [
                        row for row in rows if begin < (closes := row.period_end - offset) <= stop or closes == start
                    ]
            begin = stop


async def async_has_rows(source: HistorySource, uids: Collection[int], start: float, end: float) -> bool:
    """Return whether the history of some signals has rows between two instants, with one small request.

    `limit` is the number of signals, so at least one row comes whether it counts rows, rows per signal, or signals.
    Raises EmsError.
    """
    pages = source.history(uids=uids, start=date_of(start - _MARGIN), end=date_of(end + _MARGIN), limit=len(uids))
    async with aclosing(pages):
        async for rows in pages:
            if rows or rows.rejected:
                return True
    return False


async def async_past_empty_span(
    source: HistorySource, uids: Collection[int], span: EmptySpan, known: float | None = None
) -> float:
    """Return the instant up to which the history of some signals is empty, in whole steps of `span`.

    History may be empty for years before the gateway was installed, or for months in between. Only spans that the
    gateway reported as empty are skipped. A gateway that answers only the beginning of a long span is detected by
    the row at `known`, which its answer would lack; then nothing is skipped. Raises EmsError.
    """
    if known is not None and await _async_may_have_rows(source, uids, *sorted((span.far, known))) is False:
        return span.near
    while span.question is not None:
        answer = await _async_may_have_rows(source, uids, *span.question)
        if answer is None:
            # The span is too long for this gateway, or the gateway is away; then the next request fails.
            break
        span.answer(has_rows=answer)
    return span.end


async def _async_may_have_rows(source: HistorySource, uids: Collection[int], start: float, end: float) -> bool | None:
    """Return whether there may be rows, None after a timeout. Raises EmsError."""
    try:
        return await async_has_rows(source, uids, start, end)
    except BusyError, UnauthorizedError:
        raise
    except StatusError, InvalidAnswerError:
        return True
    except EmsTimeoutError:
        return None


def batches[T](items: Collection[T], seconds: float) -> Iterator[list[T]]:
    """Yield lists of signals whose readings of `seconds` fit into memory."""
    return _parts(list(items), max(int(_READINGS_AT_ONCE / max(seconds / 60, 1)), 1))


def _parts[T](items: list[T], size: int) -> Iterator[list[T]]:
    yield from (items[i : i + size] for i in range(0, len(items), size))


def reading_of(row: HistoryRow, value: float, period_end: float) -> Reading:
    """Return a row's reading. A missing minimum or maximum is the reading itself."""
    low = value if row.minimum is None else row.minimum
    high = value if row.maximum is None else row.maximum
    return Reading(period_end, value, low, high)


def date_of(instant: float) -> datetime:
    """Return an instant as a datetime in UTC."""
    return datetime.fromtimestamp(instant, UTC)
