"""Limits how often a new value of a signal is shown.

Values are not rounded, because the decimals of a counter add up. Instead, some of the values are left out.
"""

from math import inf
import time
from typing import Final

_FIVE_MINUTES: Final = 300.0
#: Margin for a late or slow poll: seconds, but not more than this share of the interval.
_LATE, _LATE_PART = 5.0, 0.5
#: Rows per hour reserved for the ends of the five-minute periods: one or two polls shortly before each.
_PUNCTUAL_ROWS: Final = 24


def is_last_before_mark(interval: float) -> bool:
    """Return whether a five-minute period of the recorder ends before the next poll, in `interval` seconds, is done."""
    return _FIVE_MINUTES - time.time() % _FIVE_MINUTES <= interval + min(_LATE, _LATE_PART * interval)


class Throttle:
    """Determines when a signal may be shown again: at most once in each interval of fixed length."""

    def __init__(self, *, factor: float = 1.0) -> None:
        """Multiply every interval by a factor; 0 shows every change at once."""
        self._factor = factor
        self._intervals: dict[int, float] = {}
        #: The different lengths among them, which are few.
        self._distinct: set[float] = set()
        #: Signals whose last value before the end of each five-minute period is shown.
        self.punctual: set[int] = set()
        #: UID -> time from which the signal may be shown again; no entry if it need not wait.
        self.next_turn: dict[int, float] = {}

    def register(self, uid: int, rows: int, now: float, *, punctual: bool = False) -> None:
        """Show a signal at most `rows` times an hour, 0 for every change. Its first value counts as shown now.

        A `punctual` signal is also shown at the last poll before each five-minute period ends: the recorder computes
        the energy of an hour from these values.
        """
        self._intervals.pop(uid, None)
        self.punctual.discard(uid)
        self.release(uid)
        if rows > 1 and self._factor:
            if punctual:
                self.punctual.add(uid)
                rows -= _PUNCTUAL_ROWS
            # One hour can touch one interval more than the number of whole intervals in it.
            self._intervals[uid] = 3600.0 * self._factor / (rows - 1)
            self._distinct.add(self._intervals[uid])
            self.take(uid, now)

    def take(self, uid: int, now: float) -> None:
        """Record that a number is shown at time `now` in seconds."""
        if (interval := self._intervals.get(uid)) is not None:
            self.next_turn[uid] = _boundary(interval, now)

    def release(self, uid: int) -> None:
        """Allow the next number to be shown at once."""
        self.next_turn.pop(uid, None)

    def quiet_until(self, now: float) -> float:
        """Return when the next interval of any signal begins, infinity if there are no intervals."""
        return min((_boundary(interval, now) for interval in self._distinct), default=inf)


def _boundary(interval: float, now: float) -> float:
    """Return the first multiple of an interval after a time."""
    boundary = (now // interval + 1) * interval
    # Rounding may make it equal to `now`.
    return boundary if boundary > now else boundary + interval
