"""The gateway's certificate: self-signed, or signed by a test's own authority."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import ipaddress
from pathlib import Path
import ssl
import tempfile
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""The start of validity; early enough for tests whose clock is set back."""


def _name(common_name: str) -> x509.Name:
    """Return a subject."""
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "EMS"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority for tests of verified connections."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls) -> Self:
        """Return a new authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        name = _name("EMS simulator authority")
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_EPOCH)
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_CA_USAGE, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @property
    def pem(self) -> str:
        """Return the authority's certificate, for `ssl.SSLContext.load_verify_locations(cadata=…)`."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSpec:
    """The contents of a certificate."""

    common_name: str = "ems.local"
    names: tuple[str, ...] = ("ems.local", "localhost", "127.0.0.1", "::1")
    """Host names and addresses it is for."""
    not_before: datetime = _EPOCH
    not_after: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=3650))
    authority: Authority | None = None
    """The issuer; None for a self-signed certificate."""
    key: ec.EllipticCurvePrivateKey | None = None
    """The key, to renew a certificate without changing it; None for a new one."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, spec: CertificateSpec) -> Self:
        """Return a new certificate, with a new key unless one is given."""
        key = spec.key or ec.generate_private_key(ec.SECP256R1())
        subject = _name(spec.common_name)
        authority = spec.authority
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.certificate.subject if authority else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(spec.not_before)
            .not_valid_after(spec.not_after)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in spec.names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        if authority:
            issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
            builder = builder.add_extension(issuer_key, critical=False)
        return cls(builder.sign(authority.key if authority else key, hashes.SHA256()), key)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate (DER) as lower-case hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def load_into(self, context: ssl.SSLContext) -> None:
        """Make a server's context present this certificate from the next connection on; reads and writes files."""
        with tempfile.TemporaryDirectory(prefix="ems-simulator-") as folder:
            path = Path(folder) / "gateway.pem"
            path.touch(mode=0o600)
            path.write_bytes(
                self.key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                + self.certificate.public_bytes(serialization.Encoding.PEM)
            )
            context.load_cert_chain(path)


def _general_name(name: str) -> x509.GeneralName:
    """Return a host name or an address as a certificate holds it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
