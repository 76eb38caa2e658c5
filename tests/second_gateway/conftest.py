"""A clock that a test moves, a gateway on loopback, and a plain client."""

from collections.abc import AsyncIterator
import time
from typing import Any

import aiohttp
import pytest

from . import Gateway, build_site

#: 2026-09-21 14:13:27.25 UTC.
START = 1_790_000_007.25
DAY = 86400


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """End progress bars with their work: a frozen clock never ends a wait."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.dialogs.progress.MIN_SHOWN", 0)


class Clock:
    """True time, which only the test moves."""

    def __init__(self) -> None:
        """Begin at a fixed instant."""
        self.now = START

    def __call__(self) -> float:
        """Return the time in Unix seconds."""
        return self.now


class Client:
    """A simple client with one session."""

    def __init__(self, gateway: Gateway, session: aiohttp.ClientSession) -> None:
        """Begin without a token."""
        self.gateway = gateway
        self._session = session
        self.headers: dict[str, str] = {}

    async def request(self, method: str, path: str, **arguments: Any) -> tuple[int, bytes]:
        """Return status and body."""
        url = f"https://{self.gateway.host}:{self.gateway.port}{path}"
        fingerprint = aiohttp.Fingerprint(bytes.fromhex(self.gateway.certificate.fingerprint))
        async with self._session.request(method, url, headers=self.headers, ssl=fingerprint, **arguments) as answer:
            return answer.status, await answer.read()

    async def log_in(self, password: str | None = None) -> int:
        """Log in; keep the token, return the status."""
        account = {"username": self.gateway.username, "password": password or self.gateway.password}
        self.headers = {}
        async with self._session.post(
            f"https://{self.gateway.host}:{self.gateway.port}/v1/auth/login", json=account, ssl=False
        ) as answer:
            if answer.status == 200:
                self.headers = {"Authorization": f"Bearer {(await answer.json())['token']}"}
            return answer.status

    async def status(self, path: str) -> int:
        """Return the status of an answer."""
        return (await self.request("GET", path))[0]

    async def text(self, path: str) -> bytes:
        """Return the body as text."""
        status, body = await self.request("GET", path)
        assert status == 200, (path, status)
        return body

    async def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of an answer."""
        async with self._session.get(
            f"https://{self.gateway.host}:{self.gateway.port}{path}", headers=self.headers, params=query, ssl=False
        ) as answer:
            assert answer.status == 200, (path, answer.status)
            return await answer.json()


@pytest.fixture
def clock() -> Clock:
    """The true time."""
    return Clock()


@pytest.fixture
def kind() -> str:
    """The kind of site; a test may override or parametrise this fixture."""
    return "house"


@pytest.fixture
async def gateway(socket_enabled: None, clock: Clock, kind: str) -> AsyncIterator[Gateway]:
    """A gateway with eight days of history."""
    async with Gateway(build_site(kind, 3, START - 8 * DAY), clock) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    """A client that is logged in."""
    async with aiohttp.ClientSession() as session:
        client = Client(gateway, session)
        assert await client.log_in() == 200
        yield client


@pytest.fixture
def seed() -> int:
    """The seed of the site, as its kind."""
    return 3


@pytest.fixture
def gateway_now(kind: str, seed: int) -> Gateway:
    """A gateway with Home Assistant's clock as true time."""
    return Gateway(build_site(kind, seed, time.time() - 2 * DAY), time.time)
