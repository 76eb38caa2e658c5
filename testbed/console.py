"""Output on the terminal."""

import os
import sys
import time
from typing import TextIO


class Console:
    """Progress lines with the seconds since the start."""

    def __init__(self, command: str = "demo") -> None:
        """Start the clock; every line starts with the command's name."""
        self._command = command
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        """Print a step with the time."""
        self.write(f"[{self._command} {self.seconds:5.1f} s] {text}")

    def write(self, text: str) -> None:
        """Print a text unchanged."""
        _print(text, sys.stdout)

    def error(self, text: str) -> None:
        """Print an error on stderr."""
        _print(f"[{self._command}] ERROR: {text}", sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # The terminal or the pipe is closed. The processes still have to be ended in order,
        # and the rest of the stream's buffer must not raise an error at exit.
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123  # a device, no path
            os.dup2(nothing.fileno(), stream.fileno())
