"""A small client for the simulator's tests, independent of the integration's client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

import aiohttp

NOW = 1_768_478_400.0
"""2026-01-15 12:00:00 UTC, a Thursday."""


class Reachable(Protocol):
    """The address and the certificate of a gateway; the certificate may change."""

    @property
    def url(self) -> str:
        """The address."""

    @property
    def fingerprint(self) -> str:
        """The certificate's SHA-256."""

    username: str
    password: str


@dataclass
class Address:
    """Where a gateway of another process is."""

    url: str
    fingerprint: str
    username: str
    password: str


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any


class Probe:
    """A client of a gateway."""

    def __init__(self, gateway: Reachable, session: aiohttp.ClientSession) -> None:
        """Use a session."""
        self.gateway = gateway
        self.session = session
        self.token: str | None = None

    @classmethod
    @asynccontextmanager
    async def on(cls, gateway: Reachable, *, login: bool = True) -> AsyncIterator[Self]:
        """Open a session with a gateway."""
        async with aiohttp.ClientSession() as session:
            probe = cls(gateway, session)
            if login:
                await probe.login()
            yield probe

    async def login(self, **changes: str) -> Reply:
        """Log in and keep the token."""
        body = {"username": self.gateway.username, "password": self.gateway.password} | changes
        reply = await self.request("POST", "/v1/auth/login", json=body)
        if reply.status == 200:
            self.token = reply.json["token"]
        return reply

    async def get(self, path: str, **params: str | int) -> Reply:
        """Get a path."""
        return await self.request("GET", path, params=params)

    async def records(self, path: str, **params: str | int) -> dict[str, Any]:
        """Get a path and return the map in the answer."""
        reply = await self.get(path, **params)
        assert reply.status == 200, reply
        (records,) = [value for key, value in reply.json.items() if key != "total"]
        assert isinstance(records, dict)
        return records

    async def request(self, method: str, path: str, **more: Any) -> Reply:
        """Send a request; fails unless the certificate is the gateway's."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.request(
            method,
            self.gateway.url + path,
            headers=headers | more.pop("headers", {}),
            ssl=aiohttp.Fingerprint(bytes.fromhex(self.gateway.fingerprint)),
            allow_redirects=False,
            **more,
        ) as response:
            body = await response.read()
            try:
                data = await response.json(content_type=None)
            except ValueError:
                data = None
            return Reply(response.status, dict(response.headers), body, data)
