"""A counter behind the guard, as a test reads it."""

from custom_components.carlo_gavazzi_ems.recording.guard import (
    Accepted,
    CounterGuard,
    Event,
    PastReading,
)

POLL = 10.0


class Meter:
    """A guarded counter in kWh that is read every ten seconds."""

    def __init__(self, first: float | None = 1234.567, unit: str | None = "kWh", history: float | None = None) -> None:
        """Read it once; `history` is its evidence in the gateway's history, None without any."""
        self.history = history
        self.guard = CounterGuard(unit)
        self.now = 1_000_000.0
        self.shown: list[float | None] = []
        self.events: list[Event] = []
        self.last: Accepted | None = None
        if first is not None:
            self.read(first)

    def read(self, value: float | None, times: int = 1, seconds: float = POLL) -> float | None:
        """Read it so many times; return the last value shown."""
        for _ in range(times):
            self.now += seconds
            if self.history is not None and self.guard.doubtful_since is not None:
                self.guard.check_history(PastReading(self.history, self.now), self.now)
            self.last = self.guard.read(value, self.now)
            self.shown.append(self.guard.shown)
            if self.last is not None:
                self.events.append(self.last.event)
        return self.guard.shown
