"""How often a value that changes all the time is shown.

Values are never rounded: the decimals of a counter add up, and a measured value is shown as it was read. Values are
left out in time instead.
"""

from collections.abc import Iterable
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
    """Decides which of the changed signals are shown now; the others wait for their turn, with their latest value."""

    def __init__(self, *, factor: float = 1.0) -> None:
        """Stretch every interval by a factor; 0 shows every change at once."""
        self._factor = factor
        self._intervals: dict[int, float] = {}
        self._slots: dict[int, int] = {}
        self._waiting: set[int] = set()
        #: Signals of which the last value before the end of each five minutes is shown.
        self._punctual: set[int] = set()
        #: Signals whose next value counts, also when it is the same.
        self.attentive: set[int] = set()

    def register(self, uid: int, rows: int, now: float, *, punctual: bool = False) -> None:
        """Write so many rows an hour of a signal at most, 0 for every change; its first one is written now.

        One that is `punctual` is also written at the last poll before each five minutes end: from that value the
        recorder makes the energy of the hour.
        """
        self._punctual.discard(uid)
        if rows <= 1 or not self._factor:
            self._intervals.pop(uid, None)
            return
        if punctual:
            self._punctual.add(uid)
            rows -= _PUNCTUAL_ROWS
        # In any hour there are parts of one slot more than fit into it.
        self._intervals[uid] = interval = 3600.0 * self._factor / (rows - 1)
        self._slots[uid] = int(now // interval)

    def due(self, changed: Iterable[int], now: float, *, is_last: bool = False) -> set[int]:
        """Return the signals to show at a time in seconds, given those that have changed since the last call.

        `is_last` says that five minutes end before the next call.
        """
        waiting = self._waiting
        waiting.update(changed)
        due = set(self.attentive)
        # There are a few intervals for thousands of signals.
        slots: dict[float, int] = {}
        for uid in waiting:
            if (interval := self._intervals.get(uid)) is None:
                due.add(uid)
                continue
            if (slot := slots.get(interval)) is None:
                slot = slots[interval] = int(now // interval)
            if slot != self._slots[uid] or (is_last and uid in self._punctual):
                self._slots[uid] = slot
                due.add(uid)
        waiting -= due
        return due
