"""Clients with a login clock that a test can advance."""

import time
from typing import Any, Self, override

import aiohttp
from homeassistant.config_entries import ConfigEntry

from custom_components.carlo_gavazzi_ems.api import Address, EmsClient, Line, LoginBackoff
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport


class PassingClock:
    """A monotonic clock that can be advanced."""

    ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return time.monotonic() + self.ahead


class PatientClient(EmsClient):
    """A client that measures the age of its token by such a clock."""

    clock: PassingClock
    backoff: LoginBackoff

    @classmethod
    @override
    def connect(
        cls,
        session: aiohttp.ClientSession,
        address: Address,
        username: str,
        password: str,
        *,
        backoff: LoginBackoff | None = None,
        line: Line | None = None,
        time_limit: float | None = None,
    ) -> Self:
        transport = Transport(session, address, line=line, time_limit=time_limit)
        clock, backoff = PassingClock(), backoff or LoginBackoff()
        client = cls(transport, TokenManager(transport, username, password, clock=clock, backoff=backoff))
        client.clock, client.backoff = clock, backoff
        return client


def later(entry: ConfigEntry[Any], seconds: float = 24 * 3600) -> None:
    """Advance the time of the token and of the next allowed login."""
    client = entry.runtime_data.client
    assert isinstance(client, PatientClient)
    client.clock.ahead += seconds
    client.backoff.until -= seconds
