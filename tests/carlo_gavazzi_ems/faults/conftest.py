"""Fixtures of the fault matrix: a small site, and short time limits for slow faults."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from custom_components.carlo_gavazzi_ems.access import account
from custom_components.carlo_gavazzi_ems.api import transport
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from simulator import Gateway, Site
from simulator.faults import Fault
from tests.carlo_gavazzi_ems.conftest import make_site

from .matrix import Matrix, Strike
from .patience import PatientClient
from .table import Request, Variant

#: The time limit in seconds of requests with a slow fault.
_SHORT = 0.15


@pytest.fixture
def site() -> Site:
    """A flat with two of its loads: enough for every fault, and set up quickly."""
    return make_site(loads=2)


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit bodies to a megabyte, and the history that is read for codes to a minute, to save time."""
    monkeypatch.setattr(transport, "MAX_BODY", 1_000_000)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=1))


@pytest.fixture(autouse=True)
def patient_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use clients whose login clock a test can advance."""
    monkeypatch.setattr(account, "EmsClient", PatientClient)


@pytest.fixture
def strike(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Strike:
    """Return a function that switches a fault on; requests with a slow fault get a short time limit."""
    slow: list[Fault] = []
    fetch = Transport.fetch

    async def hurried(
        self: Transport,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> bytes:
        usual = self.time_limit
        if any(fault.concerns(path) for fault in gateway.faults if fault in slow):
            self.time_limit = _SHORT
        try:
            return await fetch(self, method, path, query=query, body=body, token=token)
        finally:
            self.time_limit = usual

    monkeypatch.setattr(Transport, "fetch", hurried)

    def switch_on(variant: Variant, request: Request) -> Fault:
        fault = gateway.faults.add(variant.at(None if variant.pathless else request))
        if variant.slow:
            slow.append(fault)
        return fault

    return switch_on


@pytest.fixture
def matrix(
    gateway: Gateway,
    variant: Variant,
    strike: Strike,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
) -> Matrix:
    """The fault of the test."""
    return Matrix(gateway, variant, strike, subtests, caplog)
