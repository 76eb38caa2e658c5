"""One HTTPS exchange with a gateway: trust, time limit, size limit, JSON, and errors of one tree."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import re
import time
from typing import Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .exceptions import (
    BadRequestError,
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmptyAnswerError,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    HostNotFoundError,
    InvalidAnswerError,
    NotFoundError,
    OversizedAnswerError,
    RefusedError,
    StatusError,
    TlsError,
    UnauthorizedError,
)
from .jsontext import as_utf8, parse_json
from .traffic import Traffic

#: No answer of a request that this client makes comes near: a page of 1000 records is 100 kB.
MAX_BODY: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024
#: Bytes that are parsed in a few milliseconds, 50 where they have to be repaired.
_LARGE: Final = 200 * 1024
#: Seconds; a thousand values take a small gateway about one.
TIME_LIMIT: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is, and by what its certificate is trusted.

    `fingerprint` is the SHA-256 of the pinned certificate in hex; None asks the system's authorities.
    """

    host: str
    port: int = 443
    fingerprint: str | None = None


class Transport:
    """Sends one request after the other to one gateway, and nothing to anybody else."""

    def __init__(self, session: aiohttp.ClientSession, address: Address, *, timeout: float | None = None) -> None:
        """Use this session; an exchange may take `timeout` seconds (10) from connect to the last byte."""
        self.address = address
        self.traffic = Traffic()
        self._session = session
        self._base = URL.build(scheme="https", host=address.host, port=address.port)
        self._timeout = aiohttp.ClientTimeout(total=TIME_LIMIT if timeout is None else timeout)
        # A pin is checked after the handshake, before the first byte of the request is sent. The same
        # object serves for good: the session keeps a connection alive only for an equal trust.
        self._trust: bool | aiohttp.Fingerprint = (
            True if address.fingerprint is None else aiohttp.Fingerprint(bytes.fromhex(address.fingerprint))
        )

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> object:
        """Send one request and return the JSON of a 200; anything else raises an EmsError."""
        return await parsed(parse_json, await self.fetch(method, path, query=query, body=body, token=token))

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> bytes:
        """Send one request and return the body of a 200, in UTF-8; anything else raises an EmsError.

        Redirects are not followed: the answer of a gateway comes from the gateway.
        """
        started = time.monotonic()
        try:
            answer = await self._exchange(method, path, query, body, token)
        except EmsError as err:
            self.traffic.ended(path, time.monotonic() - started, err)
            raise
        self.traffic.ended(path, time.monotonic() - started)
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, str] | None,
        token: str | None,
    ) -> bytes:
        """Send one request, and translate what may go wrong."""
        if self._session.closed:
            # Whoever owns the session is stopping; the HTTP library would call it a bug.
            raise EmsConnectionError("the session is closed")
        url = self._base.joinpath(path.removeprefix("/"))
        if query:
            # Commas stay as they are: a list of a thousand UIDs is long enough without "%2C".
            url = URL(f"{url}?{urlencode(query, safe=',')}", encoded=True)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._session.request(
                method,
                url,
                json=body,
                headers=headers,
                ssl=self._trust,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                _raise_for_status(response)
                received = as_utf8(await _read(response), response.charset)
                if not received.strip():
                    raise EmptyAnswerError(response.status)
                if body is None:
                    # The answer to a body, a login, is a secret.
                    self.traffic.answered(path, query, received)
                return received
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise _translated(err) from err


async def parsed[T](read: Callable[[bytes], T], body: bytes) -> T:
    """Return what `read` makes of a body; a large one is read in a thread, so that it holds up nothing else."""
    return read(body) if len(body) < _LARGE else await asyncio.to_thread(read, body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, and give up as soon as it is too large."""
    announced = response.content_length
    if announced is not None and announced > MAX_BODY:
        response.close()
        raise OversizedAnswerError(f"the answer announces {announced} bytes")
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            response.close()
            raise OversizedAnswerError(f"the answer is larger than {MAX_BODY} bytes")
    return bytes(body)


def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    """Raise the error that a status stands for."""
    status = response.status
    if status == 200:
        return
    # The body of an error is of no use and may be endless: the connection goes with it.
    response.close()
    retry_after = retry_after_seconds(response.headers.get("Retry-After"))
    match status:
        case 204:
            raise EmptyAnswerError(status)
        case 400:
            raise BadRequestError(status)
        case 401 | 403:
            raise UnauthorizedError(status)
        case 404:
            raise NotFoundError(status)
        case 423 | 429 | 503:
            raise BusyError(status, retry_after)
        case _ if 200 <= status < 400:
            raise InvalidAnswerError(f"the gateway answered with HTTP status {status}")
        case _:
            raise StatusError(status, retry_after)


def retry_after_seconds(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, None where it says nothing of use."""
    if value is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}\s*", value, re.ASCII):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


_MEANINGS: Final[tuple[tuple[type[Exception], type[EmsError], str], ...]] = (
    (TimeoutError, EmsTimeoutError, "no complete answer within the time limit"),
    (aiohttp.ClientConnectorCertificateError, CertificateUntrustedError, "no authority vouches for the certificate"),
    (aiohttp.ClientConnectorSSLError, TlsError, "the TLS handshake failed"),
    (aiohttp.ClientConnectorDNSError, HostNotFoundError, "the host name does not resolve"),
    (aiohttp.ClientConnectorError, EmsConnectionError, "no connection"),
    (aiohttp.ClientConnectionError, EmsConnectionError, "the gateway hung up"),
    (aiohttp.ClientPayloadError, EmsConnectionError, "the answer broke off"),
)


def _translated(err: Exception) -> EmsError:
    """Return this client's error for one of the HTTP library's; none of the texts names a secret."""
    if isinstance(err, aiohttp.ServerFingerprintMismatch):
        return CertificateChangedError(err.expected.hex(), err.got.hex())
    if isinstance(err, aiohttp.ClientConnectorError) and isinstance(err.os_error, ConnectionRefusedError):
        return RefusedError("the connection was refused")
    for theirs, ours, text in _MEANINGS:
        if isinstance(err, theirs):
            return ours(text)
    return InvalidAnswerError(f"the answer is not HTTP as it should be: {type(err).__name__}")
