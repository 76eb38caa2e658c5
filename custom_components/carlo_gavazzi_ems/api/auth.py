"""The token: requested when needed, renewed before it expires, never requested twice at the same time."""

import asyncio
from collections.abc import Callable
import math
import re
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
#: In seconds. The API document says 30 minutes from issue; the margin covers a slow answer and a repeated login.
TOKEN_LIFE: Final = 30 * 60
RENEWAL_MARGIN: Final = 60
#: Seconds to the next login after the first, second, and every further login that failed or did not help. The last one
#: is the normal time between two logins.
_LOGIN_INTERVALS: Final = (15, 60, 4 * 60, 16 * 60, TOKEN_LIFE - RENEWAL_MARGIN)
#: Sizes of two token buckets for early logins, refilled by one each half day: for a login that did not help, and for a
#: token that ended early. So a day has at most 60 logins: 50 at normal times, 6 repeated ones, 4 after an early end.
_REPEATED_LOGINS: Final = 4
_EARLY_ENDS: Final = 2
_HALF_A_DAY: Final = 12 * 3600
#: Tokens in a row that worked but ended early, after which the account counts as shared.
_FEW: Final = 3
#: Characters; no server takes a longer header.
_MAX_TOKEN: Final = 16_384
_BEARER: Final = re.compile(r"\Abearer\s+", re.IGNORECASE)


