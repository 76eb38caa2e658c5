"""The certificate that a gateway shows, read before anything is sent to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import hashlib
import socket
import ssl
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .exceptions import EmsConnectionError, EmsTimeoutError, HostNotFoundError, RefusedError, TlsError

_FAREWELL: Final = 1.0
#: What decoding raises for a certificate, or a field of it, that does not follow the standard.
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a person needs in order to recognise a certificate.

    `fingerprint` is the SHA-256 of its DER form in lower-case hex, `public_key` that of its public key's;
    `subject` follows RFC 4514. A field that cannot be decoded is empty; a certificate that cannot be decoded has a
    fingerprint only.
    """

    fingerprint: str
    public_key: str | None = None
    subject: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


def describe_certificate(der: bytes) -> Certificate:
    """Return what a certificate says of itself."""
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
    """Return what was decoded, None where it does not follow the standard."""
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


async def fetch_certificate(host: str, port: int, *, time_limit: float = 10) -> Certificate:
    """Return the certificate that a host shows; a TLS handshake, and not one byte more, is sent.

    Raises the same errors as a request that does not get through.
    """
    # No authority is asked, so nothing is loaded from disk and the event loop is not blocked.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(time_limit):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError as err:
        raise EmsTimeoutError(f"no TLS handshake within {time_limit:g} s") from err
    except ssl.SSLError as err:
        raise TlsError(f"the TLS handshake failed: {err.reason or 'no common protocol'}") from err
    except socket.gaierror as err:
        raise HostNotFoundError("the host name does not resolve") from err
    except ConnectionRefusedError as err:
        raise RefusedError("the connection was refused") from err
    except OSError as err:
        raise EmsConnectionError(f"no connection: {err.strerror or type(err).__name__}") from err
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        await _hang_up(writer)
    if not der:
        raise TlsError("the gateway shows no certificate")
    return describe_certificate(der)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection as TLS asks for; whether the other side joins in does not matter."""
    writer.close()
    try:
        async with asyncio.timeout(_FAREWELL):
            await writer.wait_closed()
    except OSError:  # TimeoutError and ssl.SSLError are among them
        writer.transport.abort()
