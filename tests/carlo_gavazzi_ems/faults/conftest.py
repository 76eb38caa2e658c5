"""What the fault matrix is run with: short time limits where a fault waits for one, and a watch on the log."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
import logging

import aiohttp
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.api import transport
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from simulator import Gateway, Site, SiteKind, build_site
from simulator.faults import Fault

from .table import Request, Variant

#: Seconds until a request with a slow fault is given up; all others have their usual time.
_SHORT = aiohttp.ClientTimeout(total=0.15)


@pytest.fixture
def site() -> Site:
    """A flat with two of its loads: enough for every fault, and set up quickly."""
    small = build_site(SiteKind.FLAT, seed=1)
    for uid in sorted(small.loads)[2:]:
        small.remove_load(uid)
    return small


type Strike = Callable[[Variant, Request], Fault]


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a megabyte too large, and read a minute of history where codes are named: the same, in less time."""
    monkeypatch.setattr(transport, "MAX_BODY", 1_000_000)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.observation.SPAN", timedelta(minutes=1))


@pytest.fixture
def strike(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Strike:
    """Return what switches a fault on; a slow one is given up soon, and only where it strikes."""
    slow: list[Fault] = []
    exchange = Transport.exchange

    async def hurried(
        self: Transport,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> object:
        usual = self._timeout
        if any(fault.concerns(path) for fault in gateway.faults if fault in slow):
            self._timeout = _SHORT
        try:
            return await exchange(self, method, path, query=query, body=body, token=token)
        finally:
            self._timeout = usual

    monkeypatch.setattr(Transport, "exchange", hurried)

    def switch_on(variant: Variant, request: Request) -> Fault:
        fault = gateway.faults.add(variant.at(None if variant.pathless else request))
        if variant.slow:
            slow.append(fault)
        return fault

    return switch_on


@contextmanager
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Expect nothing in the log that speaks of a bug: neither an error nor a traceback."""
    caplog.clear()
    yield
    bugs = [
        f"{record.name}: {record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        # At debug level Home Assistant adds a traceback to every set-up that is to be repeated.
        if record.levelno > logging.DEBUG
        and (record.levelno >= logging.ERROR or record.exc_info)
        and not _expected(record)
    ]
    assert not bugs


def _expected(record: logging.LogRecord) -> bool:
    """Return whether a line is the simulated gateway's, or Home Assistant's own about a refused password."""
    # The gateway is in this process too, and a client that hangs up is an error to a server.
    return record.name == "aiohttp.server" or (
        record.name == "homeassistant.config_entries" and "could not authenticate" in record.getMessage()
    )


def unavailable(hass: HomeAssistant) -> int:
    """Return how many sensors are unavailable."""
    return sum(state.state == "unavailable" for state in hass.states.async_all("sensor"))


def later(entry: MockConfigEntry, seconds: float = 24 * 3600) -> None:
    """Let so much time pass for the token and for the login that was put off; nothing else waits."""
    tokens = entry.runtime_data.client._tokens
    clock = tokens._clock
    tokens._clock = lambda: clock() + seconds
    tokens._backoff.until -= seconds
