"""The import counters of a load: only readings that pass the counter guard are added up."""

from collections.abc import Callable, Mapping
import math
from typing import Final, NamedTuple

from custom_components.carlo_gavazzi_ems.history.arithmetic.cleaning import quantum
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import Reading
from custom_components.carlo_gavazzi_ems.recording.guard import Accepted, CounterGuard, PastReading
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

type Witness = Callable[[int, float], PastReading | None]
"""Returns a counter's newest reading in history, None if none is known yet; one from after a monotonic time is wanted."""


_TELLING: Final = 10
"""So many readings do not end with the same digit by chance."""


class _Digits(NamedTuple):
    """How many readings of a counter there were, the last one, and the smallest step that all of them allow."""

    readings: int = 0
    last: float | None = None
    step: float = math.inf

    def with_another(self, value: float) -> _Digits:
        """Return the same with one more reading."""
        if value == self.last:
            return self
        return _Digits(self.readings + 1, value, min(self.step, quantum([Reading(0, value, value, value)])))


class ImportCounters:
    """The counters that together count all energy that a load imports. Times are monotonic seconds."""

    def __init__(self, kilowatt_hours: Mapping[int, float], units: Mapping[int, str | None], witness: Witness) -> None:
        """Add up counters, by UID: what each reads for one kWh, and its unit."""
        self.kilowatt_hours = kilowatt_hours
        self._digits = dict.fromkeys(kilowatt_hours, _Digits())
        self._guards = {uid: CounterGuard(units[uid]) for uid in kilowatt_hours}
        self._witness = witness
        self.accepted: Accepted | None = None
        """The doubtful reading that the last call of `add_up` accepted, if any."""

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back."""
        return any(guard.holding for guard in self._guards.values())

    def add_up(self, numbers: Mapping[int, float | None], now: float) -> float | None:
        """Return the sum of new readings in kWh, None if one is missing or held back."""
        self.accepted, total, believed = None, 0.0, True
        for uid, guard in self._guards.items():
            value = numbers.get(uid)
            if value is not None and is_over_range(value):
                value = None
            if (since := guard.doubtful_since) is not None and (past := self._witness(uid, since)) is not None:
                guard.check_history(past, now)
            self.accepted = guard.read(value, now) or self.accepted
            if is_believed := value is not None and guard.shown == value:
                self._digits[uid] = self._digits[uid].with_another(value)
            believed &= is_believed
            total += (value or 0.0) / self.kilowatt_hours[uid]
        return total if believed else None

    @property
    def step(self) -> float | None:
        """The kWh by which the sum moves at least, by the last digits of the readings; None before there are enough of them."""
        if not self._digits or any(digits.readings < _TELLING for digits in self._digits.values()):
            return None
        return sum(digits.step / self.kilowatt_hours[uid] for uid, digits in self._digits.items())

    def restore(self, kept: Mapping[int, float], age: float, now: float) -> None:
        """Restore the last readings, which are `age` seconds old."""
        for uid, value in kept.items():
            if (guard := self._guards.get(uid)) is not None:
                guard.restore(value, age, now)

    @property
    def last(self) -> dict[int, float]:
        """The last accepted reading of each counter."""
        return {uid: guard.last for uid, guard in self._guards.items() if guard.last is not None}
