"""One HTTPS request to a gateway: certificate, time limit, size limit, JSON, and translation of errors."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
import math
import time
from typing import Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from .exceptions import (
    CertificateChangedError,
    CertificateUntrustedError,
    ConnectTimeoutError,
    EmptyAnswerError,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    HostNotFoundError,
    HungUpError,
    InvalidAnswerError,
    OversizedAnswerError,
    RefusedError,
    TlsError,
)
from .jsontext import as_utf8, parse_json
from .status import raise_for_status
from .traffic import Traffic

#: Bytes of the largest accepted body; a page of 1000 records is 100 kB.
MAX_BODY: Final = 10 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_HTTPS: Final = 443
#: Bytes from which a body is parsed in a thread. Fewer take a few milliseconds, or 50 if they have to be repaired.
_LARGE: Final = 200 * 1024
#: Initial time limit in seconds, from connect to the last byte; a small gateway sends a thousand values in about one.
TIME_LIMIT: Final = 10.0
#: The longest time limit, for a gateway that has exceeded shorter ones.
MAX_TIME_LIMIT: Final = 60.0
#: Time limit in seconds for name resolution, connection and handshake.
CONNECT_LIMIT: Final = 10.0
#: Seconds after an answer in which its connection may still be open; the HTTP library itself keeps it for 15.
_KEPT: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The address of a gateway, and how its certificate is verified.

    `fingerprint` is the SHA-256 of the pinned certificate in hex; None means the system's certificate authorities.
    """

    host: str
    port: int = _HTTPS
    fingerprint: str | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}" if self.port == _HTTPS else f"https://{host}:{self.port}"


class Line:
    """Limits the requests of all clients to one gateway, which may allow one connection only."""

    def __init__(self, *, max_in_flight: int = 1) -> None:
        """Allow `max_in_flight` requests at the same time."""
        self.turn = asyncio.Semaphore(max_in_flight)
        self._answered_at = -math.inf

    @property
    def may_be_kept(self) -> bool:
        """Whether a connection may still be open after an earlier answer."""
        return time.monotonic() - self._answered_at < _KEPT

    def answered(self) -> None:
        """Record that a request was answered."""
        self._answered_at = time.monotonic()


@cache
def _pinned(fingerprint: str) -> aiohttp.Fingerprint:
    """Return the pin of a certificate; the same object each time, because the HTTP library reuses connections by it."""
    return aiohttp.Fingerprint(bytes.fromhex(fingerprint))


class Transport:
    """Sends requests to one gateway, and to no other host."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: Address,
        *,
        time_limit: float | None = None,
        line: Line | None = None,
    ) -> None:
        """Use this session, and the `line` that clients of the same gateway share. `time_limit` is the initial one."""
        self.address = address
        self.traffic = Traffic()
        self.line = line or Line()
        #: Seconds that a request may take, from connect to the last byte; doubled after a timeout.
        self.time_limit = TIME_LIMIT if time_limit is None else time_limit
        self._session = session
        # A pin is checked after the handshake, before the first byte of the request is sent.
        self._trust = True if address.fingerprint is None else _pinned(address.fingerprint)

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> object:
        """Send one request and return the JSON of an answer with status 200. Raises EmsError for anything else."""
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
        """Send one request and return the body of an answer with status 200, in UTF-8; else raise EmsError.

        Redirects are not followed, so that nothing is sent to another host.
        """
        started = time.monotonic()
        try:
            answer = await self._exchange_once_more(method, path, query, body, token)
        except EmsError as err:
            if isinstance(err, EmsTimeoutError) and not isinstance(err, ConnectTimeoutError):
                self.time_limit = max(self.time_limit, min(2 * self.time_limit, MAX_TIME_LIMIT))
            self.traffic.ended(path, time.monotonic() - started, err)
            raise
        self.traffic.ended(path, time.monotonic() - started)
        return answer

    async def _exchange_once_more(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, str] | None,
        token: str | None,
    ) -> bytes:
        """Send one request; repeat a login if the gateway had closed the kept connection before it arrived.

        The HTTP library itself repeats all other requests in this case.
        """
        try:
            return await self._exchange(method, path, query, body, token)
        except HungUpError:
            if method != "POST" or not self.line.may_be_kept:
                raise
        return await self._exchange(method, path, query, body, token)

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, str] | None,
        token: str | None,
    ) -> bytes:
        """Send one request, and translate errors."""
        if self._session.closed:
            # Home Assistant is stopping; the HTTP library would raise RuntimeError.
            raise EmsConnectionError("the session is closed")
        url = f"{self.address.url}{path}"
        if query:
            # Commas stay as they are: a list of a thousand UIDs is long enough without "%2C".
            url = f"{url}?{urlencode(query, safe=',')}"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                json=body,
                headers=headers,
                ssl=self._trust,
                timeout=aiohttp.ClientTimeout(total=self.time_limit, sock_connect=CONNECT_LIMIT),
                allow_redirects=False,
            ) as response:
                self.line.answered()
                raise_for_status(response)
                received = as_utf8(await _read(response), response.charset)
                if not received.strip():
                    raise EmptyAnswerError(response.status)
                if body is None:
                    # The answer to a request with a body, a login, is secret.
                    self.traffic.answered(path, query, received)
                return received
        except (aiohttp.ClientError, OSError, ValueError) as err:
            # The HTTP library's error names host and fingerprints. Raised below, so that no log prints it as the cause.
            failure = translated(err)
        raise failure


async def parsed[T](read: Callable[[bytes], T], body: bytes) -> T:
    """Return the result of `read` on a body; a large body is read in a thread, so as not to block the event loop."""
    return read(body) if len(body) < _LARGE else await asyncio.to_thread(read, body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body. Raises OversizedAnswerError as soon as it is too large."""
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


_MEANINGS: Final[tuple[tuple[type[Exception], type[EmsError], str], ...]] = (
    (aiohttp.ConnectionTimeoutError, ConnectTimeoutError, "no connection within the time limit"),
    (TimeoutError, EmsTimeoutError, "no complete answer within the time limit"),
    (aiohttp.ClientConnectorCertificateError, CertificateUntrustedError, "no authority vouches for the certificate"),
    (aiohttp.ClientConnectorSSLError, TlsError, "the TLS handshake failed"),
    (aiohttp.ClientConnectorDNSError, HostNotFoundError, "the host name does not resolve"),
    (aiohttp.ClientConnectorError, EmsConnectionError, "no connection"),
    (aiohttp.ClientConnectionError, HungUpError, "the gateway hung up"),
    (aiohttp.ClientPayloadError, EmsConnectionError, "the answer broke off"),
)


def translated(err: Exception) -> EmsError:
    """Return this client's error for one of the HTTP library's; no message contains a secret."""
    if isinstance(err, aiohttp.ServerFingerprintMismatch):
        return CertificateChangedError(err.expected.hex(), err.got.hex())
    if isinstance(err, aiohttp.ClientConnectorError) and isinstance(err.os_error, ConnectionRefusedError):
        return RefusedError("the connection was refused")
    for theirs, ours, text in _MEANINGS:
        if isinstance(err, theirs):
            return ours(text)
    return InvalidAnswerError(f"the answer is not HTTP as it should be: {type(err).__name__}")
