"""The certificates that a client trusts: a pinned one, or one of a trusted authority."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import ssl

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    describe_certificate,
    fetch_certificate,
)
from simulator import (
    Authority,
    CertificateSpec,
    Gateway,
    Site,
)
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

from .conftest import Connect


async def test_r13_a_self_signed_certificate_is_not_trusted(gateway: Gateway, connect: Connect) -> None:
    """Without a pin the system's authorities decide, and nothing is sent."""
    with pytest.raises(CertificateUntrustedError):
        await connect(gateway, fingerprint=None).login()
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
    """If an authority verifies the certificate, its name has to match."""
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
    """The fingerprint is pinned; the rest is only displayed."""
    certificate = describe_certificate(b"no certificate")
    assert len(certificate.fingerprint) == 64
    assert (certificate.subject, certificate.not_before, certificate.not_after) == ("", None, None)
