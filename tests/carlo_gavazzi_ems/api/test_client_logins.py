"""When a client logs in, and when it does not: void tokens, pages, refusals."""

import asyncio

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    EmsClient,
    EmsError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginForbiddenError,
    LoginLockedError,
    UnauthorizedError,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Line, Transport
from simulator import (
    Delay,
    Gateway,
    Html,
    Redirect,
    RefuseLogins,
    Status,
    VoidTokens,
)
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME
from tests.carlo_gavazzi_ems.resident import REALTIME

from .conftest import Connect


async def test_r09_a_void_token_costs_one_login(gateway: Gateway, client: EmsClient) -> None:
    """After a reboot of the gateway: one new login and one repeat, without an error."""
    await client.realtime()
    gateway.faults.add(VoidTokens(times=1))
    assert await client.realtime()
    assert gateway.logins == 2


@pytest.mark.parametrize("fault", [Html(path=REALTIME, times=1), Status(path=REALTIME, code=403, times=1)])
async def test_r09_a_page_or_a_403_costs_one_login(gateway: Gateway, client: EmsClient, fault: Html | Status) -> None:
    """What a rebooting gateway answers for a moment is repeated once, with a new token."""
    await client.realtime()
    gateway.faults.add(fault)
    assert await client.realtime()
    assert gateway.logins == 2


@pytest.mark.parametrize("fault", [Html(path=REALTIME), Status(path=REALTIME, code=401), Redirect(path=REALTIME)])
async def test_r09_what_stays_wrong_is_repeated_once(
    gateway: Gateway, client: EmsClient, fault: Html | Status | Redirect
) -> None:
    """One repeat, then an error; the next polls send no further logins."""
    await client.realtime()
    gateway.requests.clear()
    gateway.faults.add(fault)
    with pytest.raises((InvalidAnswerError, UnauthorizedError)):
        await client.realtime()
    assert [request.path for request in gateway.requests] == [REALTIME, "/v1/auth/login", REALTIME]
    for _ in range(3):
        with pytest.raises((InvalidAnswerError, UnauthorizedError)):
            await client.realtime()
    assert gateway.logins == 2


async def test_r07_ten_parallel_401_cost_one_login(gateway: Gateway, session: aiohttp.ClientSession) -> None:
    """Ten requests at once with a void token: one login, each request repeated once."""
    address = Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)
    transport = Transport(session, address, line=Line(max_in_flight=10))
    client = EmsClient(transport, TokenManager(transport, USERNAME, PASSWORD))
    await client.serial_number()
    gateway.reboot()
    gateway.requests.clear()
    # So slow that all ten are under way before the first is answered.
    gateway.faults.add(Delay(path="/v1/mac", seconds=0.3))
    await asyncio.gather(*(client.mac_address() for _ in range(10)))
    statuses = [request.status for request in gateway.requests if request.path == "/v1/mac"]
    assert (statuses.count(401), statuses.count(200)) == (10, 10)
    assert gateway.logins == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [(401, InvalidCredentialsError), (403, LoginForbiddenError), (423, LoginLockedError), (429, LoginLockedError)],
)
async def test_r08_each_refused_login_has_its_error(
    gateway: Gateway, client: EmsClient, code: int, error: type[EmsError]
) -> None:
    """Wrong, without rights, and locked are told apart."""
    gateway.faults.add(RefuseLogins(code=code))
    with pytest.raises(error):
        await client.serial_number()
    assert len(gateway.requests) == 1


async def test_r08_a_wrong_password_is_sent_once(gateway: Gateway, connect: Connect) -> None:
    """Nothing more is sent until somebody changes the password."""
    client = connect(gateway, password="wrong")
    for _ in range(3):
        with pytest.raises(InvalidCredentialsError):
            await client.realtime()
    assert len(gateway.requests) == 1
