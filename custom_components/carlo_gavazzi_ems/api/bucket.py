"""A token bucket: a few at once, and another one now and then."""


class Bucket:
    """Holds what may be spent; starts full."""

    def __init__(self, size: int, every: float) -> None:
        """Hold so many, and fill up by one every so many seconds."""
        self._size = size
        self._every = every
        self._held = float(size)
        self._since = 0.0

    def take(self, now: float) -> bool:
        """Take one out at a time in seconds; return whether there was one."""
        self._held = min(self._held + (now - self._since) / self._every, self._size)
        self._since = now
        if self._held < 1:
            return False
        self._held -= 1
        return True
