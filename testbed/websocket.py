"""Home Assistant's WebSocket API: commands and their results."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp

from .errors import HarnessError

#: Seconds that a command may take.
COMMAND_TIMEOUT = 60.0
#: A registry of thousands of entities is one message.
MAX_MESSAGE = 64 * 1024 * 1024


class WebSocket:
    """An authenticated connection; commands run one at a time."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        """Take an authenticated connection; use `connect`."""
        self._connection = connection
        self._last_id = 0
        self._lock = asyncio.Lock()

    @classmethod
    async def connect(cls, session: aiohttp.ClientSession, url: str, token: str) -> Self:
        """Connect and authenticate; HarnessError if the token is refused."""
        try:
            websocket = cls(await session.ws_connect(url, max_msg_size=MAX_MESSAGE))
        except aiohttp.ClientError as err:
            raise HarnessError(f"Home Assistant's WebSocket cannot be opened: {err!r}") from err
        try:
            await websocket._authenticate(token)
        except BaseException:
            await websocket.close()
            raise
        return websocket

    async def __aenter__(self) -> Self:
        """Use the connection."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def command(self, kind: str, **data: object) -> Any:
        """Send a command and return its result; HarnessError with Home Assistant's message if it fails."""
        async with self._lock:
            answer = await self._exchange(kind, data)
        if not answer["success"]:
            raise HarnessError(f"Home Assistant refused {kind}: {answer['error'].get('message')}")
        return answer["result"]

    async def _authenticate(self, token: str) -> None:
        async with _in_time("the login"):
            await self._receive("the login")
            await self._connection.send_json({"type": "auth", "access_token": token})
            answer = await self._receive("the login")
        if answer["type"] != "auth_ok":
            raise HarnessError(f"Home Assistant's WebSocket refused the token: {answer}")

    async def _exchange(self, kind: str, data: Mapping[str, object]) -> Any:
        self._last_id += 1
        async with _in_time(kind):
            await self._connection.send_json({"id": self._last_id, "type": kind, **data})
            while True:
                answer = await self._receive(kind)
                if answer.get("id") == self._last_id and answer.get("type") == "result":
                    return answer

    async def _receive(self, purpose: str) -> Any:
        message = await self._connection.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise HarnessError(f"Home Assistant closed the WebSocket before it answered {purpose}")
        return message.json()


@asynccontextmanager
async def _in_time(purpose: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT):
            yield
    except (aiohttp.ClientError, TimeoutError) as err:
        raise HarnessError(f"Home Assistant's WebSocket does not answer {purpose}: {err!r}") from err
