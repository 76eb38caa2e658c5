"""The certificate that a gateway presents, read before anything is sent to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import hashlib
from typing import Final, override

import aiohttp
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yarl import URL

from .exceptions import EmsError, TlsError
from .transport import CONNECT_LIMIT, Address, translated

#: What decoding raises for a certificate, or a field of it, that does not follow the standard.
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The fields by which a person recognises a certificate.

    `fingerprint` is the SHA-256 of its DER form in lower-case hex, `public_key` that of its public key's DER form.
    `subject` follows RFC 4514. A field that cannot be decoded is empty or None; a certificate that cannot be decoded
    has a fingerprint only.
    """

    fingerprint: str
    public_key: str | None = None
    subject: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


def describe_certificate(der: bytes) -> Certificate:
    """Return the fields of a certificate in DER form."""
    fingerprint = hashlib.sha256(der).hexdigest()
    if (decoded := _readable(lambda: x509.load_der_x509_certificate(der))) is None:
        return Certificate(fingerprint=fingerprint)
    return Certificate(
        fingerprint=fingerprint,
        public_key=_readable(lambda: _key_fingerprint(decoded)),
        subject=_readable(lambda: _subject(decoded)) or "",
        not_before=_readable(lambda: decoded.not_valid_before_utc),
        not_after=_readable(lambda: decoded.not_valid_after_utc),
    )


def _readable[T](read: Callable[[], T]) -> T | None:
    """Return what `read` decodes, None if it does not follow the standard."""
    try:
        return read()
    except _UNREADABLE:
        return None


def _subject(certificate: x509.Certificate) -> str:
    """Return the subject as in RFC 4514."""
    return certificate.subject.rfc4514_string()


def _key_fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the DER form of the public key in lower-case hex."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


class _Reader(aiohttp.Fingerprint):
    """Keeps the presented certificate and rejects it, so that the connection ends before anything is sent."""

    def __init__(self) -> None:
        """Start without a certificate."""
        super().__init__(bytes(hashlib.sha256().digest_size))
        self.der: bytes | None = None

    @override
    def check(self, transport: asyncio.Transport) -> None:
        """Keep the certificate, and reject it."""
        if (tls := transport.get_extra_info("ssl_object")) is not None:
            self.der = tls.getpeercert(binary_form=True)
        raise aiohttp.ServerFingerprintMismatch(self.fingerprint, b"", "", 0)


async def fetch_certificate(
    session: aiohttp.ClientSession, host: str, port: int, *, time_limit: float | None = None
) -> Certificate:
    """Return the certificate that a host presents; nothing but a TLS handshake is sent.

    Names are resolved as for every other request of the session. Raises the same errors as a request that fails.
    """
    reader = _Reader()
    timeout = aiohttp.ClientTimeout(total=CONNECT_LIMIT if time_limit is None else time_limit)
    failure: EmsError | None = None
    try:
        async with session.get(URL(Address(host=host, port=port).url), ssl=reader, timeout=timeout):
            pass
    except (aiohttp.ClientError, OSError, ValueError) as err:
        # Raised below, so that no log prints the HTTP library's error as its cause.
        failure = translated(err)
    if reader.der is not None:
        return describe_certificate(reader.der)
    raise failure or TlsError("the gateway shows no certificate")
