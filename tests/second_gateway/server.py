"""The TLS server: how many connections it bears, and how it ends them."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import ssl
from typing import Literal

from .http import BadRequestError, Framing, Request, Response, keeps_open, read_request, write_response


class Server:
    """Accepts connections on loopback and reads requests from them."""

    def __init__(
        self, answer: Callable[[Request], Awaitable[Response]], powered_since: Callable[[], float | None]
    ) -> None:
        """Take what answers a request, and since when there has been power, None for never."""
        self._answer = answer
        self._powered_since = powered_since
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Condition()
        self.context: ssl.SSLContext | None = None
        self.framing = Framing()
        #: TLS connections that it bears at once, and what the next one meets.
        self.connections: int | None = None
        self.surplus: Literal["waits", "reset"] = "waits"
        self.accepted = 0
        self._busy = 0

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen; return the port."""
        self.context = context
        self._server = await asyncio.start_server(self._accept, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Break all connections, as a restart does."""
        for writer in self._open:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        self.accepted += 1
        try:
            await self._admit(reader, writer)
        except ConnectionError, ssl.SSLError, TimeoutError:
            pass
        finally:
            self._tasks.discard(task)
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection once there is room for it."""
        full = self.connections is not None and self._busy >= self.connections
        booted = self._powered_since()
        if booted is None or (full and self.surplus == "reset"):
            writer.transport.abort()
            return
        async with self._freed:
            await self._freed.wait_for(lambda: self.connections is None or self._busy < self.connections)
            self._busy += 1
        try:
            assert self.context is not None
            await writer.start_tls(self.context)
            await self._serve(reader, writer, booted)
        finally:
            async with self._freed:
                self._busy -= 1
                self._freed.notify()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, booted: float) -> None:
        """Answer requests until one side has enough, or the power has been away."""
        while True:
            try:
                request = await read_request(reader)
            except BadRequestError:
                request = Request("GET", "", {}, {}, b"", "1.0")
                await write_response(writer, request, Response(400), self.framing, keep=False)
                return
            if request is None:
                return
            framing = self.framing
            response = await self._answer(request)
            if self._powered_since() != booted or response.status == 0:
                writer.transport.abort()
                return
            keep = keeps_open(request, framing) and response.broken_after is None
            await write_response(writer, request, response, framing, keep=keep)
            if not keep:
                await asyncio.sleep(framing.close_delay)
                return
