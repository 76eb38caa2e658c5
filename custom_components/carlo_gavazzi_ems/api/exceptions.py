"""The exceptions of this client, all derived from EmsError."""


class EmsError(Exception):
    """Base of all errors of this client."""


class EmsConnectionError(EmsError):
    """No usable answer came: the gateway is off, unreachable, or closed the connection."""


class HostNotFoundError(EmsConnectionError):
    """The host name does not resolve to an address."""


class RefusedError(EmsConnectionError):
    """The connection was refused: nothing listens on the port."""


class EmsTimeoutError(EmsConnectionError):
    """The answer was not complete within the time limit."""


class ConnectTimeoutError(EmsTimeoutError):
    """No connection was made within the time limit."""


class HungUpError(EmsConnectionError):
    """The connection was closed before the first byte of the answer."""


class TlsError(EmsConnectionError):
    """The TLS handshake failed; nothing was sent."""


class CertificateUntrustedError(TlsError):
    """The certificate is not signed by a trusted authority and not pinned; nothing was sent."""


class CertificateChangedError(TlsError):
    """The gateway presents another certificate than the pinned one; nothing was sent."""

    def __init__(self, pinned: str, presented: str) -> None:
        """Keep both SHA-256 fingerprints, as lower-case hex."""
        super().__init__("the gateway's certificate is not the pinned one")
        self.pinned = pinned
        self.presented = presented


class InvalidAnswerError(EmsError):
    """The answer does not follow the API: HTML, a redirect, broken JSON, too large, or fields missing."""


class OversizedAnswerError(InvalidAnswerError):
    """The answer is larger than any valid one; reading it was stopped."""


class EmptyAnswerError(InvalidAnswerError):
    """The answer has no body; with status 204 this is intended."""

    def __init__(self, status: int) -> None:
        """Keep the status: 200 or 204."""
        super().__init__(f"the answer has no body (HTTP status {status})")
        self.status = status


class UnsupportedVersionError(EmsError):
    """The gateway has a version of the API that this client does not know."""

    def __init__(self, version: int) -> None:
        """Keep the gateway's version."""
        super().__init__(f"the gateway speaks API version {version}")
        self.version = version


class StatusError(EmsError):
    """The gateway answered with an HTTP status other than 200."""

    def __init__(self, status: int, retry_after: float | None = None) -> None:
        """Keep the status, and the seconds of a Retry-After header where there was one."""
        super().__init__(f"the gateway answered with HTTP status {status}")
        self.status = status
        self.retry_after = retry_after


class BadRequestError(StatusError):
    """400: the gateway does not understand the request."""


class UnauthorizedError(StatusError):
    """401, or 403 as some firmware may answer instead: the gateway does not accept the token."""


class NotFoundError(StatusError):
    """404: no such resource."""


class BusyError(StatusError):
    """423, 429 or 503: the gateway asks to wait."""


class LoginError(EmsError):
    """The gateway refused to give a token."""


class InvalidCredentialsError(LoginError):
    """401 at the login: user name or password is wrong. The login must not be repeated automatically."""


class LoginForbiddenError(LoginError):
    """403 at the login: the account exists, but has no right to use the API."""


class LoginLockedError(LoginError):
    """423, 429 or 503 at the login: not a wrong password, but a request to wait."""

    def __init__(self, status: int | None, retry_after: float | None = None) -> None:
        """Keep the status (None if no login was sent because of an earlier refusal) and the seconds to wait."""
        reason = "" if status is None else f" (HTTP status {status})"
        super().__init__(f"the gateway takes no login now{reason}")
        self.status = status
        self.retry_after = retry_after
