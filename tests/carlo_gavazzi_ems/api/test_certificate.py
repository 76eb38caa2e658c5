"""R13: certificates of all kinds that devices have, read from a real handshake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import hashlib
from pathlib import Path
import ssl

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
import pytest

from custom_components.carlo_gavazzi_ems.api import Certificate, fetch_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
KEY_FINGERPRINT = hashlib.sha256(
    KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).hexdigest()
NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def signed(begins: datetime, ends: datetime) -> bytes:
    """Return the DER form of a self-signed certificate."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ems.local")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def changed(old: bytes, new: bytes) -> bytes:
    """Return a certificate with other bytes in one place; the signature of a self-signed one is not checked."""
    der = signed(datetime(2024, 1, 1, tzinfo=UTC), datetime(2044, 1, 1, tzinfo=UTC))
    assert der.count(old) == 1
    assert len(old) == len(new)
    return der.replace(old, new)


def version_6() -> bytes:
    """Return a certificate of a version that X.509 does not have; the third one is encoded as 2."""
    return changed(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05")


def thirteenth_month() -> bytes:
    """Return a certificate with a date that the calendar does not have."""
    return changed(b"240101000000Z", b"241301000000Z")


@asynccontextmanager
async def served(der: bytes, folder: Path) -> AsyncIterator[int]:
    """Serve a certificate on a port of loopback."""
    path = folder / "pair.pem"
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + ssl.DER_cert_to_PEM_cert(der).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def shown(der: bytes, folder: Path) -> Certificate:
    """Return the certificate that is read from a socket."""
    async with served(der, folder) as port, aiohttp.ClientSession() as session:
        certificate = await fetch_certificate(session, "127.0.0.1", port)
    assert certificate.fingerprint == hashlib.sha256(der).hexdigest()
    return certificate


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), NO_END),
        (datetime(1955, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC)),
    ],
    ids=["without end", "before 1970"],
)
async def test_r13_every_date_of_the_standard_is_read(tmp_path: Path, begins: datetime, ends: datetime) -> None:
    """Dates, subject and key, whatever the century."""
    certificate = await shown(signed(begins, ends), tmp_path)
    assert (certificate.not_before, certificate.not_after) == (begins, ends)
    assert (certificate.subject, certificate.public_key) == ("CN=ems.local", KEY_FINGERPRINT)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("make", [version_6, thirteenth_month])
async def test_r13_what_cannot_be_decoded_has_a_fingerprint(tmp_path: Path, make: Callable[[], bytes]) -> None:
    """A certificate that does not follow the standard can be pinned all the same; what is left of it is shown."""
    certificate = await shown(make(), tmp_path)
    assert certificate.public_key in {None, KEY_FINGERPRINT}
    assert "\ufffd" not in certificate.subject


async def test_r13_a_renewed_certificate_has_the_key_of_the_old_one(tmp_path: Path, socket_enabled: None) -> None:
    """The fingerprints of the certificates differ, those of the keys do not."""
    old, new = [await shown(signed(datetime(year, 1, 1, tzinfo=UTC), NO_END), tmp_path) for year in (2024, 2026)]
    assert old.fingerprint != new.fingerprint
    assert old.public_key == new.public_key == KEY_FINGERPRINT
