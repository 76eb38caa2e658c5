"""The operations of the API that read history."""

from collections.abc import AsyncGenerator, Collection
from datetime import datetime
from functools import partial

from .models import HistoryRow
from .paging import HISTORY_LIMITS, PAGE_LIMIT, Budget, read_history
from .records import Records, Rows, parse_history, parse_history_row, parse_map
from .requester import Query, Requester, joined, of_json, one, page_of_json

_LAST_ROWS = partial(parse_map, key="history", parse=parse_history_row)


class HistoryRequester(Requester):
    """Reads what the gateway has recorded."""

    def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = PAGE_LIMIT,
    ) -> AsyncGenerator[Rows]:
        """Yield the history of several signals, page by page. `limit` is the number of rows per page."""
        query = {"uids": joined(uids), "limit": str(limit)}
        return self._history("/v1/signals/history", None, start, end, query)

    def signal_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of one signal, page by page."""
        return self._history(f"/v1/signals/{uid}/history", uid, start, end)

    def device_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of the signals of a device, page by page."""
        return self._history(f"/v1/devices/{uid}/signals/history", None, start, end)

    def load_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of the signals of a load, page by page."""
        return self._history(f"/v1/loads/{uid}/signals/history", None, start, end)

    async def last_history(self, *, uids: Collection[int] | None = None) -> Records[HistoryRow]:
        """Return the newest row of history, of all signals or of those asked for."""
        return await self._read_map("/v1/signals/history/last", page_of_json(_LAST_ROWS), Records(), uids)

    async def signal_last_history(self, uid: int) -> HistoryRow:
        """Return the newest row of history of one signal."""
        return await self._get(f"/v1/signals/{uid}/history/last", partial(one, parse=parse_history_row, uid=uid))

    async def device_last_history(self, uid: int) -> Records[HistoryRow]:
        """Return the newest row of history of each signal of a device."""
        return await self._get(f"/v1/devices/{uid}/signals/history/last", _LAST_ROWS)

    async def load_last_history(self, uid: int) -> Records[HistoryRow]:
        """Return the newest row of history of each signal of a load."""
        return await self._get(f"/v1/loads/{uid}/signals/history/last", _LAST_ROWS)

    def _history(
        self, path: str, uid: int | None, start: datetime | None, end: datetime | None, query: Query | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield history page by page. The API document does not say whether `start` and `end` are included."""
        span = {"limit": str(PAGE_LIMIT)} | dict(query or {})
        for name, instant in (("start", start), ("end", end)):
            if instant is not None:
                span[name] = str(round(instant.timestamp() * 1000))

        budget = Budget(HISTORY_LIMITS)
        read = budget.sized(of_json(partial(parse_history, uid=uid)))

        async def fetch(page: int) -> Rows:
            return await self._fetch_page(path, read, span, page, Rows)

        return read_history(fetch, budget)
