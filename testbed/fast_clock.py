"""One clock for a simulated gateway in this process and a Home Assistant in another; it runs fast, and it can jump."""

import asyncio
from pathlib import Path
import sys
import time
from typing import Final, override

from simulator import Clock

from .faketime import library

_WARP: Final = Path(__file__).with_name("warp.py")


class FastClock(Clock):
    """A clock that runs `speed` times as fast as the real one."""

    def __init__(self, instant: float, speed: float) -> None:
        """Show an instant (seconds since 1970) now."""
        self._instant = instant
        self._mark = time.monotonic()
        self.speed = speed

    @override
    def now(self) -> float:
        return self._instant + (time.monotonic() - self._mark) * self.speed

    @override
    def wall(self) -> float:
        return self.now()

    def set(self, instant: float) -> None:
        """Jump to an instant; a Home Assistant that runs does not jump with it."""
        self._instant, self._mark = instant, time.monotonic()

    async def until(self, instant: float) -> None:
        """Wait until the clock shows an instant."""
        await asyncio.sleep(max(instant - self.now(), 0.0) / self.speed)

    def wrapper(self) -> tuple[str, ...]:
        """Return what to put in front of a command to run it on this clock; HarnessError without libfaketime."""
        numbers = (repr(number) for number in (self._instant, self._mark, self.speed))
        return (sys.executable, "-I", "-S", str(_WARP), library(), *numbers)
