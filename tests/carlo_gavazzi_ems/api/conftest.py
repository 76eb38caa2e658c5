"""A client of the simulated gateway."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import Address, EmsClient
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

type Connect = Callable[..., EmsClient]


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session like Home Assistant's, which verifies certificates by default."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def connect(session: aiohttp.ClientSession) -> Connect:
    """Make a client for a gateway, with its certificate pinned by default."""

    def do(gateway: Gateway, *, username: str = USERNAME, password: str = PASSWORD, **address: str | None) -> EmsClient:
        pin = address.get("fingerprint", gateway.fingerprint)
        return EmsClient.connect(
            session, Address(host=gateway.host, port=gateway.port, fingerprint=pin), username, password
        )

    return do


@pytest.fixture
def client(gateway: Gateway, connect: Connect) -> EmsClient:
    """A client of the gateway."""
    return connect(gateway)
