"""The token: fetched once, renewed early, never fetched twice at the same time."""

import asyncio
from collections.abc import Callable
import time
from typing import Final

from .backoff import LoginBackoff
from .exceptions import (
    BusyError,
    EmsError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginError,
    LoginForbiddenError,
    LoginLockedError,
    UnauthorizedError,
)
from .transport import Transport

LOGIN_PATH: Final = "/v1/auth/login"
#: The document says 30 minutes from issue; the margin covers a slow answer, and a login that works at the second try.
TOKEN_LIFE: Final = 30 * 60
RENEWAL_MARGIN: Final = 60
#: Seconds after the first, the second, and every further login in vain until the next one; at last as after any other.
_PATIENCE: Final = (15, 60, 4 * 60, 16 * 60, TOKEN_LIFE - RENEWAL_MARGIN)
#: So many of those before their time there are at once, and another one every so many seconds: however a gateway fails,
#: and however often it fails in yet another way, a day does not have many more logins than one without trouble.
_SPARE: Final = 4
_SPARE_EVERY: Final = 6 * 3600


class TokenManager:
    """Holds the token of one account on one gateway.

    Its age is measured here, on a monotonic clock: a gateway whose own clock is years off costs nothing.
    """

    def __init__(
        self,
        transport: Transport,
        username: str,
        password: str,
        *,
        clock: Callable[[], float] = lambda: time.monotonic(),  # noqa: PLW0108 (a test may hold the clock)
        backoff: LoginBackoff | None = None,
    ) -> None:
        """Log in with these credentials when the first token is asked for, and not before `backoff` allows it."""
        self._transport = transport
        self._username = username
        self._password = password
        self._clock = clock
        self._backoff = backoff or LoginBackoff()
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._issued_at = 0.0
        self._tried_at = 0.0
        self._void = False
        #: Logins in a row that failed, other than by a refusal.
        self._broken = 0
        #: By path: how the last request failed, and how many logins were in vain since one worked. A path on which
        #: nothing works does not make another wait for its login, nor does one that works have it tried all the time.
        self._failures: dict[str, type[EmsError]] = {}
        self._in_vain: dict[str, int] = {}
        self._spare: float = _SPARE
        self._spare_since = clock()
        #: How many logins were sent.
        self.logins = 0

    @property
    def wait(self) -> float:
        """Seconds for which no login is sent, because the gateway asked for patience."""
        return self._backoff.remaining

    @property
    def refusals(self) -> int:
        """How many logins in a row the gateway has refused for the time being."""
        return self._backoff.refusals

    @property
    def refused(self) -> bool:
        """Whether the credentials were refused, so that no login is sent with them."""
        return self._backoff.wrong

    async def token(self, path: str = "") -> str:
        """Return a token for a path, as a rule one that lives for a minute at least; logs in where there is none.

        A login that was refused is not sent again: accounts get locked by those who keep trying. Where logins fail
        otherwise the token that there is has to do: what the gateway says to it shows when the trouble is over.
        """
        async with self._lock:
            if self._backoff.wrong:
                raise InvalidCredentialsError("user name or password is wrong, and was not sent again")
            age = self._clock() - self._issued_at
            # Where a path has just failed a login would most likely fail too: what the gateway says to the token that
            # there is shows when that is over.
            due = age >= TOKEN_LIFE - RENEWAL_MARGIN and path not in self._failures and self._waited(self._broken)
            if self._token is not None and not self._void and not due:
                return self._token
            try:
                self._token = await self._login()
            except LoginError:
                raise
            except EmsError:
                self._broken += 1
                needed, self._void = self._void or age >= TOKEN_LIFE, False
                if self._token is None or needed:
                    raise
                return self._token
            self._broken, self._void = 0, False
            return self._token

    def accept(self, token: str, path: str) -> None:
        """Note that the gateway took this token at a path."""
        if self._token == token:
            self._failures.pop(path, None)
            self._in_vain.pop(path, None)

    def reject(self, token: str, error: type[EmsError], path: str) -> bool:
        """Note that the gateway did not take this token at a path, and say whether the request may be repeated.

        The first time it is replaced at once. Where that does not help the token is not to blame, and the longer the
        trouble lasts, the rarer the new logins; but when the gateway fails in another way than before, as one does
        that comes back from a reboot, a login is worth it.
        """
        if self._token != token or self._void:
            return True
        changed = self.failed(error, path)
        in_vain = self._in_vain.get(path, 0)
        doubtful = not issubclass(error, UnauthorizedError)
        if doubtful and self._in_vain:
            # It does not say that the token is to blame, and here or on another path a new one did not help.
            in_vain = len(_PATIENCE)
        self._void = self._worth_a_login(max(in_vain, self._broken), changed=changed)
        if self._void:
            # Until the gateway takes the new one.
            self._in_vain[path] = self._in_vain.get(path, 0) + 1
        return self._void

    def _worth_a_login(self, in_vain: int, *, changed: bool) -> bool:
        """Return whether to log in now, after so many logins in vain."""
        if in_vain == 0 or self._waited(len(_PATIENCE)):
            return True
        if not self._waited(1 if changed else in_vain):
            return False
        now = self._clock()
        self._spare = min(self._spare + (now - self._spare_since) / _SPARE_EVERY, _SPARE)
        self._spare_since = now
        if self._spare < 1:
            return False
        self._spare -= 1
        return True

    def failed(self, error: type[EmsError], path: str) -> bool:
        """Note how a request with a token failed; return whether the one before failed in another way."""
        changed = self._failures.get(path, error) is not error
        self._failures[path] = error
        return changed

    def _waited(self, in_vain: int) -> bool:
        """Return whether enough time has passed since the last login, after so many in vain."""
        return in_vain == 0 or self._clock() - self._tried_at >= _PATIENCE[min(in_vain, len(_PATIENCE)) - 1]

    async def _login(self) -> str:
        """Send one login; the life of its token counts from before it was sent."""
        if wait := self._backoff.remaining:
            raise LoginLockedError(None, wait)
        asked_at = self._tried_at = self._clock()
        self.logins += 1
        try:
            answer = await self._transport.exchange(
                "POST", LOGIN_PATH, body={"username": self._username, "password": self._password}
            )
        except UnauthorizedError as err:
            if err.status == 403:
                # Asking all the time does not give an account its rights.
                self._backoff.refused(None)
                raise LoginForbiddenError("the account may not use the API") from err
            self._backoff.refused_for_good()
            raise InvalidCredentialsError("user name or password is wrong") from err
        except BusyError as err:
            raise LoginLockedError(err.status, self._backoff.refused(err.retry_after)) from err
        token = answer.get("token") if isinstance(answer, dict) else None
        # It goes into a header, where a line break would begin the next one.
        if not isinstance(token, str) or not token.strip() or not token.isprintable():
            raise InvalidAnswerError("the login's answer holds no token")
        self._backoff.accepted()
        self._issued_at = asked_at
        return token
