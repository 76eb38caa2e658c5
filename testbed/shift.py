"""Another time of day, and of year, for the processes of a test: theirs runs on, ours stays."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
import time
from typing import Final

from .errors import HarnessError

#: Where Debian's `libfaketime` keeps its library, on every architecture.
LIBRARIES: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class Shift:
    """How far the clocks of processes are from the machine's; they follow within a second where it is moved."""

    def __init__(self, instant: datetime, file: Path, libraries: Iterable[str] = LIBRARIES) -> None:
        """Make now the aware `instant`, kept in a file; raises HarnessError without the library."""
        found = (path for pattern in libraries for path in sorted(Path("/").glob(pattern.removeprefix("/"))))
        if (library := next(found, None)) is None:
            raise HarnessError("The library faketime is missing; scripts/setup --e2e installs it.")
        self._library = library
        self._file = file
        self.seconds = 0.0
        """Positive: the processes are in the future."""
        self.move(instant)

    def move(self, instant: datetime) -> None:
        """Make now another `instant`; a Home Assistant that runs does not like that."""
        self.seconds = instant.timestamp() - time.time()
        # In one step, for a process may read it at any moment.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self.seconds:+.3f}s\n", encoding="ascii")
        fresh.replace(self._file)

    def now(self) -> float:
        """Return the seconds since 1970 that a shifted process reads at this moment."""
        return time.time() + self.seconds

    @property
    def wrapper(self) -> tuple[str, ...]:
        """The command to put in front of a process's own."""
        return (
            "env",
            f"LD_PRELOAD={self._library}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_CACHE_DURATION=1",
            # Waiting and the files' times stay what they are: only the calendar is another.
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        )
