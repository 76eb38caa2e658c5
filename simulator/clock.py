"""The simulator's clocks: the system's clock, at any speed, and one that a test moves."""

import time
from typing import Protocol, override


class Clock(Protocol):
    """The simulator's time in seconds since 1970."""

    def now(self) -> float:
        """Return the simulated time."""

    def wall(self) -> float:
        """Return the time that tokens expire by; it always runs at real speed."""


class SystemClock(Clock):
    """The system's time, running `speed` times as fast since the clock was made."""

    def __init__(self, speed: float = 1.0) -> None:
        """Start at the current time; ValueError unless the speed is positive."""
        if speed <= 0:
            raise ValueError(f"speed is more than 0, not {speed:g}")
        self._speed = speed
        self._since = time.time()

    @override
    def now(self) -> float:
        wall = self.wall()
        return wall if self._speed == 1.0 else self._since + (wall - self._since) * self._speed

    @override
    def wall(self) -> float:
        return time.time()


class ManualClock(Clock):
    """A clock that only a test moves."""

    def __init__(self, now: float) -> None:
        """Start at a Unix time."""
        self._now = now

    @override
    def now(self) -> float:
        return self._now

    @override
    def wall(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on, or back for a negative number."""
        self._now += seconds

    def set(self, now: float) -> None:
        """Set the Unix time."""
        self._now = now
