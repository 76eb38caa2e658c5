"""One clock for a simulated gateway in this process and a Home Assistant in another; it runs fast, and it can jump."""

import asyncio
from pathlib import Path
import sys
import time
from typing import Final, override

from simulator import Clock

from .errors import UsageError

_WARP: Final = Path(__file__).with_name("warp.py")
#: Where Debian and Ubuntu, Fedora, and those who build it themselves have it.
_LIBRARIES: Final = (
    "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/lib*/faketime/libfaketime.so.1",
    "/usr/local/lib*/faketime/libfaketime.so.1",
)


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
        """Return what to put before a command so that it lives by this clock; raises UsageError without libfaketime."""
        numbers = (repr(number) for number in (self._instant, self._mark, self.speed))
        return (sys.executable, "-I", "-S", str(_WARP), library(), *numbers)


def library() -> str:
    """Return the path of libfaketime; raises UsageError with the way to get it."""
    for pattern in _LIBRARIES:
        for found in sorted(Path("/").glob(pattern.removeprefix("/"))):
            return str(found)
    raise UsageError("libfaketime is missing, which makes clocks run fast. On Debian: sudo apt-get install faketime")
