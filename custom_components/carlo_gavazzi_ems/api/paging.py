"""Reads lists in pages, independently of what a gateway means by `limit`.

The API document does not say whether a page may have fewer records than `limit`, what follows the last
page, or whether a list that is described without the parameter `page` supports it. So nothing is concluded
from the length of a page: reading ends when a page adds nothing new. That also ends for a gateway that
ignores `page` and repeats the first one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import dataclass
import time
from typing import Final, Protocol, Self

from .exceptions import BadRequestError, NotFoundError, OversizedAnswerError
from .models import HistoryRow
from .records import Rows

#: Records per page: the document's default, so that every gateway accepts it.
PAGE_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of reading one list, all pages together; a list that exceeds one is an error."""

    #: Records, including rejected ones.
    records: int
    #: Bytes.
    size: int
    #: Seconds.
    seconds: float
    pages: int = 5000


#: Ten times the largest installation.
LIST_LIMITS: Final = Limits(records=50_000, size=16 * 1024 * 1024, seconds=600)
#: At most 50,000 rows of one minute are requested at once.
HISTORY_LIMITS: Final = Limits(records=200_000, size=64 * 1024 * 1024, seconds=1800)


class Budget:
    """Counts pages, records, bytes and time of reading a list. Raises OversizedAnswerError beyond the limits."""

    def __init__(self, limits: Limits = LIST_LIMITS) -> None:
        """Start the time limit now."""
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._pages = self._records = self._size = 0

    def next_page(self, records: int) -> None:
        """Count a page with `records` new records. Raises OversizedAnswerError if no further page may be read."""
        self._pages += 1
        self._records += records
        if self._records > self._limits.records:
            raise OversizedAnswerError(f"the gateway lists more than {self._limits.records} records")
        if self._pages >= self._limits.pages:
            raise OversizedAnswerError(f"the gateway lists more than {self._limits.pages} pages")
        if time.monotonic() > self._deadline:
            raise OversizedAnswerError(f"the list takes longer than {self._limits.seconds:.0f} seconds")

    def sized[T](self, read: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """Return a function that counts the bytes of a body, then reads it with `read`."""

        def counted(body: bytes) -> T:
            self._size += len(body)
            if self._size > self._limits.size:
                raise OversizedAnswerError(f"the list is larger than {self._limits.size} bytes")
            return read(body)

        return counted


class Page(Protocol):
    """The records of one page, or of several."""

    rejected: dict[str, str]

    def __len__(self) -> int:
        """Return the number of records."""

    def has(self, wanted: frozenset[int]) -> bool:
        """Return whether there is a record of each of these UIDs."""

    def copy(self) -> Self:
        """Return a copy with the same records."""

    def add(self, other: Self) -> None:
        """Add the records of another page."""


async def read_map[PageT: Page](
    fetch: Callable[[int], Awaitable[PageT]], *, wanted: Collection[int] | None = None, budget: Budget | None = None
) -> PageT:
    """Read a map page by page; with `wanted`, stop as soon as all of these UIDs are there."""
    budget = budget or Budget(LIST_LIMITS)
    complete = None if wanted is None else frozenset(wanted)
    everything = await fetch(1)
    known, page = 0, 1
    while (found := len(everything) + len(everything.rejected)) > known:
        if complete is not None and everything.has(complete):
            break
        budget.next_page(found - known)
        known, page = found, page + 1
        try:
            records = await fetch(page)
        except BadRequestError, NotFoundError:
            # Some servers answer with an error after the last page.
            break
        if page == 2:
            # A copy, because the first page may be cached by a `SampleMemory`.
            everything = everything.copy()
        everything.add(records)
    return everything


async def read_history(fetch: Callable[[int], Awaitable[Rows]], budget: Budget | None = None) -> AsyncGenerator[Rows]:
    """Yield history page by page, each row once, in the gateway's own order.

    Known rows are remembered as (UID, end of period), 100 bytes a row, so a caller should request a long
    span in parts.
    """
    budget = budget or Budget(HISTORY_LIMITS)
    seen = _SeenRows()
    page = 1
    while True:
        try:
            rows = await fetch(page)
        except BadRequestError, NotFoundError:
            if page == 1:
                raise
            return
        known = len(seen.values)
        fresh = Rows(row for row in rows if seen.is_new(row))
        fresh.rejected.update(rows.rejected)
        if fresh or (page == 1 and fresh.rejected):
            yield fresh
        # A gateway that repeats itself may have another value for the period that is still running.
        if len(seen.values) == known and 2 * len(fresh) <= len(rows):
            return
        budget.next_page(len(rows) + len(rows.rejected))
        page += 1


class _SeenRows:
    """The rows that were read. A gateway whose clock was set back may have two with one time."""

    def __init__(self) -> None:
        """Begin with none."""
        self.values: dict[tuple[int, float], float | None] = {}
        self._others: set[tuple[int, float, float | None]] = set()

    def is_new(self, row: HistoryRow) -> bool:
        """Return whether a row was not seen before, and remember it."""
        key = (row.uid, row.period_end)
        if key not in self.values:
            self.values[key] = row.value
            return True
        other = (*key, row.value)
        if self.values[key] == row.value or other in self._others:
            return False
        self._others.add(other)
        return True
