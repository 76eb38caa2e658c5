"""Number of events, from the readings of an event counter."""

from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .guard import CounterGuard


class CountedEvents:
    """A counter of events, such as voltage sags. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        """Start with the next reading, or with a restored one."""
        self._guard = CounterGuard()

    @property
    def count(self) -> float | None:
        """The last accepted reading, None before the first."""
        return self._guard.last

    def restore(self, count: float, now: float) -> None:
        """Continue from a stored reading."""
        self._guard.restore(count, 0.0, now)

    def read(self, value: float | None, now: float) -> int:
        """Return the number of events since the last reading; 0 for a first reading, a reset and a doubtful reading."""
        before = self._guard.last
        accepted = self._guard.read(None if value is None or is_over_range(value) else value, now)
        after = self._guard.last
        if before is None or after is None or accepted is not None:
            return 0
        return max(round(after - before), 0)
