"""The token: fetched once, renewed early, never fetched twice at the same time."""

import asyncio
from collections.abc import Callable
import math
import time
from typing import Final

from .backoff import LoginBackoff
from .bucket import Bucket
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
#: Logins before their time: so many at once, and another one each half day. However a gateway fails, and whoever else uses
#: the account, a day has at most 60 logins: 50 at their time, 6 because one was in vain, 4 because a token died young.
_IN_VAIN: Final = 4
_YOUNG: Final = 2
_HALF_A_DAY: Final = 12 * 3600
#: Tokens in a row that died before their time, after they had worked, until somebody is told.
_FEW: Final = 3


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
        #: Whether the gateway has taken the present token, and how many in a row it took and then refused before their time.
        self._worked = False
        self._died_young = 0
        #: Logins in a row that failed, other than by a refusal.
        self._broken = 0
        #: By path: how the last request failed, and how many logins were in vain since one worked. A path on which
        #: nothing works does not make another wait for its login, nor does one that works have it tried all the time.
        self._failures: dict[str, type[EmsError]] = {}
        self._in_vain: dict[str, int] = {}
        self._spare = Bucket(_IN_VAIN, _HALF_A_DAY)
        self._young = Bucket(_YOUNG, _HALF_A_DAY)
        #: How many logins were sent.
        self.logins = 0

    @property
    def current(self) -> str | None:
        """The token that was given last, whether it still counts or not."""
        return self._token

    @property
    def wait(self) -> float:
        """Seconds for which no login is sent, because the gateway asked for patience."""
        return self._backoff.remaining

    @property
    def refusals(self) -> int:
        """How many logins in a row the gateway has refused for the time being."""
        return self._backoff.refusals

    @property
    def contested(self) -> bool:
        """Whether several tokens in a row died before their time: somebody else logs in, or the gateway restarts."""
        return self._died_young >= _FEW

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
            if self._worked:
                # To the end of its life.
                self._died_young = 0
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

    def forgive(self) -> None:
        """Let the next login be sent at once, where one is needed: a person has changed something."""
        self._failures.clear()
        self._in_vain.clear()
        self._broken = 0
        self._tried_at = -math.inf

    def accept(self, token: str, path: str) -> None:
        """Note that the gateway took this token at a path."""
        if self._token == token:
            self._worked = True
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
        if self._worked and not in_vain and issubclass(error, UnauthorizedError):
            self._died_young += 1
        self._worked = False
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
        """Return whether to log in now, after so many logins in vain: at its time, or while there are some left."""
        now = self._clock()
        if self._waited(len(_PATIENCE)) or (in_vain == 0 and self._young.take(now)):
            return True
        return self._waited(min(in_vain, 1) if changed else in_vain) and self._spare.take(now)

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
        self._issued_at, self._worked = asked_at, False
        return token
