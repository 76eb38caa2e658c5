"""A token bucket: a few at once, and another one now and then."""

from collections.abc import Callable


class Bucket:
    """Holds what may be spent."""

    def __init__(self, size: int, every: float, clock: Callable[[], float]) -> None:
        """Start full; fill up by one every so many seconds of the clock."""
        self._size = size
        self._every = every
        self._clock = clock
        self._held = float(size)
        self._since = clock()

    def take(self) -> bool:
        """Take one out; return whether there was one."""
        now = self._clock()
        self._held = min(self._held + (now - self._since) / self._every, self._size)
        self._since = now
        if self._held < 1:
            return False
        self._held -= 1
        return True
