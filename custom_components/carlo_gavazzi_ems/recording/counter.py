"""The readings of one counter: guarded, stored over restarts, and reported when corrected."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import logging
import time
from typing import Any, Final, override

from homeassistant.core import CoreState
from homeassistant.helpers.restore_state import ExtraStoredData

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.issues import (
    async_counter_jumped,
    async_counter_returned,
    place_of,
)
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range
from custom_components.carlo_gavazzi_ems.texts.markdown import escaped

from .guard import KILOWATT_HOUR, Accepted, Before, CounterGuard, Event

_LOGGER = logging.getLogger(__name__)

#: Age in seconds of a stored reading if the clock cannot tell it.
_UNKNOWN_AGE: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading(ExtraStoredData):
    """The last accepted reading of a counter, with the identity of the counter."""

    gateway: str
    signal: int
    unit: str | None
    value: float
    changed_at: float
    """Time of the first reading of this value, in seconds since 1970."""
    before: tuple[float, float] | None = None
    """What the counter read before a doubtful reading was accepted, and when that came up, in seconds since 1970."""

    @override
    def as_dict(self) -> dict[str, Any]:
        """Return the data to store."""
        return asdict(self)


class CounterReadings:
    """The state of one counter."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, unit: str | None, *, rising: bool) -> None:
        """Take the readings of a counter. They are filtered if it is `rising`, that is, may not fall."""
        self._entry = entry
        self._signal = signal
        self._unit = unit
        self._guard = CounterGuard(unit) if rising else None
        self._latest: float | None = None
        self._restored = False

    @property
    def shown(self) -> float | None:
        """The shown value, None before the first reading."""
        return self._latest

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back; then every further reading must be passed to `read`, even the same one."""
        return self._is_early or (self._guard is not None and self._guard.holding)

    @property
    def _is_early(self) -> bool:
        """Whether the restored reading is still shown, because Home Assistant is starting.

        Cost sensors and utility meters follow a counter only when Home Assistant is running; they would miss an
        earlier change.
        """
        return self._restored and self._entry.runtime_data.realtime.hass.state is not CoreState.running

    @property
    def stored(self) -> StoredReading | None:
        """The reading to store over a restart, None without one."""
        guard = self._guard
        value = self._latest if guard is None else guard.last
        if value is None:
            return None
        return StoredReading(
            gateway=self._entry.runtime_data.topology.info.serial_number,
            signal=self._signal.uid,
            unit=self._unit,
            value=value,
            changed_at=time.time() - (0.0 if guard is None else time.monotonic() - guard.changed_at),
            before=None if guard is None or guard.before is None else self._dated(guard.before),
        )

    @staticmethod
    def _dated(before: Before) -> tuple[float, float]:
        return before.value, time.time() - (time.monotonic() - before.at)

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Restore a stored reading, if it is of the same signal, gateway and unit."""
        value, changed_at = kept.get("value"), kept.get("changed_at")
        own = (self._entry.runtime_data.topology.info.serial_number, self._signal.uid, self._unit)
        if own != (kept.get("gateway"), kept.get("signal"), kept.get("unit")):
            return
        if not isinstance(value, int | float) or not isinstance(changed_at, int | float):
            return
        if self._guard is None:
            self._latest = value
        else:
            # A host whose clock was set back does not know how long it was off.
            age, now = time.time() - changed_at, time.monotonic()
            before: Before | None = None
            match kept.get("before"):
                case [int() | float() as earlier, int() | float() as at] if at <= time.time():
                    before = Before(earlier, now - (time.time() - at))
            self._guard.restore(value, age if age >= 0 else _UNKNOWN_AGE, now, before)
            self._latest = self._guard.shown
        self._restored = self._latest is not None

    def read(self, value: float | None, rested: float | None = None) -> float | None:
        """Process a reading, None for one without a number, and return the value to show.

        `rested` is the number of seconds since the timestamp of the previous reading, None if not known.
        """
        if value is not None and is_over_range(value):
            value = None
        if self._is_early:
            return self._latest
        is_first, self._restored = self._restored, False
        if self._guard is None:
            self._latest = self._latest if value is None else value
            return self._latest
        now = time.monotonic()
        if (since := self._guard.doubtful_since) is not None:
            self._ask_history(self._guard, since, now)
        # The previous poll did not have the restored reading.
        if (accepted := self._guard.read(value, now, None if is_first else rested)) is not None:
            self._report(accepted, time.time() - (now - accepted.since))
        self._latest = self._guard.shown
        return self._latest

    def _ask_history(self, guard: CounterGuard, since: float, now: float) -> None:
        """Compare a reading that is held back since a monotonic time with the gateway's history."""
        past = self._entry.runtime_data.history.witness.async_newest(self._signal.uid, since)
        if past is not None:
            guard.check_history(past, now)

    def _report(self, accepted: Accepted, since: float) -> None:
        """Log an accepted reading that was in doubt since a time in seconds since 1970; create or delete its issue."""
        runtime, event, change = self._entry.runtime_data, accepted.event, accepted.change
        amount = f"{abs(change):.3f} {self._unit or ''}".strip()
        if (kilowatt_hour := KILOWATT_HOUR.get(self._unit or "")) is not None:
            amount = f"{abs(change) / kilowatt_hour:.3f} kWh"
        direction = "above" if change > 0 else "below"
        _LOGGER.log(
            logging.WARNING if event is Event.CORRECTED else logging.INFO,
            "%s: counter of code %s (%s), now %s %s the last reading",
            escaped(place_of(self._entry, self._signal.uid)),
            self._signal.code,
            event,
            amount,
            direction,
        )
        hass, uid = runtime.realtime.hass, self._signal.uid
        match event:
            case Event.JUMPED:
                async_counter_jumped(hass, self._entry, uid, amount=amount, at=since)
            case Event.RETURNED:
                async_counter_returned(hass, self._entry, uid)
        if event is not Event.JUMPED:
            # The hours recorded meanwhile are compared with the gateway's history.
            runtime.history.check_again(uid, since)
