"""How often a value that changes all the time is shown.

Values are never rounded: the decimals of a counter add up, and a measured value is shown as it was read. Values are
left out in time instead.
"""

from math import inf


class Throttle:
    """Gives each signal its turns: a new number is shown in the next one. Turns begin at multiples of an interval."""

    def __init__(self, *, factor: float = 1.0) -> None:
        """Stretch every interval by a factor; 0 shows every change at once."""
        self._factor = factor
        self._intervals: dict[int, float] = {}
        #: The few that there are.
        self._distinct: set[float] = set()
        #: When a signal's next turn begins, by UID; no entry where it need not wait.
        self.next_turn: dict[int, float] = {}

    def register(self, uid: int, rows: int, now: float) -> None:
        """Show a signal at most `rows` times an hour, 0 for every change; its first value is shown now."""
        self._intervals.pop(uid, None)
        self.release(uid)
        if rows > 1 and self._factor:
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
