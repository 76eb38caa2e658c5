"""A child process that always ends with this one."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress
import os
from pathlib import Path
import signal
import sys
from typing import Self

from .errors import HarnessError

GUARD = Path(__file__).with_name("guard.py")


class ManagedProcess:
    """A running child in its own session; Ctrl-C does not reach it."""

    def __init__(self, name: str, process: Process, console: Path) -> None:
        """Wrap a child that has been started; use `start`."""
        self.name = name
        self._process = process
        self._console = console
        self._stopped = False

    @classmethod
    async def start(
        cls, name: str, *command: str, console: Path, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Start the command and append its output to the file `console`; HarnessError if that fails."""
        with console.open("ab") as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    # -I and -S: the guard needs no packages, and starts in 15 ms.
                    *(sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), *command),
                    stdin=DEVNULL,
                    stdout=output,
                    stderr=STDOUT,
                    cwd=cwd,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as err:
                raise HarnessError(f"{name} cannot be started: {err}") from err
        return cls(name, process, console)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its process group too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: the signal that ended it), or None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait until it ends and return the exit code."""
        return await self._process.wait()

    async def stop(self, grace: float) -> int:
        """Send SIGTERM, and SIGKILL after `grace` seconds; return the exit code."""
        if self._stopped:
            # The process id may have been reused.
            return await self._process.wait()
        if self.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace)
        # Also after a clean end: its children may still run.
        self.kill()
        self._stopped = True
        return await self._process.wait()

    def kill(self) -> None:
        """Send SIGKILL to it and its children."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def tail(self, lines: int = 25) -> str:
        """Return the last lines of its output."""
        return tail(self._console, lines)


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a text file, or an empty text without a file."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
