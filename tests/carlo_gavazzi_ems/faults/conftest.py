"""What the fault matrix is run with: a small site, and short time limits where a fault waits for one."""

from datetime import timedelta

import pytest

from custom_components.carlo_gavazzi_ems.access import account
from custom_components.carlo_gavazzi_ems.api import transport
from simulator import Gateway, Site
from simulator.faults import Fault
from tests.carlo_gavazzi_ems.conftest import make_site

from .matrix import Matrix, Strike
from .patience import Clients
from .table import Request, Variant


@pytest.fixture
def site() -> Site:
    """A flat with two of its loads: enough for every fault, and set up quickly."""
    return make_site(loads=2)


@pytest.fixture(autouse=True)
def small_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a megabyte too large, and read a minute of history where codes are named: the same, in less time."""
    monkeypatch.setattr(transport, "MAX_BODY", 1_000_000)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.dialogs.observation.SPAN", timedelta(minutes=1))


@pytest.fixture(autouse=True)
def clients(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """The maker of all clients."""
    made = Clients(gateway)
    monkeypatch.setattr(account, "EmsClient", made)
    return made


@pytest.fixture
def strike(gateway: Gateway, clients: Clients) -> Strike:
    """Return what switches a fault on; a slow one is given up soon, and only where it strikes."""

    def switch_on(variant: Variant, request: Request) -> Fault:
        fault = gateway.faults.add(variant.at(None if variant.pathless else request))
        if variant.slow:
            clients.slow.append(fault)
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
    """The fault that a test is about."""
    return Matrix(gateway, variant, strike, subtests, caplog)
