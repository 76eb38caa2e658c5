"""How often a value that changes all the time is written down, so that years of it fit into a database.

Values are never rounded: a counter's decimals add up, and a measured value is shown as it was read. What is too much
is left out in time instead.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass

from .signals.quantities import Quantity

_COUNTER_ROWS: Final = 60
_MEASURED_ROWS: Final = 120
_ROWS: Final[Mapping[SensorDeviceClass | None, int]] = MappingProxyType(
    {
        SensorDeviceClass.VOLTAGE: 20,
        SensorDeviceClass.FREQUENCY: 20,
        SensorDeviceClass.POWER_FACTOR: 20,
        SensorDeviceClass.TEMPERATURE: 20,
    }
)
"""Rows an hour of what wavers all the time, and tells little by it."""


def rows_per_hour(quantity: Quantity | None) -> int:
    """Return how many values an hour are written of a quantity, None for one that nobody has named; 0 for all."""
    if quantity is None:
        return _MEASURED_ROWS
    if quantity.state_class is None:
        # A status or a tariff changes seldom, and each time for a reason.
        return 0
    if quantity.is_counter:
        return _COUNTER_ROWS
    return _ROWS.get(quantity.device_class, _MEASURED_ROWS)


class Throttle:
    """Decides which of the changed signals are shown now; the others wait for their turn, with their latest value."""

    def __init__(self, *, factor: float = 1.0) -> None:
        """Stretch every interval by a factor; 0 shows every change at once."""
        self._factor = factor
        self._intervals: dict[int, float] = {}
        self._slots: dict[int, int] = {}
        self._waiting: set[int] = set()
        #: Signals whose next value counts, also when it is the same.
        self.attentive: set[int] = set()

    def register(self, uid: int, rows: int, now: float) -> None:
        """Write so many rows an hour of a signal at most, 0 for every change; its first one is written now."""
        if rows <= 1 or not self._factor:
            self._intervals.pop(uid, None)
            return
        # In any hour there are parts of one slot more than fit into it.
        self._intervals[uid] = interval = 3600.0 * self._factor / (rows - 1)
        self._slots[uid] = int(now // interval)

    def due(self, changed: Iterable[int], now: float) -> set[int]:
        """Return the signals to show at a time in seconds, given those that have changed since the last call."""
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
            if slot != self._slots[uid]:
                self._slots[uid] = slot
                due.add(uid)
        waiting -= due
        return due
