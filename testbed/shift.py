"""Another time of day, and of year, for the processes of a test: theirs runs on, ours stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import time
from typing import Final, Self

from .errors import HarnessError

#: Where Debian's `libfaketime` keeps its library, on every architecture.
LIBRARIES: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a process's clock is from the machine's."""

    seconds: float
    """Positive: the process is in the future."""
    library: Path

    @classmethod
    def to(cls, instant: datetime, libraries: Iterable[str] = LIBRARIES) -> Self:
        """Return the shift that makes now the aware `instant`; raises HarnessError without the library."""
        found = (path for pattern in libraries for path in sorted(Path("/").glob(pattern.removeprefix("/"))))
        if (library := next(found, None)) is None:
            raise HarnessError("The library faketime is missing; scripts/setup --e2e installs it.")
        return cls(instant.timestamp() - time.time(), library)

    def now(self) -> float:
        """Return the seconds since 1970 that a shifted process reads at this moment."""
        return time.time() + self.seconds

    @property
    def wrapper(self) -> tuple[str, ...]:
        """The command to put in front of a process's own."""
        return (
            "env",
            f"LD_PRELOAD={self.library}",
            f"FAKETIME={self.seconds:+.3f}s",
            # Waiting and the files' times stay what they are: only the calendar is another.
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "NO_FAKE_STAT=1",
        )
