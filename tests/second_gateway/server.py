"""The TLS server: its limit of connections, and how it closes them."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import socket
import ssl
import struct
from typing import Literal

from .http import BadRequestError, Framing, Request, Response, keeps_open, read_request, write_response

_NOT_READABLE = Request("GET", "", {}, {}, b"", "1.0")


class Server:
    """Accepts connections and reads requests from them; a handshake begins once there is room for it."""

    def __init__(
        self, answer: Callable[[Request], Awaitable[Response]], powered_since: Callable[[], float | None]
    ) -> None:
        """Take a function that answers requests, and one for the time of the last power-up, None without power."""
        self._answer = answer
        self._powered_since = powered_since
        self._listening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Condition()
        self._busy = 0
        self.framing = Framing()
        #: The certificate of the next handshake.
        self.context: ssl.SSLContext | None = None
        #: The limit of TLS connections, and whether the next one is reset.
        self.connections: int | None = None
        self.surplus: Literal["waits", "reset"] = "waits"
        self.accepted = 0

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen; return the port."""
        self.context = context
        listener = socket.create_server((host, port), backlog=100)
        listener.settimeout(0)
        self._listening = asyncio.create_task(self._listen(listener))
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._listening = None
        await self._end()

    def hang_up(self) -> None:
        """Break all connections, as a restart does."""
        for task in self._tasks:
            task.cancel()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        self.hang_up()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, listener: socket.socket) -> None:
        with listener:
            while True:
                connection, _ = await asyncio.get_running_loop().sock_accept(listener)
                self.accepted += 1
                task = asyncio.create_task(self._admit(connection))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _admit(self, connection: socket.socket) -> None:
        """Serve a connection once there is room for it, or reset it."""
        # A socket that is closed before it has a transport is reset, not shut down.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        booted = self._powered_since()
        if booted is None or (not self._has_room() and self.surplus == "reset"):
            connection.close()
            return
        try:
            async with self._freed:
                await self._freed.wait_for(self._has_room)
                self._busy += 1
        except asyncio.CancelledError:
            connection.close()
            raise
        try:
            await self._secure(connection, booted)
        finally:
            async with self._freed:
                self._busy -= 1
                self._freed.notify()

    def _has_room(self) -> bool:
        return self.connections is None or self._busy < self.connections

    async def _secure(self, connection: socket.socket, booted: float) -> None:
        """Do the handshake, serve, and close."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self.context)
        except OSError:
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            await self._serve(reader, writer, booted)
        except ConnectionError, ssl.SSLError:
            transport.abort()
        except asyncio.CancelledError:
            transport.abort()
            raise
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, booted: float) -> None:
        """Answer requests until one side closes the connection, or the power was cut."""
        while True:
            try:
                request = await read_request(reader)
            except BadRequestError:
                await write_response(writer, _NOT_READABLE, Response(400), self.framing, keep=False)
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
