"""How often a value that changes all the time is shown.

Values are never rounded: the decimals of a counter add up, and a measured value is shown as it was read. Values are
left out in time instead.
"""

from math import inf
import time
from typing import Final

_FIVE_MINUTES: Final = 300.0
#: Seconds that a poll may come late, or take.
_LATE: Final = 2.0
#: Of the rows an hour those that are written for the ends of five minutes: one or two polls come shortly before each.
_PUNCTUAL_ROWS: Final = 24


def is_last_before_mark(interval: float) -> bool:
    """Return whether five minutes, as the recorder counts them, end before the next poll in `interval` seconds is done."""
    return _FIVE_MINUTES - time.time() % _FIVE_MINUTES <= interval + _LATE


class Throttle:
    """Knows from when on a signal may be shown again."""

    def __init__(self, *, factor: float = 1.0) -> None:
        """Stretch every interval by a factor; 0 shows every change at once."""
        self._factor = factor
        self._intervals: dict[int, float] = {}
        #: The few that there are.
        self._distinct: set[float] = set()
        #: Signals of which the last value before the end of each five minutes is shown.
        self.punctual: set[int] = set()
        #: When a signal's next turn begins, by UID; no entry where it need not wait.
        self.next_turn: dict[int, float] = {}

    def register(self, uid: int, rows: int, now: float, *, punctual: bool = False) -> None:
        """Show a signal at most `rows` times an hour, 0 for every change; its first value is shown now.

        One that is `punctual` is also shown at the last poll before each five minutes end: from that value the
        recorder makes the energy of the hour.
        """
        self._intervals.pop(uid, None)
        self.punctual.discard(uid)
        self.release(uid)
        if rows > 1 and self._factor:
            if punctual:
                self.punctual.add(uid)
                rows -= _PUNCTUAL_ROWS
            # In any hour there are parts of one turn more than fit into it.
            self._intervals[uid] = 3600.0 * self._factor / (rows - 1)
            self._distinct.add(self._intervals[uid])
            self.take(uid, now)

    def take(self, uid: int, now: float) -> None:
        """Note that a number is shown at a time in seconds."""
        if (interval := self._intervals.get(uid)) is not None:
            self.next_turn[uid] = _boundary(interval, now)

    def release(self, uid: int) -> None:
        """Let the next number be shown at once."""
        self.next_turn.pop(uid, None)

    def quiet_until(self, now: float) -> float:
        """Return when the next turn of any signal begins, infinity if none ever does."""
        return min((_boundary(interval, now) for interval in self._distinct), default=inf)


def _boundary(interval: float, now: float) -> float:
    """Return the first multiple of an interval after a time."""
    boundary = (now // interval + 1) * interval
    # Rounded down it may be now.
    return boundary if boundary > now else boundary + interval
