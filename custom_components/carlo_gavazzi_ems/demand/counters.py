"""The import counters of a load, guarded: only readings that can be believed are added up."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from custom_components.carlo_gavazzi_ems.recording.guard import CounterGuard, Event
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

type Witness = Callable[[int, float], float | None]
"""Returns what history read of a counter after a time of the clock that is never set, None where it does not tell."""


class Accepted(NamedTuple):
    """A reading that was accepted though it was in doubt."""

    event: Event
    since: float
    """When that came up."""


class ImportCounters:
    """The counters that together count all that a load imports. Times are seconds of a clock that is never set."""

    def __init__(self, kilowatt_hours: Mapping[int, float], units: Mapping[int, str | None], witness: Witness) -> None:
        """Add up counters, by UID: what each reads for one kWh, and its unit."""
        self.kilowatt_hours = kilowatt_hours
        self._guards = {uid: CounterGuard(units[uid]) for uid in kilowatt_hours}
        self._witness = witness
        self.accepted: Accepted | None = None
        """What was accepted with the last call of `add_up` though it was in doubt."""

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back."""
        return any(guard.holding for guard in self._guards.values())

    def add_up(self, numbers: Mapping[int, float | None], now: float) -> float | None:
        """Return the sum of new readings in kWh, None where one is missing or not believed."""
        self.accepted, total, believed = None, 0.0, True
        for uid, guard in self._guards.items():
            value = numbers.get(uid)
            if value is not None and is_over_range(value):
                value = None
            if (since := guard.doubtful_since) is not None and (reading := self._witness(uid, since)) is not None:
                guard.testify(reading, now)
            verdict = guard.read(value, now)
            if verdict.event is not None:
                self.accepted = Accepted(verdict.event, verdict.since)
            believed &= value is not None and verdict.value == value
            total += (value or 0.0) / self.kilowatt_hours[uid]
        return total if believed else None

    def restore(self, kept: Mapping[int, float], age: float, now: float) -> None:
        """Go on from readings that are so many seconds old."""
        for uid, value in kept.items():
            if (guard := self._guards.get(uid)) is not None:
                guard.restore(value, age, now)

    @property
    def last(self) -> dict[int, float]:
        """The last believed reading of each."""
        return {uid: guard.last for uid, guard in self._guards.items() if guard.last is not None}
