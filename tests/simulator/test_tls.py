"""Certificates."""

import asyncio
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import ssl
import tempfile

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
import pytest

from simulator import Authority, CertificateSpec, Gateway, ManualClock, Site

from .probe import Probe


async def presented(gateway: Gateway) -> x509.Certificate:
    """Return the certificate that a new connection sees."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(gateway.host, gateway.port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der)


async def test_the_fingerprint_is_that_of_the_certificate(gateway: Gateway) -> None:
    """SHA-256 of the DER form, in lower case; signed by itself for the address it listens on."""
    certificate = await presented(gateway)
    assert gateway.fingerprint == hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    assert certificate.issuer == certificate.subject
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "127.0.0.1" in [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert "ems.local" in names.get_values_for_type(x509.DNSName)


async def test_it_is_not_trusted_by_itself(gateway: Gateway) -> None:
    """A client that verifies does not connect; plain http gets no answer."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{gateway.url}/ver")
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{gateway.url}/ver".replace("https", "http"))


async def test_rotation(gateway: Gateway, probe: Probe) -> None:
    """Open connections live on; new ones see the new certificate; the old pin does not fit."""
    old = gateway.fingerprint
    pin = aiohttp.Fingerprint(bytes.fromhex(old))
    async with probe.session.get(f"{gateway.url}/ver", ssl=pin):
        pass
    await gateway.rotate_certificate()
    assert gateway.fingerprint != old
    async with probe.session.get(f"{gateway.url}/ver", ssl=pin) as response:
        assert response.status == 200
    async with aiohttp.ClientSession() as fresh:
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await fresh.get(f"{gateway.url}/ver", ssl=pin)
    async with Probe.on(gateway) as other:
        assert (await other.get("/ver")).status == 200


async def test_a_certificate_may_be_expired_and_wrongly_named(
    socket_enabled: None, site: Site, clock: ManualClock
) -> None:
    """As real ones are."""
    ended = datetime.now(UTC) - timedelta(days=3)
    spec = CertificateSpec(
        common_name="wrong.example", names=("wrong.example",), not_before=ended - timedelta(days=9), not_after=ended
    )
    async with Gateway(site, clock=clock, certificate=spec) as gateway:
        certificate = await presented(gateway)
        assert "CN=wrong.example" in certificate.subject.rfc4514_string()
        assert certificate.not_valid_after_utc < datetime.now(UTC)
        async with Probe.on(gateway) as probe:
            assert (await probe.get("/ver")).status == 200


async def test_one_signed_by_an_authority_verifies(socket_enabled: None, site: Site, clock: ManualClock) -> None:
    """For who trusts the authority, by name and address."""
    authority = Authority.create()
    context = ssl.create_default_context(cadata=authority.pem)
    async with (
        Gateway(site, clock=clock, certificate=CertificateSpec(authority=authority)) as gateway,
        aiohttp.ClientSession() as session,
        session.get(f"{gateway.url}/ver", ssl=context) as response,
    ):
        assert await response.json() == {"api_ver": 1}


async def test_no_key_stays_on_disk(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the TLS library needs is gone when the gateway runs."""
    # Of its own: another process may be writing a key just now.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await gateway.rotate_certificate()
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 (a test may wait)


def test_before_the_first_start_there_is_no_fingerprint(site: Site) -> None:
    """And it says so."""
    with pytest.raises(RuntimeError, match="before it starts"):
        _ = Gateway(site).fingerprint


def test_an_ipv6_address_is_written_in_brackets(site: Site) -> None:
    """As addresses demand."""
    assert Gateway(site, host="::1", port=8443).url == "https://[::1]:8443"


async def test_a_taken_port_is_an_os_error(gateway: Gateway, site: Site) -> None:
    """And leaves nothing behind."""
    second = Gateway(site, port=gateway.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    assert not second.running
