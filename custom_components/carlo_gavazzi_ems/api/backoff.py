"""How long to leave the login alone after the gateway asked for patience."""

from collections.abc import Callable
import time
from typing import Final

#: Seconds without a login after the first, the second, and every further refusal.
STEPS: Final = (5 * 60.0, 15 * 60.0, 60 * 60.0)
#: A gateway may ask for more, but not for ever.
_MAX_WAIT: Final = 24 * 3600.0


class LoginBackoff:
    """Counts the logins that were refused for now, by a wall clock: a restart does not make them undone."""

    def __init__(
        self,
        *,
        refusals: int = 0,
        until: float = 0.0,
        wrong: bool = False,
        clock: Callable[[], float] = time.time,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Go on from what was kept; call `changed` when there is something new to keep."""
        #: Refused logins in a row.
        self.refusals = refusals
        #: No login before this time, in seconds since 1970.
        self.until = until
        #: Whether user name or password is wrong: no login before a person has changed that.
        self.wrong = wrong
        self._clock = clock
        self._changed = changed

    @property
    def remaining(self) -> float:
        """Seconds until the next login may be sent; 0 where it may be sent now."""
        wait = self.until - self._clock()
        # A timer may be early by a fraction of a second; a clock that was set back does not prolong the wait.
        return min(wait, _MAX_WAIT) if wait >= 1.0 else 0.0

    def refused(self, retry_after: float | None) -> float:
        """Note a refusal; return how many seconds to wait, as the gateway asks or else 5, 15, 60 minutes."""
        wait = STEPS[min(self.refusals, len(STEPS) - 1)] if retry_after is None else min(retry_after, _MAX_WAIT)
        self.refusals += 1
        self.until = self._clock() + wait
        self._changed()
        return wait

    def refused_for_good(self) -> None:
        """Note that user name or password is wrong."""
        self.wrong = True
        self._changed()

    def accepted(self) -> None:
        """Note a login that worked."""
        if self.refusals or self.wrong:
            self.refusals = 0
            self.until = 0.0
            self.wrong = False
            self._changed()
