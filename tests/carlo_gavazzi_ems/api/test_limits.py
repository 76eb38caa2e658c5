"""Limits of time, size and redirects."""

import time
import tracemalloc

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    EmsClient,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    InvalidAnswerError,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import MAX_BODY, Transport
from simulator import (
    Delay,
    Drop,
    EmptyBody,
    Gateway,
    HalfBody,
    Html,
    HugeBody,
    LongList,
    Redirect,
    RefuseLogins,
    Site,
    Status,
    Trickle,
)
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME
from tests.carlo_gavazzi_ems.resident import REALTIME

from .conftest import Connect


@pytest.fixture
def impatient(gateway: Gateway, session: aiohttp.ClientSession) -> EmsClient:
    """A client that gives up after half a second."""
    transport = Transport(
        session, Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint), time_limit=0.5
    )
    return EmsClient(transport, TokenManager(transport, USERNAME, PASSWORD))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Drop(path=REALTIME), EmsConnectionError),
        (HalfBody(path=REALTIME), EmsConnectionError),
        (EmptyBody(path=REALTIME), InvalidAnswerError),
        (Delay(path=REALTIME, seconds=3), EmsTimeoutError),
        (Trickle(path=REALTIME, seconds=0.1), EmsTimeoutError),
    ],
    ids=["drop", "half", "empty", "delay", "trickle"],
)
async def test_r14_a_broken_answer_ends_in_time(
    gateway: Gateway, client: EmsClient, impatient: EmsClient, fault: Drop, error: type[EmsError]
) -> None:
    """Whatever is wrong with an answer, it is over within the time limit, with a clear error."""
    # The first answer takes the simulated gateway long, which is not to be measured.
    await client.realtime()
    gateway.faults.add(fault)
    started = time.monotonic()
    with pytest.raises(error):
        await impatient.realtime()
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize("announced", [True, False])
async def test_r14_a_body_without_end_fills_no_memory(gateway: Gateway, client: EmsClient, announced: bool) -> None:  # noqa: FBT001
    """A gigabyte is refused at 10 MB, or as soon as it is announced."""
    await client.login()
    gateway.faults.add(HugeBody(path=REALTIME, announced=announced))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidAnswerError, match="announces" if announced else "larger than"):
            await client.realtime()
        assert tracemalloc.get_traced_memory()[1] < 5 * MAX_BODY
    finally:
        tracemalloc.stop()
    assert sum(request.path == REALTIME for request in gateway.requests) == 1


@pytest.mark.parametrize("paged", [True, False], ids=["page by page", "at once"])
async def test_r14_a_million_signals_fill_no_memory(
    gateway: Gateway,
    client: EmsClient,
    paged: bool,  # noqa: FBT001
) -> None:
    """A list that goes on and on is not believed: a clear error, in time, and little memory."""
    await client.login()
    gateway.faults.add(LongList(paged=paged))
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises((InvalidAnswerError, EmsTimeoutError)):
            await client.signals()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    took = time.monotonic() - started
    print(f"a million signals {'in pages' if paged else 'at once'}: {took:.1f} s, {peak / 2**20:.0f} MiB")  # noqa: T201
    assert peak < 50 * 2**20
    # Tracing memory makes everything several times slower.
    assert took < 60


async def test_r14_no_redirect_is_followed(gateway: Gateway, site: Site, client: EmsClient) -> None:
    """The answer of a gateway comes from the gateway; nobody else gets the token."""
    async with Gateway(site, username=USERNAME, password=PASSWORD) as other:
        gateway.faults.add(Redirect(to=f"{other.url}{REALTIME}"))
        with pytest.raises(InvalidAnswerError):
            await client.realtime()
        assert other.requests == []


async def test_r14_no_error_names_a_secret(gateway: Gateway, connect: Connect) -> None:
    """What is logged of an error tells neither password nor user name."""
    errors: list[EmsError] = []
    for fault in (Html(), Status(code=500), RefuseLogins(), Drop(), EmptyBody()):
        gateway.faults.clear()
        gateway.faults.add(fault)
        with pytest.raises(EmsError) as caught:
            await connect(gateway).realtime()
        errors.append(caught.value)
    texts = [f"{error} {error!r} {error.__cause__!r}" for error in errors]
    assert not [text for text in texts if PASSWORD in text or USERNAME in text]
