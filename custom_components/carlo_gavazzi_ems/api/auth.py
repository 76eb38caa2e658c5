"""The token: fetched once, renewed early, never fetched twice at the same time."""

import asyncio
from collections.abc import Callable
import time
from typing import Final

from .backoff import LoginBackoff
from .exceptions import (
    BusyError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginForbiddenError,
    LoginLockedError,
    UnauthorizedError,
)
from .transport import Transport

LOGIN_PATH: Final = "/v1/auth/login"
#: The document says 30 minutes from issue; the margin covers a slow answer and one more poll.
TOKEN_LIFE: Final = 30 * 60
RENEWAL_MARGIN: Final = 2 * 60
_MIN_PATIENCE: Final = 15
_MAX_PATIENCE: Final = 15 * 60


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
        clock: Callable[[], float] = time.monotonic,
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
        self._proven = False
        self._trouble_since: float | None = None
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

    async def token(self) -> str:
        """Return a token that lives for two minutes at least; logs in where there is none.

        A login that was refused is not sent again: accounts get locked by those who keep trying.
        """
        async with self._lock:
            if self._backoff.wrong:
                raise InvalidCredentialsError("user name or password is wrong, and was not sent again")
            if self._token is None or self._clock() - self._issued_at >= TOKEN_LIFE - RENEWAL_MARGIN:
                self._token = None
                self._token = await self._login()
            return self._token

    def accept(self, token: str) -> None:
        """Note that the gateway took this token."""
        if self._token == token:
            self._proven = True
            self._trouble_since = None

    def reject(self, token: str) -> bool:
        """Note that the gateway did not take this token, and say whether the request may be repeated.

        A token that worked before, and is refused now, is replaced at once. One that never worked is
        not to blame for long: the longer the trouble lasts, the rarer the new logins, from one in 15
        seconds to one in 15 minutes.
        """
        if self._token != token:
            return True
        now = self._clock()
        if not self._proven:
            if self._trouble_since is None:
                self._trouble_since = self._issued_at
            patience = min(max((now - self._trouble_since) / 40, _MIN_PATIENCE), _MAX_PATIENCE)
            if now - self._issued_at < patience:
                return False
        self._token = None
        return True

    async def _login(self) -> str:
        """Send one login; the life of its token counts from before it was sent."""
        if wait := self._backoff.remaining:
            raise LoginLockedError(None, wait)
        asked_at = self._clock()
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
        self._proven = False
        return token
