"""How long to leave the login alone after the gateway asked for patience."""

from collections.abc import Callable
import time
from typing import Final

#: Seconds without a login after the first, the second, and every further refusal. No gateway is left alone for longer.
STEPS: Final = (5 * 60.0, 15 * 60.0, 60 * 60.0)
MAX_WAIT: Final = STEPS[-1]


class LoginBackoff:
    """Counts the logins that were refused for now, by a monotonic clock: one that is set back does not prolong a wait."""

    def __init__(
        self,
        *,
        refusals: int = 0,
        wait: float = 0.0,
        wrong: bool = False,
        clock: Callable[[], float] = lambda: time.monotonic(),  # noqa: PLW0108 (a test may hold the clock)
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Go on from what was kept, `wait` seconds before the next login; call `changed` when there is something new to keep."""
        #: Refused logins in a row.
        self.refusals = refusals
        #: No login before this time of the clock.
        self.until = clock() + min(wait, MAX_WAIT)
        #: Whether user name or password is wrong: no login before a person has changed that.
        self.wrong = wrong
        self._clock = clock
        self._changed = changed

    @property
    def remaining(self) -> float:
        """Seconds until the next login may be sent; 0 where it may be sent now."""
        wait = self.until - self._clock()
        # A timer may be early by a fraction of a second.
        return wait if wait >= 1.0 else 0.0

    def refused(self, retry_after: float | None) -> float:
        """Note a refusal; return how many seconds to wait, as the gateway asks or else 5, 15, 60 minutes."""
        wait = STEPS[min(self.refusals, len(STEPS) - 1)] if retry_after is None else min(retry_after, MAX_WAIT)
        self.refusals += 1
        self.until = self._clock() + wait
        self._changed()
        return wait

    def refused_for_good(self) -> None:
        """Note that user name or password is wrong."""
        self.wrong = True
        self._changed()

    def forgive(self) -> None:
        """Let the next login be sent at once; a wrong password stays one."""
        self.refusals, self.until = 0, self._clock()

    def accepted(self) -> None:
        """Note a login that worked."""
        if self.refusals or self.wrong:
            self.forgive()
            self.wrong = False
            self._changed()
