"""What can go wrong between this client and a gateway, as one tree."""


class EmsError(Exception):
    """Anything that goes wrong between this client and a gateway."""


class EmsConnectionError(EmsError):
    """No usable answer came back: the gateway is off, out of reach, or hung up."""


class HostNotFoundError(EmsConnectionError):
    """The host name does not resolve to an address."""


class RefusedError(EmsConnectionError):
    """A machine is at that address, but nothing listens on the port."""


class EmsTimeoutError(EmsConnectionError):
    """The answer was not complete within the time limit."""


class ConnectTimeoutError(EmsTimeoutError):
    """No connection was made within the time limit."""


class HungUpError(EmsConnectionError):
    """The connection was closed before the first byte of the answer."""


class TlsError(EmsConnectionError):
    """The TLS handshake failed; nothing was sent."""


class CertificateUntrustedError(TlsError):
    """No authority vouches for the certificate, and none is pinned; nothing was sent."""


class CertificateChangedError(TlsError):
    """The gateway shows another certificate than the pinned one; nothing was sent."""

    def __init__(self, pinned: str, presented: str) -> None:
        """Keep both SHA-256 fingerprints, as lower-case hex."""
        super().__init__("the gateway's certificate is not the pinned one")
        self.pinned = pinned
        self.presented = presented


class InvalidAnswerError(EmsError):
    """The answer is none that the API knows: HTML, a redirect, broken JSON, too large, fields missing."""


class OversizedAnswerError(InvalidAnswerError):
    """The answer is larger than any that this client asks for; reading it was given up."""


class EmptyAnswerError(InvalidAnswerError):
    """The answer has no body; with status 204 that is what the gateway means to say."""

    def __init__(self, status: int) -> None:
        """Keep the status: 200 or 204."""
        super().__init__(f"the answer has no body (HTTP status {status})")
        self.status = status


class UnsupportedVersionError(EmsError):
    """The gateway speaks a version of the API that this client does not know."""

    def __init__(self, version: int) -> None:
        """Keep the version the gateway named."""
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
    """401, or 403 as some firmware may print it: the token does not count, even a fresh one."""


class NotFoundError(StatusError):
    """404: no such resource."""


class BusyError(StatusError):
    """423, 429 or 503: the gateway asks for patience."""


class LoginError(EmsError):
    """The gateway refused to give a token."""


class InvalidCredentialsError(LoginError):
    """401 at the login: user name or password is wrong. Never to be repeated unasked."""


class LoginForbiddenError(LoginError):
    """403 at the login: the account exists, but has no right to use the API."""


class LoginLockedError(LoginError):
    """423, 429 or 503 at the login: not a wrong password, but a request to wait."""

    def __init__(self, status: int | None, retry_after: float | None = None) -> None:
        """Keep the status, None where no login was sent because of an earlier one, and the seconds to wait."""
        reason = "" if status is None else f" (HTTP status {status})"
        super().__init__(f"the gateway takes no login now{reason}")
        self.status = status
        self.retry_after = retry_after
