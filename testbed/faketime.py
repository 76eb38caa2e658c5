"""Finds libfaketime, which gives child processes another clock."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .errors import HarnessError

#: The paths on Debian and Ubuntu, on Fedora, and of a build from source.
LIBRARIES: Final = (
    "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/lib*/faketime/libfaketime.so.1",
    "/usr/local/lib*/faketime/libfaketime.so.1",
)


def library(patterns: Iterable[str] = LIBRARIES) -> str:
    """Return the path of libfaketime; HarnessError if it is not installed."""
    for pattern in patterns:
        for found in sorted(Path("/").glob(pattern.removeprefix("/"))):
            return str(found)
    raise HarnessError("libfaketime is missing; scripts/setup --fast-clock installs it.")