class TokenManager:
    """Holds the token of one account on one gateway.

    Its age is measured here, on a monotonic clock, so the gateway's own clock may be wrong.
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
        #: Whether the gateway has refused the token, so that the next request logs in.
        self._invalid = False
        #: Whether the gateway has accepted the present token, and how many accepted ones in a row it refused early.
        self._worked = False
        self._early_ends = 0
        #: Logins in a row that failed, other than by a refusal.
        self._failed_logins = 0
        #: The error of the last of these, None after a login that succeeded or a request that did.
        self.login_error: EmsError | None = None
        #: By path: the error of the last request, and the number of logins that have not helped since one did. Counted
        #: by path, because a path that always fails must neither delay a login for the others nor repeat its own.
        self._failures: dict[str, type[EmsError]] = {}
        self._useless_logins: dict[str, int] = {}
        self._repeated = Bucket(_REPEATED_LOGINS, _HALF_A_DAY)
        self._after_early_end = Bucket(_EARLY_ENDS, _HALF_A_DAY)
        #: How many logins were sent.
        self.logins = 0

    @property
    def current(self) -> str | None:
        """The last token, valid or not."""
        return self._token

    @property
    def wait(self) -> float:
        """Seconds for which no login is sent, because the gateway asked to wait."""
        return self._backoff.remaining

    @property
    def refusals(self) -> int:
        """How many logins in a row the gateway has refused temporarily."""
        return self._backoff.refusals

    @property
    def contested(self) -> bool:
        """Whether several tokens in a row ended early: somebody else uses the account, or the gateway restarts."""
        return self._early_ends >= _FEW

    @property
    def refused(self) -> bool:
        """Whether the credentials were refused, so that no login is sent with them."""
        return self._backoff.wrong

    async def token(self, path: str = "") -> str:
        """Return a token for a path, normally valid for another minute at least. Logs in if there is none.

        Refused credentials are not sent again, because repeated failures may lock an account. If a login fails in
        another way, the present token is returned: a request with it shows when the gateway works again.
        """
        async with self._lock:
            if self._backoff.wrong:
                raise InvalidCredentialsError("user name or password is wrong, and was not sent again")
            age = self._clock() - self._issued_at
            # While a path fails, a login would most likely fail too. A request with the present token shows when that
            # is over.
            is_old = age >= TOKEN_LIFE - RENEWAL_MARGIN
            due = is_old and path not in self._failures and self._interval_over(self._failed_logins)
            if self._token is not None and not self._invalid and not due:
                return self._token
            if self._worked:
                # This token worked until its normal end.
                self._early_ends = 0
            try:
                self._token = await self._login()
            except LoginError:
                raise
            except EmsError as err:
                self._failed_logins += 1
                self.login_error = err.with_traceback(None)
                needed, self._invalid = self._invalid or age >= TOKEN_LIFE, False
                if self._token is None or needed:
                    raise
                return self._token
            self._failed_logins, self._invalid, self.login_error = 0, False, None
            return self._token

    def go_on_from(self, other: TokenManager) -> None:
        """Use the token of another manager of the same account if it is newer."""
        if other.current is not None and other._issued_at > self._issued_at:
            self._token, self._issued_at = other.current, other._issued_at
            self._invalid, self._worked = other._invalid, other._worked

    def clear_waits(self) -> None:
        """Allow the next login without waiting, because a person has changed something."""
        self._failures.clear()
        self._useless_logins.clear()
        self._failed_logins = 0
        self._tried_at = -math.inf

    def accept(self, token: str, path: str) -> None:
        """Record that the gateway accepted this token at a path."""
        if self._token == token:
            self._worked, self.login_error = True, None
            self._failures.pop(path, None)
            self._useless_logins.pop(path, None)

    def reject(self, token: str, error: type[EmsError], path: str) -> bool:
        """Record that the gateway refused this token at a path; return whether to repeat the request with a new one.

        The first time, the token is replaced at once. If that does not help, the token is not the cause, and further
        logins get rarer. An error of another kind than before permits an earlier login: the gateway may have rebooted.
        """
        if self._token != token or self._invalid:
            return True
        changed = self.failed(error, path)
        useless = self._useless_logins.get(path, 0)
        if self._worked and not useless and issubclass(error, UnauthorizedError):
            self._early_ends += 1
        self._worked = False
        doubtful = not issubclass(error, UnauthorizedError)
        if doubtful and self._useless_logins:
            # The error does not show that the token is the cause, and on some path a new token did not help.
            useless = len(_LOGIN_INTERVALS)
        self._invalid = self._may_log_in(max(useless, self._failed_logins), changed=changed)
        if self._invalid:
            # Counts as useless until the gateway accepts the new token.
            self._useless_logins[path] = self._useless_logins.get(path, 0) + 1
        return self._invalid

    def _may_log_in(self, useless: int, *, changed: bool) -> bool:
        """Return whether to log in now, after `useless` logins that did not help. Early logins are limited."""
        now = self._clock()
        if self._interval_over(len(_LOGIN_INTERVALS)) or (useless == 0 and self._after_early_end.take(now)):
            return True
        return self._interval_over(min(useless, 1) if changed else useless) and self._repeated.take(now)

    def failed(self, error: type[EmsError], path: str) -> bool:
        """Record how a request with a token failed; return whether the one before failed in another way."""
        changed = self._failures.get(path, error) is not error
        self._failures[path] = error
        return changed

    def _interval_over(self, useless: int) -> bool:
        """Return whether enough time has passed since the last login, after `useless` ones that did not help."""
        if useless == 0:
            return True
        return self._clock() - self._tried_at >= _LOGIN_INTERVALS[min(useless, len(_LOGIN_INTERVALS)) - 1]

    async def _login(self) -> str:
        """Send one login and return its token, whose age counts from before the request."""
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
                # A repeated login would not give the account more rights.
                self._backoff.refused(None)
                raise LoginForbiddenError("the account may not use the API") from err
            self._backoff.refused_for_good()
            raise InvalidCredentialsError("user name or password is wrong") from err
        except BusyError as err:
            raise LoginLockedError(err.status, self._backoff.refused(err.retry_after)) from err
        token = answer.get("token") if isinstance(answer, dict) else None
        # It goes into a header, where a line break would begin the next one. Some print it as it stands there.
        token = _BEARER.sub("", token.strip()) if isinstance(token, str) else ""
        if not 0 < len(token) <= _MAX_TOKEN or not token.isprintable():
            raise InvalidAnswerError("the login's answer holds no token")
        self._backoff.accepted()
        self._issued_at, self._worked = asked_at, False
        return token
