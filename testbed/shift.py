"""Another date for child processes; this process keeps the real one."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
import time

from .faketime import LIBRARIES, library


class Shift:
    """The offset of child processes' clocks; they follow a change within a second."""

    def __init__(self, instant: datetime, file: Path, libraries: Iterable[str] = LIBRARIES) -> None:
        """Set the current time to an aware `instant`, kept in a file; raises HarnessError without libfaketime."""
        self._library = library(libraries)
        self._file = file
        self.seconds = 0.0
        """Offset in seconds; positive is in the future."""
        self.move(instant)

    def move(self, instant: datetime) -> None:
        """Set the current time to another `instant`, while no Home Assistant runs."""
        self.seconds = instant.timestamp() - time.time()
        # Atomic: a process may read it at any time.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self.seconds:+.3f}s\n", encoding="ascii")
        fresh.replace(self._file)

    def now(self) -> float:
        """Return the current time of the processes, in seconds since 1970."""
        return time.time() + self.seconds

    @property
    def wrapper(self) -> tuple[str, ...]:
        """Return the command to put in front of a process's own."""
        return (
            "env",
            f"LD_PRELOAD={self._library}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_CACHE_DURATION=1",
            # Only the date is faked, not timeouts and file times.
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        )
