"""The network between Home Assistant and the gateway, without sockets: a request is lost, delayed or answered."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import json
from random import Random
from typing import Any, Final

import aiohttp
from yarl import URL

from tests.second_gateway.gateway import Gateway
from tests.second_gateway.http import Request, Response

#: Seconds of the round trip.
_ANSWER: Final = 0.05
#: Seconds within which Home Assistant polls a gateway that answers, and for which it may wait for its next login.
_SOON, _LOGIN = 120.0, 1800.0


class _Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        """Yield the whole body."""
        yield self._body


class _Answer:
    """The part of a response that the client uses."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.charset: str | None = None
        self.content_length = len(response.body)
        self.content = _Content(response.body)

    def close(self) -> None:
        """Do nothing: there is no connection."""


class Network:
    """Replaces the HTTP client's session, and the network."""

    closed = False

    def __init__(self, gateway: Gateway, now: Callable[[], float], chance: Random) -> None:
        """Connect to a gateway; `now` is true time."""
        self._gateway = gateway
        self._now = now
        self._chance = chance
        #: Whether every request is lost, and the share that is lost otherwise.
        self.is_down = False
        self.loss = 0.0
        #: When Home Assistant got values.
        self._polled: list[float] = []

    def values_since(self, when: float) -> float:
        """Return since when Home Assistant gets values if it can from an instant on: it limits its logins."""
        index = bisect_left(self._polled, when)
        late = self._polled[index] - when if index < len(self._polled) else 0.0
        return when + late if _SOON < late < _LOGIN else when

    @asynccontextmanager
    async def request(
        self, method: str, url: URL, *, json: Any = None, headers: Mapping[str, str], **_: object
    ) -> AsyncIterator[_Answer]:
        """Send a request and give the answer, as an aiohttp session does."""
        yield _Answer(await self._sent(method, url, json, headers))

    async def _sent(self, method: str, url: URL, body: Any, headers: Mapping[str, str]) -> Response:
        await asyncio.sleep(_ANSWER)
        powered = self._gateway.timeline.powered_since(self._now()) is not None
        if self.is_down or not powered or self._chance.random() < self.loss:
            if self._chance.random() < 0.5:
                # The client's timeout.
                await asyncio.sleep(10)
                raise TimeoutError
            raise aiohttp.ClientConnectionError("lost")
        request = Request(
            method,
            url.path,
            dict(url.query),
            {name.lower(): value for name, value in headers.items()},
            b"" if body is None else json.dumps(body).encode(),
            "1.1",
        )
        pending: Awaitable[Response] = self._gateway.answer(request)
        answer = await pending
        if answer.status == 200 and url.path.endswith("/realtime"):
            self._polled.append(self._now())
        return answer
