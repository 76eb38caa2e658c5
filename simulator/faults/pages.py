"""Faults of lists in pages: how the page after the last one looks, and lists that never end."""

from dataclasses import dataclass
import json
from typing import override

from aiohttp import web

from .base import FaultTarget, RequestFault, ResponseFault

_KEYS = ("devices", "loads", "realtime", "history")
_FIRST_UID = 10**6


@dataclass(kw_only=True, eq=False)
class EmptyPage(ResponseFault, kind="empty-page"):
    """A page of a list after the first one that has no records is answered without a body, or with an error."""

    code: int = 204
    """200 and 204 without a body; 400 and 404 as errors."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = json.loads(response.body) if isinstance(response.body, bytes) and response.body else None
        listed = isinstance(body, list) or (isinstance(body, dict) and all(isinstance(v, dict) for v in body.values()))
        empty = not body or (isinstance(body, dict) and not any(body.values()))
        if int(request.query.get("page", "1")) == 1 or not (listed and empty):
            return response
        return web.Response(status=self.code, content_type="application/json")


@dataclass(kw_only=True, eq=False)
class EndlessList(RequestFault, kind="endless-list"):
    """Each page of a list has new records, without end."""

    records: int = 1000
    """Records in a page."""
    bad: bool = False
    """Its entries are numbers instead of records."""
    padding: int = 0
    """Length of an unknown field in each record, in bytes."""

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        first = int(request.query.get("page", "1")) * self.records
        name = next((key for key in reversed(_KEYS) if key in request.path), "signals")
        record = {"si": 29, "v": 1, "t": 1, "x": "a" * self.padding}
        listed: dict[str, object] = {
            str(_FIRST_UID + first + i): 7 if self.bad else record for i in range(self.records)
        }
        if name == "history":
            uid = request.query.get("uids", "1").partition(",")[0]
            listed = {uid: [7 if self.bad else {"p": 60 * (first + i), **record} for i in range(self.records)]}
        return web.json_response({name: listed})
