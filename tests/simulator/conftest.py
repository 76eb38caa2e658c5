"""A gateway on loopback with a clock that only a test moves."""

from collections.abc import AsyncIterator

import pytest

from simulator import Gateway, ManualClock, Site, SiteKind, build_site

from .probe import NOW, Probe


@pytest.fixture
def clock() -> ManualClock:
    """A clock at noon."""
    return ManualClock(NOW + 0.975)


@pytest.fixture
def site() -> Site:
    """A flat with two days of history."""
    return build_site(SiteKind.FLAT, seed=1, installed=NOW - 2 * 86_400)


@pytest.fixture
async def gateway(socket_enabled: None, site: Site, clock: ManualClock) -> AsyncIterator[Gateway]:
    """A gateway that listens."""
    async with Gateway(site, clock=clock) as running:
        yield running


@pytest.fixture
async def probe(gateway: Gateway) -> AsyncIterator[Probe]:
    """A client that has logged in."""
    async with Probe.on(gateway) as ready:
        yield ready
