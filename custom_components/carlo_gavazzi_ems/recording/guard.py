"""A filter for implausible readings of an increasing counter.

One wrong 0 adds the whole content of the counter to Home Assistant's statistics: it counts as a reset, and the next
reading as consumption. So a reading that falls, or rises faster than any installation can, is held back until it is
confirmed. No reading is held back for ever.

Times are wall-clock seconds since 1970, because the last reading is stored over restarts.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
import math
from types import MappingProxyType
from typing import Final, NamedTuple

RESET_BELOW: Final = 0.9
"""A reading below this share of the last one may be a reset. Home Assistant uses the same limit."""
RESET_POLLS: Final = 3
RESET_SECONDS: Final = 60.0
"""A reset is accepted after so many readings in a row over so many seconds that do not fall."""
HOLD_SECONDS: Final = 15 * 60.0
"""No reading is held back for longer than this."""
RISE_CONFIRMATIONS: Final = 3
"""Readings that have to confirm an impossible rise."""
MOST: Final = 1e15
"""The largest reading in any unit. Above it, a float has no decimals."""
_TINY_PART: Final = 0.001
_MOST_DECIMALS: Final = 9

KILOWATT_HOUR: Final[Mapping[str, float]] = MappingProxyType(
    {"Wh": 1000.0, "kWh": 1.0, "MWh": 1e-3, "MJ": 3.6, "GJ": 3.6e-3}
)
"""Energy unit -> its amount in one kilowatt-hour."""
_KILOWATT_HOURS_PER_SECOND: Final = 1000.0 / 3600.0
"""The fastest plausible rise: one megawatt."""


class Event(StrEnum):
    """Why a doubtful reading was accepted."""

    RESET = "reset"
    """The counter was reset."""
    CORRECTED = "corrected"
    """The counter is lower than before, and stayed there."""
    JUMPED = "jumped"
    """The counter rose more than any installation can, and stayed there."""


class _Doubt(Enum):
    """Why a reading is held back."""

    RESET = auto()
    DIP = auto()
    TINY = auto()
    RISE = auto()


class Verdict(NamedTuple):
    """The value to show for a reading."""

    value: float | None
    """None if no number can be shown."""
    event: Event | None = None
    change: float = 0.0
    """Difference of an accepted reading to the last one, in the counter's unit."""


class CounterGuard:
    """Filters the readings of one increasing counter."""

    __slots__ = (
        "_candidate",
        "_changed_at",
        "_count",
        "_doubt",
        "_first_at",
        "_held_since",
        "_kwh",
        "_last",
        "_seen_at",
        "_shown",
    )

    def __init__(self, unit: str | None = None) -> None:
        """Guard a counter in a unit. Rises are checked for units of energy."""
        self._kwh = KILOWATT_HOUR.get(unit or "")
        self._last: float | None = None
        self._shown: float | None = None
        self._changed_at = self._seen_at = 0.0
        self._held_since: float | None = None
        self._doubt: _Doubt | None = None
        self._candidate = -math.inf
        self._first_at = 0.0
        self._count = 0

    @property
    def last(self) -> float | None:
        """The last accepted reading, None before the first."""
        return self._last

    @property
    def shown(self) -> float | None:
        """The last shown value."""
        return self._shown

    @property
    def changed_at(self) -> float:
        """Time at which the last accepted reading was first seen."""
        return self._changed_at

    @property
    def holding(self) -> bool:
        """Whether a reading is held back. Then each further reading counts, also an equal one."""
        return self._held_since is not None

    def restore(self, value: float, changed_at: float) -> None:
        """Restore the reading from before a restart, if it is a valid one."""
        if math.isfinite(value) and value >= 0:
            self._last = self._shown = value
            self._changed_at = self._seen_at = changed_at

    def read(self, value: float | None, now: float) -> Verdict:
        """Return the value to show for a reading at a time; None for a reading without a number."""
        if value is None or not math.isfinite(value) or value > MOST:
            return Verdict(value=self._shown)
        if self._last is None:
            # There is nothing to compare with; but an increasing counter is never negative.
            return self._take(value, now) if value >= 0 else Verdict(value=None)
        if value >= self._last and not self._impossible(value, now):
            return self._take(value, now)
        return self._doubted(value, now)

    def _doubted(self, value: float, now: float) -> Verdict:
        """Hold a reading back until it is confirmed."""
        doubt = self._reason(value)
        if doubt is not self._doubt or (doubt is _Doubt.RESET and value < self._candidate):
            self._doubt, self._first_at, self._count = doubt, now, 0
        self._candidate = value
        self._count += 1
        if doubt is _Doubt.TINY:
            # The counter will pass the old value soon, so no correction is needed. One small dip may be part of
            # a larger fall; after several it is the new level.
            if self._count >= RESET_POLLS:
                self._held_since = None
            return Verdict(value=self._shown)
        if self._held_since is None:
            self._held_since = now
        if (event := self._confirmed(doubt, now - self._held_since, now - self._first_at)) is None:
            return Verdict(value=self._shown)
        if value < 0:
            # The negative reading persists, and no valid number can be shown for it.
            self._shown = None
            return Verdict(value=None)
        change = value - (self._last or 0.0)
        return Verdict(value=self._take(value, now).value, event=event, change=change)

    def _confirmed(self, doubt: _Doubt, held: float, seen: float) -> Event | None:
        """Return the event that accepts a reading held for `held` and seen for `seen` seconds, None if not yet."""
        match doubt:
            case _Doubt.RISE if self._count > RISE_CONFIRMATIONS:
                return Event.JUMPED
            case _Doubt.RESET if self._count >= RESET_POLLS and seen >= RESET_SECONDS:
                return Event.RESET
            case _Doubt.RESET | _Doubt.DIP if held >= HOLD_SECONDS:
                return Event.CORRECTED
        return None

    def _reason(self, value: float) -> _Doubt:
        """Return why a reading is in doubt."""
        last = self._last or 0.0
        if value > last:
            return _Doubt.RISE
        if value > 0 and (last - value <= self._tiny(last) or _lost_decimals(last, value)):
            return _Doubt.TINY
        return _Doubt.RESET if value < RESET_BELOW * last or value <= 0 else _Doubt.DIP

    def _tiny(self, last: float) -> float:
        """Return the largest unimportant dip: a thousandth, and at most one kilowatt-hour."""
        return min(_TINY_PART * last, self._kwh or 1.0)

    def _impossible(self, value: float, now: float) -> bool:
        """Return whether a rise exceeds one megawatt since the reading last changed or was last seen."""
        if self._kwh is None or value == self._last:
            return False
        # A reading seen unchanged a moment ago cannot hide hours of energy; only time without polls can.
        seconds = min(max(now - self._changed_at, 1.0), max(now - self._seen_at, RESET_SECONDS))
        return value - (self._last or 0.0) > self._kwh * _KILOWATT_HOURS_PER_SECOND * seconds

    def _take(self, value: float, now: float) -> Verdict:
        """Accept a reading."""
        if value != self._last:
            self._last, self._changed_at = value, now
        self._shown, self._seen_at = value, now
        self._held_since = self._doubt = None
        return Verdict(value=value)


def _lost_decimals(last: float, value: float) -> bool:
    """Return whether a reading is the last one with fewer decimals."""
    return any(
        value in {math.floor(last * 10**decimals) / 10**decimals, round(last, decimals)}
        for decimals in range(_MOST_DECIMALS)
    )
