"""The poll interval for a slow gateway, and the limits from which a failure counts as an outage."""

from typing import Final

MAX_INTERVAL: Final = 300.0
"""The longest interval in seconds for a slow gateway."""
_POLLS: Final = 5
_SLOW: Final = 0.5
_RETRY: Final = 30.0
MAX_FAILURES: Final = 3
MAX_SILENCE: Final = 90.0
"""Seconds of failed polls that count as an outage, even if these are fewer than MAX_FAILURES."""


class Pace:
    """The poll interval: doubled for a slow gateway, and halved again when it answers quickly."""

    def __init__(self, interval: float) -> None:
        """Start with this interval in seconds."""
        #: The configured interval in seconds.
        self.wanted = interval
        #: The present interval in seconds.
        self.interval = interval
        self._slow = 0
        self._quick = 0

    def answered(self, took: float) -> None:
        """Record that a poll took `took` seconds."""
        if took > _SLOW * self.interval:
            self._slow, self._quick = self._slow + 1, 0
        # The interval is halved only if the gateway would be quick enough for the half.
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
        """Record that the gateway asked to wait (HTTP status 423, 429 or 503)."""
        self._double()

    def _double(self) -> None:
        """Double the interval, up to its maximum."""
        self.interval = min(2 * self.interval, max(MAX_INTERVAL, self.wanted))
        self._slow = self._quick = 0

    @property
    def _half(self) -> float:
        """Half of the interval, but not less than the configured one."""
        return max(self.interval / 2, self.wanted)


class Patience:
    """Distinguishes a short failure from an outage."""

    def __init__(self) -> None:
        """Start without failures."""
        #: Failed polls in a row.
        self.failures = 0
        self._since = 0.0

    def answered(self) -> None:
        """Record a successful poll."""
        self.failures = 0

    def failed(self, started: float, now: float) -> bool:
        """Record a poll that started and failed at these times in seconds; return whether this is an outage."""
        if self.failures == 0:
            self._since = started
        self.failures += 1
        return self.failures >= MAX_FAILURES or now - self._since >= MAX_SILENCE


def retry_interval(interval: float) -> float:
    """Return the seconds until the next poll after a failed one: 30 at most, so that an outage is found soon."""
    return min(interval, _RETRY)
