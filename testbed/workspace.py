"""The folder of one run, and the removal of those that killed runs left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory, gettempdir
import time
from typing import Final

PREFIX: Final = "ems-demo-"
LOCK: Final = "lock"
#: Seconds after which a folder must have been locked by its run.
GRACE: Final = 60.0


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a temporary folder that nobody else can read, and remove it at the end."""
    sweep()
    with (
        TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        Path(name, LOCK).open("w", encoding="ascii") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def sweep() -> None:
    """Remove the folders of runs that were killed: the configuration in them holds a gateway's password."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        try:
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # Somebody else's, or just being removed by its own run.
            continue


def _is_abandoned(folder: Path) -> bool:
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return False
    with (folder / LOCK).open("r+", encoding="ascii") as lock:
        if time.time() - os.fstat(lock.fileno()).st_mtime < GRACE:
            return False
        # Raises BlockingIOError, which is an OSError, while its run is alive.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True
