"""A token bucket: a limit on rare actions that allows a short burst."""


class Bucket:
    """Holds up to `size` tokens; starts full."""

    def __init__(self, size: int, every: float) -> None:
        """Hold `size` tokens, and add one every `every` seconds."""
        self._size = size
        self._every = every
        self._held = float(size)
        self._since = 0.0

    def take(self, now: float) -> bool:
        """Take a token at time `now` in seconds; return whether there was one."""
        self._held = min(self._held + (now - self._since) / self._every, self._size)
        self._since = now
        if self._held < 1:
            return False
        self._held -= 1
        return True
