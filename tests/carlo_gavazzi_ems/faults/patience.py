"""Clients that need not wait: time passes for their logins when a test says so, and a slow fault is given up soon."""

from collections.abc import Mapping
import time
from typing import Any, Final, override

import aiohttp
from homeassistant.config_entries import ConfigEntry

from custom_components.carlo_gavazzi_ems.api import Address, EmsClient, LoginBackoff
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from simulator import Gateway
from simulator.faults import Fault

#: Seconds until a request with a slow fault is given up; all others have their usual time.
_SHORT: Final = 0.15


class HurriedTransport(Transport):
    """Gives up a request soon where a slow fault strikes, and only there."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, gateway: Gateway, slow: list[Fault]) -> None:
        """Look which of the gateway's faults are slow."""
        super().__init__(session, address)
        self._gateway = gateway
        self._slow = slow
        self._short = Transport(session, address, timeout=_SHORT)
        self._short.traffic = self.traffic

    @override
    async def fetch(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> bytes:
        is_slow = any(fault.concerns(path) for fault in self._gateway.faults if fault in self._slow)
        fetch = self._short.fetch if is_slow else super().fetch
        return await fetch(method, path, query=query, body=body, token=token)


class PatientClient(EmsClient):
    """A client for whose token and login a test lets time pass."""

    def __init__(self, transport: Transport, username: str, password: str, backoff: LoginBackoff) -> None:
        """Measure the age of tokens by a clock that can be moved."""
        self._passed = 0.0
        self._login_backoff = backoff
        tokens = TokenManager(
            transport, username, password, clock=lambda: time.monotonic() + self._passed, backoff=backoff
        )
        super().__init__(transport, tokens)

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        self._passed += seconds
        self._login_backoff.until -= seconds


class Clients:
    """Makes all clients of a gateway; stands for `EmsClient`."""

    def __init__(self, gateway: Gateway) -> None:
        """Know no slow fault."""
        self.gateway = gateway
        self.slow: list[Fault] = []

    def connect(
        self,
        session: aiohttp.ClientSession,
        address: Address,
        username: str,
        password: str,
        *,
        backoff: LoginBackoff | None = None,
    ) -> PatientClient:
        """Return a client, as `EmsClient.connect` does."""
        transport = HurriedTransport(session, address, self.gateway, self.slow)
        return PatientClient(transport, username, password, backoff or LoginBackoff())


def later(entry: ConfigEntry[Any], seconds: float = 24 * 3600) -> None:
    """Let so much time pass for the token and for the login that was put off; nothing else waits."""
    client = entry.runtime_data.client
    assert isinstance(client, PatientClient)
    client.pass_time(seconds)
