"""An asynchronous client of the Carlo Gavazzi EMS gateway's HTTPS API. It does not import Home Assistant."""

from .backoff import MAX_WAIT, LoginBackoff
from .certificate import Certificate, describe_certificate, fetch_certificate
from .client import EmsClient
from .exceptions import (
    BadRequestError,
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    HostNotFoundError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginError,
    LoginForbiddenError,
    LoginLockedError,
    NotFoundError,
    RefusedError,
    StatusError,
    TlsError,
    UnauthorizedError,
    UnsupportedVersionError,
)
from .jsontext import parse_json
from .models import Device, GatewayDate, GatewayInfo, HistoryRow, Load, Protocol, Sample, Signal, epoch_seconds
from .records import Records, Rows
from .samples import SampleMemory, Samples
from .snapshot import Snapshot
from .traffic import Answer, Traffic
from .transport import MAX_TIME_LIMIT, Address, Line

__all__ = [
    "MAX_TIME_LIMIT",
    "MAX_WAIT",
    "Address",
    "Answer",
    "BadRequestError",
    "BusyError",
    "Certificate",
    "CertificateChangedError",
    "CertificateUntrustedError",
    "Device",
    "EmsClient",
    "EmsConnectionError",
    "EmsError",
    "EmsTimeoutError",
    "GatewayDate",
    "GatewayInfo",
    "HistoryRow",
    "HostNotFoundError",
    "InvalidAnswerError",
    "InvalidCredentialsError",
    "Line",
    "Load",
    "LoginBackoff",
    "LoginError",
    "LoginForbiddenError",
    "LoginLockedError",
    "NotFoundError",
    "Protocol",
    "Records",
    "RefusedError",
    "Rows",
    "Sample",
    "SampleMemory",
    "Samples",
    "Signal",
    "Snapshot",
    "StatusError",
    "TlsError",
    "Traffic",
    "UnauthorizedError",
    "UnsupportedVersionError",
    "describe_certificate",
    "epoch_seconds",
    "fetch_certificate",
    "parse_json",
]
