"""How often to ask a gateway that is slow, and how long to bear with one that does not answer."""

from typing import Final

MAX_INTERVAL: Final = 300.0
"""Seconds; a slow gateway is asked at least so often."""
_POLLS: Final = 5
_SLOW: Final = 0.5
_RETRY: Final = 30.0
MAX_FAILURES: Final = 3
MAX_SILENCE: Final = 90.0
"""Seconds of failed polls after which even fewer of them count as an outage."""


class Pace:
    """The interval between two polls: doubled for a gateway that struggles, and back when it no longer does."""

    def __init__(self, interval: float) -> None:
        """Poll every so many seconds where nothing speaks against it."""
        #: Seconds between two polls where nothing speaks against it.
        self.wanted = interval
        #: Seconds between two polls now.
        self.interval = interval
        self._slow = 0
        self._quick = 0

    def answered(self, took: float) -> None:
        """Note that a poll took so many seconds."""
        if took > _SLOW * self.interval:
            self._slow, self._quick = self._slow + 1, 0
        # Only a gateway that would be quick enough at half the interval gets it back.
        elif took <= _SLOW * self._half:
            self._slow, self._quick = 0, self._quick + 1
        else:
            self._slow = self._quick = 0
        if self._slow >= _POLLS:
            self._double()
        elif self._quick >= _POLLS and self.interval > self.wanted:
            self.interval = self._half
            self._quick = 0

    def refused(self) -> None:
        """Note that the gateway asked for patience (HTTP status 423, 429 or 503)."""
        self._double()

    def _double(self) -> None:
        """Ask half as often."""
        self.interval = min(2 * self.interval, max(MAX_INTERVAL, self.wanted))
        self._slow = self._quick = 0

    @property
    def _half(self) -> float:
        """The interval that a quick gateway would get."""
        return max(self.interval / 2, self.wanted)


class Patience:
    """Tells a short failure from an outage."""

    def __init__(self) -> None:
        """Begin without failures."""
        #: Failed polls in a row.
        self.failures = 0
        self._since = 0.0

    def answered(self) -> None:
        """Note a poll that succeeded."""
        self.failures = 0

    def failed(self, started: float, now: float) -> bool:
        """Note a poll that started and failed at these times in seconds; return whether that is an outage by now."""
        if self.failures == 0:
            self._since = started
        self.failures += 1
        return self.failures >= MAX_FAILURES or now - self._since >= MAX_SILENCE


def retry_interval(interval: float) -> float:
    """Return after how many seconds to poll again when a poll has failed: soon, so that an outage shows soon."""
    return min(interval, _RETRY)
