"""Trust, time, size and redirects: what comes over the wire is believed only as far as it should be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import ssl
import time
import tracemalloc

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    BadRequestError,
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    HostNotFoundError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginForbiddenError,
    LoginLockedError,
    RefusedError,
    StatusError,
    TlsError,
    UnauthorizedError,
    describe_certificate,
    fetch_certificate,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import MAX_BODY, Line, Transport
from simulator import (
    Authority,
    CertificateSpec,
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
    VoidTokens,
)
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

from .conftest import Connect

REALTIME = "/v1/signals/realtime"


@pytest.fixture
def impatient(gateway: Gateway, session: aiohttp.ClientSession) -> EmsClient:
    """A client that gives up after half a second."""
    transport = Transport(
        session, Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint), time_limit=0.5
    )
    return EmsClient(transport, TokenManager(transport, USERNAME, PASSWORD))


async def test_r13_a_self_signed_certificate_is_not_trusted(gateway: Gateway, connect: Connect) -> None:
    """Without a pin the system's authorities decide, and nothing is sent."""
    with pytest.raises(CertificateUntrustedError):
        await connect(gateway, fingerprint=None).login()
    assert gateway.requests == []


async def test_r12_a_session_that_is_closed_is_no_connection(
    client: EmsClient, session: aiohttp.ClientSession, gateway: Gateway
) -> None:
    """Home Assistant closes it when it stops; to whoever asks then that is no bug."""
    await session.close()
    with pytest.raises(EmsConnectionError):
        await client.login()
    assert gateway.requests == []


async def test_r13_the_pinned_certificate_is_trusted(client: EmsClient, gateway: Gateway) -> None:
    """With its pin the same gateway is trusted."""
    await client.login()
    assert gateway.logins == 1


@pytest.mark.parametrize(
    "certificate",
    [
        CertificateSpec(not_after=datetime.now(UTC) - timedelta(days=30), not_before=datetime(2001, 1, 1, tzinfo=UTC)),
        CertificateSpec(not_before=datetime.now(UTC) + timedelta(days=30)),
        CertificateSpec(common_name="another.example", names=("another.example",)),
    ],
    ids=["expired", "not yet valid", "another name"],
)
async def test_r13_a_pin_is_enough(site: Site, connect: Connect, certificate: CertificateSpec) -> None:
    """An expired or wrongly named certificate that is pinned still works."""
    async with Gateway(site, username=USERNAME, password=PASSWORD, certificate=certificate) as gateway:
        assert await connect(gateway).serial_number() == gateway.identity.serial_number


async def test_r13_another_certificate_gets_nothing(gateway: Gateway, connect: Connect) -> None:
    """Neither password nor token is sent to whoever shows another certificate than the pinned one."""
    pinned = gateway.fingerprint
    client = connect(gateway)
    await client.realtime()
    await gateway.stop()
    await gateway.rotate_certificate()
    await gateway.start()
    gateway.requests.clear()
    # The first would send its token, the second its password.
    for call in (client.realtime, connect(gateway, fingerprint=pinned).login):
        with pytest.raises(CertificateChangedError) as error:
            await call()
        assert (error.value.pinned, error.value.presented) == (pinned, gateway.fingerprint)
    assert gateway.requests == []


@pytest.fixture
async def verified(site: Site, socket_enabled: None) -> AsyncIterator[tuple[Gateway, EmsClient]]:
    """A gateway with a certificate of an authority, and a client whose session trusts that authority."""
    authority = Authority.create()
    trust = ssl.create_default_context(cadata=authority.pem)
    spec = CertificateSpec(authority=authority)
    async with (
        Gateway(site, username=USERNAME, password=PASSWORD, certificate=spec) as gateway,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
    ):
        yield gateway, EmsClient.connect(session, Address(host="127.0.0.1", port=gateway.port), USERNAME, PASSWORD)


async def test_r13_an_authority_is_enough(verified: tuple[Gateway, EmsClient]) -> None:
    """A certificate of an authority needs no pin."""
    gateway, client = verified
    assert await client.serial_number() == gateway.identity.serial_number


async def test_r13_a_name_that_does_not_fit_is_not_trusted(site: Site, socket_enabled: None) -> None:
    """Where an authority is to vouch, the name counts."""
    authority = Authority.create()
    trust = ssl.create_default_context(cadata=authority.pem)
    spec = CertificateSpec(authority=authority, names=("another.example",))
    async with (
        Gateway(site, certificate=spec) as gateway,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session,
    ):
        client = EmsClient.connect(session, Address(host="127.0.0.1", port=gateway.port), USERNAME, PASSWORD)
        with pytest.raises(CertificateUntrustedError):
            await client.login()
        assert gateway.requests == []


