"""A gateway over HTTPS with its own certificate, with the endpoints that the inventory needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import ssl
from typing import Any, Protocol

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Served(Protocol):
    """An object with an aiohttp application."""

    def app(self) -> web.Application:
        """Return the server."""


@dataclass
class FakeGateway:
    """A gateway with some signals, and a limit of them per page."""

    signals: dict[str, Any] = field(default_factory=dict)
    cap: int = 1000
    ignores_page: bool = False
    serial: Any = "BX1"
    logins: list[Any] = field(default_factory=list)
    pages: int = 0

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/auth/login", self._login),
                web.get("/v1/serial-number", self._serial),
                web.get("/v1/signals", self._signals),
            ]
        )
        return app

    async def _login(self, request: web.Request) -> web.Response:
        self.logins.append(await request.json())
        return web.json_response({"token": "a-token"})

    async def _serial(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer a-token"
        return web.json_response({"sn": self.serial} if self.serial else {})

    async def _signals(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer a-token"
        self.pages += 1
        limit = min(int(request.query["limit"]), self.cap)
        start = 0 if self.ignores_page else (int(request.query["page"]) - 1) * limit
        keys = list(self.signals)[start : start + limit]
        return web.json_response({"signals": {key: self.signals[key] for key in keys}})


@asynccontextmanager
async def serve(gateway: Served, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Serve over HTTPS on a free port; gives `host:port` and the certificate's SHA-256."""
    certificate, key = _certificate()
    pem = folder / "gateway.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = TestServer(gateway.app(), scheme="https")
    await server.start_server(ssl=context)
    try:
        der = certificate.public_bytes(serialization.Encoding.DER)
        yield f"127.0.0.1:{server.port}", hashlib.sha256(der).hexdigest()
    finally:
        await server.close()


def _certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EMS")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()), key
