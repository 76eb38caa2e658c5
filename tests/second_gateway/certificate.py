"""Self-signed certificates, and the keys behind them."""

from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: The date that RFC 5280 prescribes for a certificate that never expires.
NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Certificate:
    """A key and its self-signed certificate."""

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey | None = None,
        *,
        name: str = "ems.local",
        begins: datetime | None = None,
        ends: datetime | None = None,
    ) -> None:
        """Make a certificate, with a new key where none is given."""
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        begins = begins or datetime.now(UTC) - timedelta(days=30)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends or begins + timedelta(days=3650))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate in hex."""
        return hashlib.sha256(self._certificate.public_bytes(serialization.Encoding.DER)).hexdigest()

    def context(self) -> ssl.SSLContext:
        """Return a server's TLS context with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pair.pem")
            path.write_bytes(private + self._certificate.public_bytes(serialization.Encoding.PEM))
            context.load_cert_chain(path)
        return context
