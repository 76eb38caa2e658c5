"""Faults of the connection and of whole answers."""

import asyncio
from dataclasses import dataclass
from typing import override

from aiohttp import web

from .base import LOGIN, FaultTarget, RequestFault, ResponseFault

_PAGE = "<!DOCTYPE html><html><head><title>EMS</title></head><body><h1>Updating, please wait…</h1></body></html>"
_BLOCK = b"a" * 65_536
_BATCH = 1000


@dataclass(kw_only=True, eq=False)
class Drop(RequestFault, kind="drop"):
    """The connection is cut without an answer."""

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        return cut(request)


def cut(request: web.Request) -> web.StreamResponse:
    """Cut the connection of a request; the returned answer is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


@dataclass(kw_only=True, eq=False)
class Delay(RequestFault, kind="delay"):
    """The answer is delayed, in real seconds."""

    seconds: float = 5.0

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        await asyncio.sleep(self.seconds)
        return None


@dataclass(kw_only=True, eq=False)
class Status(RequestFault, kind="status"):
    """The answer is an error, 100 to 599, with `Retry-After` if wanted (seconds, or an HTTP date)."""

    code: int = 503
    retry_after: int | str | None = None
    body: str = '{"error": "simulated"}'

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return web.Response(status=self.code, text=self.body, content_type="application/json", headers=headers)


@dataclass(kw_only=True, eq=False)
class RefuseLogins(Status, kind="refuse-logins"):
    """Logins are refused: 401 for a wrong password, 403, 423, 429 or 503 for one that must wait."""

    path: str | None = LOGIN
    code: int = 401


@dataclass(kw_only=True, eq=False)
class Html(RequestFault, kind="html"):
    """The answer is a web page, with status 200."""

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        return web.Response(text=_PAGE, content_type="text/html")


@dataclass(kw_only=True, eq=False)
class Redirect(RequestFault, kind="redirect"):
    """The answer is a redirect."""

    to: str = "https://192.0.2.1/"
    code: int = 307

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        return web.Response(status=self.code, headers={"Location": self.to})


@dataclass(kw_only=True, eq=False)
class VoidTokens(RequestFault, kind="void-tokens"):
    """Every token is void before the request is served, as after a reboot."""

    @override
    def concerns(self, path: str) -> bool:
        return path not in {"/ver", LOGIN} and super().concerns(path)

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        gateway.reboot()
        return None


@dataclass(kw_only=True, eq=False)
class EmptyBody(ResponseFault, kind="empty-body"):
    """The answer has no body."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        return web.Response(status=response.status, content_type="application/json")


@dataclass(kw_only=True, eq=False)
class HalfBody(ResponseFault, kind="half-body"):
    """The connection is cut in the middle of the body that `Content-Length` promised."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = _body(response)
        stream = await _prepared(request, response, len(body))
        await stream.write(body[: len(body) // 2])
        await asyncio.sleep(0)
        if request.transport is not None:
            request.transport.close()
        return stream


@dataclass(kw_only=True, eq=False)
class Trickle(ResponseFault, kind="trickle"):
    """The body comes a byte at a time (slow-loris)."""

    seconds: float = 1.0
    """Real seconds between two bytes."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = _body(response)
        stream = await _prepared(request, response, len(body))
        for position in range(len(body)):
            await stream.write(body[position : position + 1])
            await asyncio.sleep(self.seconds)
        return stream


@dataclass(kw_only=True, eq=False)
class HugeBody(ResponseFault, kind="huge-body"):
    """The body is an unfinished JSON text of `size` bytes."""

    size: int = 1_000_000_000
    announced: bool = False
    """Whether `Content-Length` states the size."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        stream = await _prepared(request, response, self.size if self.announced else None)
        sent = b'{"realtime": {"1": "'[: self.size]
        await stream.write(sent)
        missing = self.size - len(sent)
        while missing > 0:
            block = _BLOCK[:missing]
            await stream.write(block)
            missing -= len(block)
        return stream


@dataclass(kw_only=True, eq=False)
class LongList(RequestFault, kind="long-list"):
    """A list has `records` records, in one answer or by page."""

    path: str | None = "/v1/signals"
    name: str = "signals"
    """The key of the list in its answer."""
    records: int = 1_000_000
    paged: bool = False

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        first, last = 0, self.records
        if self.paged:
            limit, page = int(request.query.get("limit", "1000")), int(request.query.get("page", "1"))
            first, last = min((page - 1) * limit, last), min(page * limit, last)
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        await stream.prepare(request)
        await stream.write(f'{{"{self.name}":{{'.encode())
        for begin in range(first, last, _BATCH):
            block = ",".join(f'"{uid}":{{"si":29}}' for uid in range(begin, min(begin + _BATCH, last)))
            await stream.write((block if begin == first else f",{block}").encode())
        await stream.write(b"}}")
        return stream


def _body(response: web.Response) -> bytes:
    """Return the bytes of an answer."""
    return response.body if isinstance(response.body, bytes) else b""


async def _prepared(request: web.Request, response: web.Response, length: int | None) -> web.StreamResponse:
    """Return an answer with the head of `response`, which has been sent."""
    stream = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    if length is not None:
        stream.content_length = length
    await stream.prepare(request)
    return stream
