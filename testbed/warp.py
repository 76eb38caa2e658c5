"""Becomes the command it is given, with a clock that runs fast and shows what the clock of another process shows.

`python warp.py LIBRARY INSTANT MARK SPEED COMMAND [ARGUMENT...]`: at the monotonic time MARK the simulated clock
showed INSTANT (seconds since 1970), and it runs SPEED times as fast as the true one. LIBRARY is libfaketime, which
starts its clock when the command does: so the time is worked out at the very last moment.
"""

import os
import sys
import time


def start_time(instant: float, mark: float, speed: float) -> str:
    """Wait for the next full second of the simulated clock and return it as libfaketime wants it."""
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
