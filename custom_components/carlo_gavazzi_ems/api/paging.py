"""Lists in pages, read right whatever a gateway means by `limit`.

The document says neither whether a gateway may return fewer records than asked for, nor what it
answers beyond the last page, nor whether a list without the parameter `page` in its description
heeds it. So nothing is concluded from the length of a page: the reading goes on until a page adds
nothing new. That ends for every gateway, also for one that ignores `page` and repeats itself.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from typing import Final, Protocol, Self

from .exceptions import BadRequestError, InvalidAnswerError, NotFoundError
from .models import HistoryRow
from .records import Rows

#: Records asked for in one page: the document's own default, so no gateway can call it too many.
PAGE_LIMIT: Final = 1000
#: More records than any installation has; beyond it an answer is not believed.
MAX_RECORDS: Final = 200_000


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
    fetch: Callable[[int], Awaitable[PageT]], *, wanted: Collection[int] | None = None
) -> PageT:
    """Read a map page by page; where it is known what is `wanted`, stop as soon as all of it is there."""
    complete = None if wanted is None else frozenset(wanted)
    everything = await fetch(1)
    known, page = 0, 1
    while (found := len(everything) + len(everything.rejected)) > known:
        if complete is not None and everything.has(complete):
            break
        if len(everything) > MAX_RECORDS:
            raise InvalidAnswerError(f"the gateway lists more than {MAX_RECORDS} records")
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


async def read_history(fetch: Callable[[int], Awaitable[Rows]]) -> AsyncGenerator[Rows]:
    """Yield history page by page, each row once, in the gateway's own order.

    What has been seen is remembered as (UID, end of period), 100 bytes a row; whoever asks for a long
    span asks in parts.
    """
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
        page += 1


def _is_new(row: HistoryRow, seen: set[tuple[int, float]]) -> bool:
    """Return whether a row was not seen before, and remember it."""
    key = (row.uid, row.period_end)
    if key in seen:
        return False
    seen.add(key)
    return True
