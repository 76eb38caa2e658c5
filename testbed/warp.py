"""Executes a command on a fast clock that is in step with the clock of another process.

`python warp.py LIBRARY INSTANT MARK SPEED COMMAND [ARGUMENT...]`: at the monotonic time MARK the fast clock showed
INSTANT (seconds since 1970), and it runs SPEED times as fast as the real one. LIBRARY is libfaketime, whose clock starts
with the command, so the time is calculated last.
"""

import os
import sys
import time


def start_time(instant: float, mark: float, speed: float) -> str:
    """Wait for the next full second of the fast clock and return it in libfaketime's format."""
    now = instant + (time.monotonic() - mark) * speed
    full = int(now) + 1
    time.sleep((full - now) / speed)
    return time.strftime("@%Y-%m-%d %H:%M:%S", time.gmtime(full))


if __name__ == "__main__":
    library, *numbers = sys.argv[1:5]
    instant, mark, speed = map(float, numbers)
    # libfaketime reads its time in the local zone; Home Assistant has its own.
    os.environ |= {"LD_PRELOAD": library, "TZ": "UTC"}
    os.environ["FAKETIME"] = f"{start_time(instant, mark, speed)} x{speed:g}"
    os.execvp(sys.argv[5], sys.argv[5:])  # noqa: S606  # no shell is the point
