"""What the person at the terminal reads."""

import os
import sys
import time
from typing import TextIO


class Console:
    """Progress lines with the seconds since the start."""

    def __init__(self, command: str = "demo") -> None:
        """Start the clock; every line begins with the name of the command."""
        self._command = command
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        """Say what is being done now."""
        self.write(f"[{self._command} {self.seconds:5.1f} s] {text}")

    def write(self, text: str) -> None:
        """Print the text as it is."""
        _print(text, sys.stdout)

    def error(self, text: str) -> None:
        """Print why the run ends, on stderr."""
        _print(f"[{self._command}] ERROR: {text}", sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # The terminal or the pipe is gone; what has been started still has to be ended in order,
        # and the interpreter must not stumble over what is left in the stream's buffer.
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123  # a device, no path
            os.dup2(nothing.fileno(), stream.fileno())
