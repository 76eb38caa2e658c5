"""What a counter shows when its meter, or the gateway, reads something a counter cannot read.

One wrong reading of a counter that only rises costs its whole content in Home Assistant's statistics: a 0 is booked
as a reset, and the next good reading as consumption. So a reading that falls, or rises more than any installation
can, has to prove itself before it is shown. None is held back for ever.

A guard is asked for its signal alone, with a wall clock in seconds: what it knows survives a restart.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
import math
from types import MappingProxyType
from typing import Final, NamedTuple

RESET_BELOW: Final = 0.9
"""A reading below this part of the last one may be a reset; Home Assistant draws the same line."""
RESET_POLLS: Final = 3
RESET_SECONDS: Final = 60.0
"""A reset is one that is seen so often in a row, for so long, without falling itself."""
HOLD_SECONDS: Final = 15 * 60.0
"""No reading is held back for longer than this."""
RISE_CONFIRMATIONS: Final = 3
"""How often an impossible rise has to be confirmed after it was first seen."""
MOST: Final = 1e15
"""No counter reads more than this, in whatever unit: there its decimals would be lost."""
_TINY_PART: Final = 0.001
_MOST_DECIMALS: Final = 9

KILOWATT_HOUR: Final[Mapping[str, float]] = MappingProxyType(
    {"Wh": 1000.0, "kWh": 1.0, "MWh": 1e-3, "MJ": 3.6, "GJ": 3.6e-3}
)
"""What a kilowatt-hour is in the units that a counter of energy may come in."""
_KILOWATT_HOURS_PER_SECOND: Final = 1000.0 / 3600.0
"""What one megawatt makes."""


class Event(StrEnum):
    """What a person may want to know."""

    RESET = "reset"
    """The counter began anew."""
    CORRECTED = "corrected"
    """The counter stands lower than before, and stayed there."""
    JUMPED = "jumped"
    """The counter rose more than any installation can, and stayed there."""


class _Doubt(Enum):
    """Why a reading is held back."""

    RESET = auto()
    DIP = auto()
    TINY = auto()
    RISE = auto()


class Verdict(NamedTuple):
    """What to show for a reading."""

    value: float | None
    """None where no number can be shown."""
    event: Event | None = None
    change: float = 0.0
    """By how much an accepted reading lies above (or below) what was shown before it, in the counter's unit."""


class CounterGuard:
    """Stands between the readings of one counter that only rises, and what is shown of it."""

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
        """Guard a counter in this unit; rises are judged where it is one of energy."""
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
        """The last good reading, None before the first."""
        return self._last

    @property
    def shown(self) -> float | None:
        """What was last shown."""
        return self._shown

    @property
    def changed_at(self) -> float:
        """When the last good reading was first seen."""
        return self._changed_at

    @property
    def holding(self) -> bool:
        """Whether a reading is held back: then every further one counts, also one that is the same."""
        return self._held_since is not None

    def restore(self, value: float, changed_at: float) -> None:
        """Go on from what was shown before a restart; what is no reading of a counter is left out."""
        if math.isfinite(value) and value >= 0:
            self._last = self._shown = value
            self._changed_at = self._seen_at = changed_at

    def read(self, value: float | None, now: float, rested: float | None = None) -> Verdict:
        """Return what to show for a reading, None for one without a number, at a time in seconds.

        `rested` is how many seconds before it the last reading was still there, None where that is not known.
        """
        if rested is not None and self._held_since is None and now - rested > self._seen_at:
            self._seen_at = now - rested
        if value is None or not math.isfinite(value) or value > MOST:
            return Verdict(value=self._shown)
        if self._last is None:
            # Nothing to lose yet; but a counter that only rises is never negative.
            return self._take(value, now) if value >= 0 else Verdict(value=None)
        if value >= self._last and not self._impossible(value, now):
            return self._take(value, now)
        return self._doubted(value, now)

    def _doubted(self, value: float, now: float) -> Verdict:
        """Hold a reading back until it has proved itself."""
        doubt = self._reason(value)
        if doubt is not self._doubt or (doubt is _Doubt.RESET and value < self._candidate):
            self._doubt, self._first_at, self._count = doubt, now, 0
        self._candidate = value
        self._count += 1
        if doubt is _Doubt.TINY:
            # The counter will pass it: a dip this small costs less than a correction. Seen once it may be a
            # part of something worse, seen again and again it is where the counter stands.
            if self._count >= RESET_POLLS:
                self._held_since = None
            return Verdict(value=self._shown)
        if self._held_since is None:
            self._held_since = now
        if (event := self._proved(doubt, now - self._held_since, now - self._first_at)) is None:
            return Verdict(value=self._shown)
        if value < 0:
            # What stays is no glitch, and no number that could be shown for it is true.
            self._shown = None
            return Verdict(value=None)
        change = value - (self._last or 0.0)
        return Verdict(value=self._take(value, now).value, event=event, change=change)

    def _proved(self, doubt: _Doubt, held: float, seen: float) -> Event | None:
        """Return as what a reading is to be believed that is seen for some seconds; None if it is not yet."""
        match doubt:
            case _Doubt.RISE if self._count > RISE_CONFIRMATIONS:
                return Event.JUMPED
            case _Doubt.RESET if self._count >= RESET_POLLS and seen >= RESET_SECONDS:
                return Event.RESET
            case _Doubt.RESET | _Doubt.DIP if held >= HOLD_SECONDS:
                return Event.CORRECTED
        return None

    def _reason(self, value: float) -> _Doubt:
        """Return what is wrong with a reading."""
        last = self._last or 0.0
        if value > last:
            return _Doubt.RISE
        if value > 0 and (last - value <= self._tiny(last) or _lost_decimals(last, value)):
            return _Doubt.TINY
        return _Doubt.RESET if value < RESET_BELOW * last or value <= 0 else _Doubt.DIP

    def _tiny(self, last: float) -> float:
        """Return how deep a dip of no importance may be: a thousandth, and never more than a kilowatt-hour."""
        return min(_TINY_PART * last, self._kwh or 1.0)

    def _impossible(self, value: float, now: float) -> bool:
        """Return whether a rise is more than a megawatt makes since the reading last changed, or was last seen."""
        if self._kwh is None:
            return False
        rise, megawatt_second = value - (self._last or 0.0), self._kwh * _KILOWATT_HOURS_PER_SECOND
        if rise <= megawatt_second:
            return False
        # What has just been read at rest cannot have gathered for hours: that counts only where nobody looked.
        seconds = min(max(now - self._changed_at, 1.0), max(now - self._seen_at, RESET_SECONDS))
        return rise > megawatt_second * seconds

    def _take(self, value: float, now: float) -> Verdict:
        """Show a good reading."""
        if value != self._last:
            self._last, self._changed_at = value, now
        self._shown, self._seen_at = value, now
        self._held_since = self._doubt = None
        return Verdict(value)


def _lost_decimals(last: float, value: float) -> bool:
    """Return whether a reading is the last one with fewer decimals."""
    return any(
        value in {math.floor(last * 10**decimals) / 10**decimals, round(last, decimals)}
        for decimals in range(_MOST_DECIMALS)
    )
