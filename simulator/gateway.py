"""A simulated gateway: a site served over HTTPS, with faults and a log of requests."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
import ssl
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from aiohttp import web

from .clock import Clock, SystemClock
from .dialect import Dialect
from .faults import LOGIN, Faults, WrongClock
from .identity import Identity
from .server.application import Server
from .server.certificate import Certificate, CertificateSpec
from .server.requests import RecordedRequest
from .server.tokens import Tokens
from .site import Site

_GRACE = 0.2
"""Seconds that open requests have to finish when the gateway stops."""


class Gateway:
    """A simulated EMS gateway; use it as an async context manager."""

    def __init__(  # noqa: PLR0913 (all by name, all with a default)
        self,
        site: Site,
        *,
        username: str = "admin",
        password: str = "s3cret!",  # noqa: S107 (the one of the API document; it opens nothing)
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        timezone: str = "UTC",
        dialect: Dialect | None = None,
        limit_cap: int | None = None,
        identity: Identity | None = None,
        certificate: CertificateSpec | None = None,
        log: Callable[[RecordedRequest], None] | None = None,
    ) -> None:
        """Prepare to serve a site on a host and port (0 for any free one); ValueError for an unknown time zone."""
        self.site = site
        self.username = username
        self.password = password
        self.clock = clock or SystemClock()
        self.host = host
        self.port = port
        self.dialect = dialect or Dialect()
        if limit_cap is not None:
            self.dialect.limit_cap = limit_cap
        self.identity = identity or Identity.of(site.seed)
        self.timezone = _zone(timezone)
        self.faults = Faults(self, site.seed)
        self.tokens = Tokens(lambda: self.clock.wall() + self.offset)
        self.requests: list[RecordedRequest] = []
        self.logins = 0
        self.in_flight = 0
        self.peak_in_flight = 0
        self._spec = certificate
        self._certificate: Certificate | None = None
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._log = log

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    @property
    def url(self) -> str:
        """Return the address of the gateway, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate (DER) in hexadecimal; RuntimeError before the first start."""
        if self._certificate is None:
            raise RuntimeError("the gateway has no certificate before it starts")
        return self._certificate.fingerprint

    @property
    def running(self) -> bool:
        """Return whether it listens."""
        return self._runner is not None

    @property
    def offset(self) -> float:
        """Return the error of the gateway's clock in seconds."""
        return sum(fault.offset for fault in self.faults.of(WrongClock))

    def local_time(self) -> datetime:
        """Return the gateway's local time, by its own clock."""
        return datetime.fromtimestamp(self.clock.now() + self.offset, self.timezone)

    async def start(self) -> None:
        """Listen, after a stop on the same port as before; OSError if the port is taken."""
        if self._runner is not None:
            return
        if self._certificate is None:
            await self.rotate_certificate(self._spec)
        runner = web.AppRunner(
            # Without it, a handler whose client has disconnected would outlive the gateway.
            Server(self).application(),
            access_log=None,
            shutdown_timeout=_GRACE,
            handler_cancellation=True,
        )
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port, ssl_context=self._context)
        try:
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def rotate_certificate(self, spec: CertificateSpec | None = None) -> None:
        """Present a new certificate from the next connection on."""
        self._context, self._certificate = await asyncio.to_thread(_renew, self._context, spec)

    def reboot(self) -> None:
        """Forget every token."""
        self.tokens.void()

    @contextmanager
    def serving(self, record: RecordedRequest) -> Iterator[None]:
        """Count a request; it is in flight inside the context, and logged if it was answered."""
        self.requests.append(record)
        self.logins += record.path == LOGIN and record.method == "POST"
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1
        if self._log is not None:
            self._log(record)


def _renew(context: ssl.SSLContext | None, spec: CertificateSpec | None) -> tuple[ssl.SSLContext, Certificate]:
    """Return a server's context, the same if there is one, with a new certificate in it."""
    context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = Certificate.create(spec or CertificateSpec())
    certificate.load_into(context)
    return context, certificate


def _zone(name: str) -> ZoneInfo:
    """Return a time zone; ValueError if there is none of that name."""
    try:
        return ZoneInfo(name)
    except KeyError, ValueError, OSError:
        raise ValueError(f"no time zone {name}") from None
