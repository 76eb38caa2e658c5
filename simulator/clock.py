"""The simulator's time: one object, so that a test can hold it and a demo can hurry it."""

import time
from typing import Protocol, override


class Clock(Protocol):
    """Time as the simulator sees it, in seconds since 1970."""

    def now(self) -> float:
        """Return the time of the simulated world."""

    def wall(self) -> float:
        """Return the time by which tokens age; a hurried world does not make them age faster."""


class SystemClock(Clock):
    """The system's time, running `speed` times as fast since the clock was made."""

    def __init__(self, speed: float = 1.0) -> None:
        """Start at the present; ValueError unless the speed is positive."""
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
    """A clock that stands still until it is moved."""

    def __init__(self, now: float) -> None:
        """Stand at a Unix time."""
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
        """Stand at another Unix time."""
        self._now = now
