"""A gateway with prepared good and bad realtime answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from typing import override

from aiohttp import web

from simulator.faults.base import FaultTarget, RequestFault

from .resident import REALTIME

#: Bad answers: a web page, an incomplete body, an empty one.
BAD: Mapping[str, bytes] = {
    "page": b"<html><body>One moment</body></html>",
    "half": b'{"realtime":{"1":{"uid":1,"v":',
    "empty": b"",
}


@dataclass(kw_only=True, eq=False)
class Reads(RequestFault):
    """Answers realtime requests with the values in pages, or with a bad answer if one is queued."""

    path: str | None = REALTIME
    values: Mapping[int, float | None] = field(default_factory=dict)
    time: float = 1_752_493_029_000
    pages: int = 1
    #: The next answers: a key of BAD, or None for a good page.
    queue: list[str | None] = field(default_factory=list)

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        """Answer with the requested page."""
        if self.queue and (bad := self.queue.pop(0)) is not None:
            return web.Response(body=BAD[bad], content_type="text/html")
        asked = request.query.get("uids")
        uids = sorted(self.values if asked is None else self.values.keys() & set(map(int, asked.split(","))))
        page = int(request.query.get("page", "1"))
        return web.json_response({"realtime": self.records(uids[page - 1 :: self.pages] if page <= self.pages else [])})

    def records(self, uids: Sequence[int]) -> dict[str, object]:
        """Return the records of some signals."""
        return {str(uid): {"uid": uid, "si": 1, "v": self.values[uid], "t": self.time, "s": 1, "r": 0} for uid in uids}


def as_json(values: Mapping[int, float | None]) -> str:
    """Return values as JSON, for the message of a failed test."""
    return json.dumps({str(uid): value for uid, value in sorted(values.items())})
