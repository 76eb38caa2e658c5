"""How long to wait before the next login after the gateway refused one temporarily."""

from collections.abc import Callable
import time
from typing import Final

#: Seconds without a login after the first, the second, and every further refusal; the last one is the maximum.
STEPS: Final = (5 * 60.0, 15 * 60.0, 60 * 60.0)
MAX_WAIT: Final = STEPS[-1]


class LoginBackoff:
    """Counts temporarily refused logins. A monotonic clock, so that setting the clock back does not prolong a wait."""

    def __init__(
        self,
        *,
        refusals: int = 0,
        wait: float = 0.0,
        wrong: bool = False,
        clock: Callable[[], float] = lambda: time.monotonic(),  # noqa: PLW0108 (a test may hold the clock)
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Start with a stored state, `wait` seconds before the next login. `changed` is called with each new state."""
        #: Temporarily refused logins in a row.
        self.refusals = refusals
        #: No login before this time of the clock.
        self.until = clock() + min(wait, MAX_WAIT)
        #: Whether user name or password is wrong; then no login is sent until a person has changed them.
        self.wrong = wrong
        self._clock = clock
        self._changed = changed

    @property
    def remaining(self) -> float:
        """Seconds until the next login may be sent, 0 if it may be sent now."""
        wait = self.until - self._clock()
        # A timer may fire a fraction of a second early.
        return wait if wait >= 1.0 else 0.0

    def refused(self, retry_after: float | None) -> float:
        """Record a temporary refusal; return the seconds to wait: as the gateway asks, else 5, 15, 60 minutes."""
        wait = STEPS[min(self.refusals, len(STEPS) - 1)] if retry_after is None else min(retry_after, MAX_WAIT)
        self.refusals += 1
        self.until = self._clock() + wait
        self._changed()
        return wait

    def refused_for_good(self) -> None:
        """Record that user name or password is wrong."""
        self.wrong = True
        self._changed()

    def clear_waits(self) -> None:
        """Allow the next login without waiting; wrong credentials stay refused."""
        self.refusals, self.until = 0, self._clock()

    def accepted(self) -> None:
        """Record a successful login."""
        if self.refusals or self.wrong:
            self.clear_waits()
            self.wrong = False
            self._changed()
