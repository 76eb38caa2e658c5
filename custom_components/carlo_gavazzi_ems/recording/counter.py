"""The readings of one counter: guarded, kept over restarts, and told about where they had to be corrected."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import logging
import time
from typing import Any, override

from homeassistant.helpers.restore_state import ExtraStoredData

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.issues import async_counter_corrected
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .guard import KILOWATT_HOUR, CounterGuard, Event, Verdict

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading(ExtraStoredData):
    """The last good reading of a counter, and of which one it is."""

    gateway: str
    signal: int
    unit: str | None
    value: float
    changed_at: float
    """When this value was first read, in seconds since 1970."""

    @override
    def as_dict(self) -> dict[str, Any]:
        """Return it as Home Assistant stores it."""
        return asdict(self)


class CounterReadings:
    """What is shown of one counter."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, unit: str | None, *, rising: bool) -> None:
        """Follow a counter; one that may also fall is not guarded."""
        self._entry = entry
        self._signal = signal
        self._unit = unit
        self._guard = CounterGuard(unit) if rising else None
        self._latest: float | None = None

    @property
    def shown(self) -> float | None:
        """What is shown now, None before the first reading."""
        return self._latest

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back."""
        return self._guard is not None and self._guard.holding

    @property
    def stored(self) -> StoredReading | None:
        """What to keep over a restart."""
        guard = self._guard
        if guard is None or guard.last is None:
            return None
        return StoredReading(
            gateway=self._entry.runtime_data.topology.info.serial_number,
            signal=self._signal.uid,
            unit=self._unit,
            value=guard.last,
            changed_at=guard.changed_at,
        )

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Go on from what was kept; it counts only for the same signal of the same gateway in the same unit."""
        value, changed_at = kept.get("value"), kept.get("changed_at")
        own = (self._entry.runtime_data.topology.info.serial_number, self._signal.uid, self._unit)
        if self._guard is None or own != (kept.get("gateway"), kept.get("signal"), kept.get("unit")):
            return
        if isinstance(value, int | float) and isinstance(changed_at, int | float):
            self._guard.restore(value, changed_at)
            self._latest = self._guard.shown

    def read(self, value: float | None, rested: float | None = None) -> float | None:
        """Judge a reading, None for one without a number; return what to show.

        `rested` is how many seconds before it the last reading was still there, None where that is not known.
        """
        if self._guard is None:
            self._latest = self._latest if value is None else value
            return self._latest
        verdict = self._guard.read(value, time.time(), rested)
        if verdict.event is not None:
            self._tell(verdict, verdict.event)
        self._latest = verdict.value
        return self._latest

    def _tell(self, verdict: Verdict, event: Event) -> None:
        """Say what was accepted after it had been in doubt."""
        runtime = self._entry.runtime_data
        load = runtime.topology.data.loads.get(self._signal.load_uid if self._signal.load_uid is not None else -1)
        place = self._entry.title if load is None else load.label or str(load.uid)
        amount = f"{abs(verdict.change):.3f} {self._unit or ''}".strip()
        if (kilowatt_hour := KILOWATT_HOUR.get(self._unit or "")) is not None:
            amount = f"{abs(verdict.change) / kilowatt_hour:.3f} kWh"
        direction = "above" if verdict.change > 0 else "below"
        _LOGGER.info(
            "%s: counter of code %s (%s), now %s %s the last reading",
            place,
            self._signal.code,
            event,
            amount,
            direction,
        )
        if event is Event.CORRECTED:
            async_counter_corrected(runtime.realtime.hass, self._entry, self._signal.uid, load=place, amount=amount)