async def test_r13_a_certificate_is_shown_before_anything_is_sent(
    gateway: Gateway, session: aiohttp.ClientSession
) -> None:
    """Fingerprint, subject and dates come from a handshake alone."""
    certificate = await fetch_certificate(session, gateway.host, gateway.port)
    assert certificate.fingerprint == gateway.fingerprint
    assert "CN=ems.local" in certificate.subject
    assert certificate.not_before is not None
    assert certificate.not_after is not None
    assert certificate.not_before < datetime.now(UTC) < certificate.not_after
    assert gateway.requests == []


def test_a_certificate_that_cannot_be_read_has_a_fingerprint() -> None:
    """What is pinned is the fingerprint; the rest is for the eye."""
    certificate = describe_certificate(b"no certificate")
    assert len(certificate.fingerprint) == 64
    assert (certificate.subject, certificate.not_before, certificate.not_after) == ("", None, None)


@pytest.fixture
async def plain(socket_enabled: None) -> AsyncIterator[int]:
    """A port behind which something other than TLS is spoken."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def mute(socket_enabled: None) -> AsyncIterator[int]:
    """A port that takes connections and says nothing."""
    done = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        done.set()


async def test_r13_a_port_without_tls(session: aiohttp.ClientSession, plain: int) -> None:
    """Plain HTTP on the port is a failed handshake."""
    for fingerprint in (None, "00" * 32):
        client = EmsClient.connect(session, Address(host="127.0.0.1", port=plain, fingerprint=fingerprint), "u", "p")
        with pytest.raises(TlsError):
            await client.api_version()
    with pytest.raises(TlsError):
        await fetch_certificate(session, "127.0.0.1", plain)


async def test_r15_a_port_that_says_nothing(session: aiohttp.ClientSession, mute: int) -> None:
    """A handshake without end is given up in time."""
    transport = Transport(session, Address(host="127.0.0.1", port=mute), time_limit=0.2)
    with pytest.raises(EmsTimeoutError):
        await transport.exchange("GET", "/ver")
    with pytest.raises(EmsTimeoutError):
        await fetch_certificate(session, "127.0.0.1", mute, time_limit=0.2)


async def test_r15_a_port_that_nobody_listens_on(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    """Refused has an error of its own."""
    client = EmsClient.connect(session, Address(host="127.0.0.1", port=unused_tcp_port), "u", "p")
    with pytest.raises(RefusedError):
        await client.api_version()
    with pytest.raises(RefusedError):
        await fetch_certificate(session, "127.0.0.1", unused_tcp_port)


@pytest.mark.parametrize("calls", [0, 1], ids=["request", "certificate"])
async def test_r15_a_host_that_does_not_exist(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """A name that does not resolve has an error of its own, also before anything is known of the gateway."""

    async def nowhere(*_args: object, **_kwargs: object) -> list[object]:
        raise OSError(-2, "Name or service not known")

    connector = session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    monkeypatch.setattr(connector._resolver, "resolve", nowhere)
    client = EmsClient.connect(session, Address(host="no-such-gateway.invalid"), "u", "p")
    with pytest.raises(HostNotFoundError):
        await (fetch_certificate(session, "no-such-gateway.invalid", 443) if calls else client.api_version())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (423, BusyError),
        (429, BusyError),
        (503, BusyError),
        (500, StatusError),
        (418, StatusError),
    ],
)
async def test_r15_each_status_has_its_error(
    gateway: Gateway, client: EmsClient, status: int, error: type[EmsError]
) -> None:
    """What the gateway says by its status arrives as one error."""
    gateway.faults.add(Status(path=REALTIME, code=status, body=""))
    with pytest.raises(error):
        await client.realtime()


async def test_how_long_to_wait_is_passed_on(gateway: Gateway, client: EmsClient) -> None:
    """Retry-After reaches whoever decides when to try again."""
    gateway.faults.add(Status(path=REALTIME, code=503, retry_after=7))
    with pytest.raises(BusyError) as error:
        await client.realtime()
    assert error.value.retry_after == 7


async def test_r09_a_void_token_costs_one_login(gateway: Gateway, client: EmsClient) -> None:
    """After a reboot of the gateway: one new login, the request repeated, nobody notices."""
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
    # The first answer of all takes the simulated gateway long, and that is not what is measured.
    await client.realtime()
    gateway.faults.add(fault)
    started = time.monotonic()
    with pytest.raises(error):
        await impatient.realtime()
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize("announced", [True, False])
async def test_r14_a_body_without_end_fills_no_memory(gateway: Gateway, client: EmsClient, announced: bool) -> None:  # noqa: FBT001
    """A gigabyte is refused at 16 MB, or as soon as it is announced."""
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
