"""Faults of connections and sessions over several requests."""

import asyncio
from dataclasses import dataclass, field
from typing import override

from aiohttp import web

from .base import LOGIN, FaultTarget, RequestFault, ResponseFault
from .transport import cut


@dataclass(kw_only=True, eq=False)
class HangUp(ResponseFault, kind="hang-up"):
    """The connection is closed shortly after each answer, without a `Connection: close` header."""

    seconds: float = 0.005
    """Real seconds after the answer."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        await response.prepare(request)
        await response.write_eof()
        transport = request.transport
        if isinstance(transport, asyncio.Transport):
            # The server reads nothing more from this connection.
            transport.pause_reading()
            await asyncio.sleep(self.seconds)
            transport.close()
        return response


@dataclass(kw_only=True, eq=False)
class OneConnection(RequestFault, kind="one-connection"):
    """Only one connection is served: a request over another one, while the first is open, is cut."""

    _served: asyncio.Transport | None = field(default=None, init=False, repr=False)

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        if self._served is None or self._served.is_closing():
            self._served = request.transport
        return None if request.transport is self._served else cut(request)


@dataclass(kw_only=True, eq=False)
class ShortSessions(RequestFault, kind="short-sessions"):
    """Tokens are void soon after their login, as when somebody else logs in to the same account."""

    seconds: float = 60.0
    """Simulated seconds after the login."""
    _since: float | None = field(default=None, init=False, repr=False)

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        now = gateway.clock.now()
        if request.path == LOGIN:
            self._since = now
        elif self._since is not None and now - self._since >= self.seconds:
            gateway.reboot()
        return None
