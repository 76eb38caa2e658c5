"""A clock that a test sets, and a transport with prepared answers to logins."""

import asyncio
from typing import cast

from custom_components.carlo_gavazzi_ems.api import (
    LoginBackoff,
)
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport

PATH, OTHER = "/v1/signals/realtime", "/v1/loads"


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        """Start somewhere, as monotonic clocks do."""
        self.now = 5_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class Logins:
    """Replaces the transport: gives one answer after the other to logins, and then repeats the last one."""

    def __init__(self, *answers: object, clock: Clock | None = None) -> None:
        """Take the answers."""
        self.answers = list(answers)
        self.sent: list[object] = []
        self.sent_at = 0.0
        self._clock = clock

    async def exchange(self, *request: object, body: object = None, **_: object) -> object:
        """Answer a login in a later iteration of the event loop."""
        self.sent.append((*request, body))
        self.sent_at = self._clock() if self._clock else 0.0
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def manager(logins: Logins, clock: Clock) -> TokenManager:
    """Return a token manager with this transport."""
    return TokenManager(cast("Transport", logins), "user", "secret", clock=clock, backoff=LoginBackoff(clock=clock))


def tokens(*names: str) -> Logins:
    """Return a transport that gives these tokens."""
    return Logins(*({"token": name} for name in names))
