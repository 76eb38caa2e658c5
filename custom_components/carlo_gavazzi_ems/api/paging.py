"""Lists in pages, read right whatever a gateway means by `limit`.

The document says neither whether a gateway may return fewer records than asked for, nor what it
answers beyond the last page, nor whether a list without the parameter `page` in its description
heeds it. So nothing is concluded from the length of a page: the reading goes on until a page adds
nothing new. That ends for every gateway, also for one that ignores `page` and repeats itself.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import dataclass
import time
from typing import Final, Protocol, Self

from .exceptions import BadRequestError, NotFoundError, OversizedAnswerError
from .models import HistoryRow
from .records import Rows

#: Records asked for in one page: the document's own default, so no gateway can call it too many.
PAGE_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What reading one list may take, all its pages together; a list that takes more is not believed."""

    #: Records, also those that are left out.
    records: int
    #: Bytes.
    size: int
    #: Seconds.
    seconds: float
    pages: int = 5000


#: Ten times the largest installation.
LIST_LIMITS: Final = Limits(records=50_000, size=16 * 1024 * 1024, seconds=600)
#: What is asked for at once is 50,000 rows of a minute.
HISTORY_LIMITS: Final = Limits(records=200_000, size=64 * 1024 * 1024, seconds=1800)


class Budget:
    """Counts what reading a list takes, and gives up once that is too much."""

    def __init__(self, limits: Limits = LIST_LIMITS) -> None:
        """Begin now."""
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._pages = self._records = self._size = 0

    def next_page(self, records: int) -> None:
        """Count a page of so many new records; raises OversizedAnswerError where no further page may be read."""
        self._pages += 1
        self._records += records
        if self._records > self._limits.records:
            raise OversizedAnswerError(f"the gateway lists more than {self._limits.records} records")
        if self._pages >= self._limits.pages:
            raise OversizedAnswerError(f"the gateway lists more than {self._limits.pages} pages")
        if time.monotonic() > self._deadline:
            raise OversizedAnswerError(f"the list takes longer than {self._limits.seconds:.0f} seconds")

    def sized[T](self, read: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """Return what reads a body and counts its bytes before."""

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
        """Return how many records there are."""

    def has(self, wanted: frozenset[int]) -> bool:
        """Return whether there is a record of each of these UIDs."""

    def copy(self) -> Self:
        """Return the same records as an object of its own."""

    def add(self, other: Self) -> None:
        """Take in the records of another page."""


async def read_map[PageT: Page](
    fetch: Callable[[int], Awaitable[PageT]], *, wanted: Collection[int] | None = None, budget: Budget | None = None
) -> PageT:
    """Read a map page by page; where it is known what is `wanted`, stop as soon as all of it is there."""
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
            # Some servers call the page after the last one an error.
            break
        if page == 2:
            # A copy: the first page may be kept for the next answer that repeats it.
            everything = everything.copy()
        everything.add(records)
    return everything


async def read_history(fetch: Callable[[int], Awaitable[Rows]], budget: Budget | None = None) -> AsyncGenerator[Rows]:
    """Yield history page by page, each row once, in the gateway's own order.

    What has been seen is remembered as (UID, end of period), 100 bytes a row; whoever asks for a long
    span asks in parts.
    """
    budget = budget or Budget(HISTORY_LIMITS)
    seen: set[tuple[int, float]] = set()
    page = 1
    while True:
        try:
            rows = await fetch(page)
        except BadRequestError, NotFoundError:
            if page == 1:
                raise
            return
        fresh = Rows(row for row in rows if _is_new(row, seen))
        fresh.rejected.update(rows.rejected)
        if fresh or (page == 1 and fresh.rejected):
            yield fresh
        if not fresh:
            return
        budget.next_page(len(rows) + len(rows.rejected))
        page += 1


def _is_new(row: HistoryRow, seen: set[tuple[int, float]]) -> bool:
    """Return whether a row was not seen before, and remember it."""
    key = (row.uid, row.period_end)
    if key in seen:
        return False
    seen.add(key)
    return True
