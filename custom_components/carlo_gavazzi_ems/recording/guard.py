"""A filter for implausible readings of an increasing counter.

A single wrong 0 adds the whole reading of the counter to Home Assistant's statistics: the 0 counts as a reset, and the
next reading as consumption. So a reading that falls, or rises faster than any installation can, is held back until it
has lasted and the gateway's history confirms it. Without history it is accepted after a time limit. A wrongly accepted
reading is detected when the counter returns to its former value.

Times are seconds of the monotonic clock.
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
"""A doubtful reading has lasted after RESET_POLLS readings in a row over RESET_SECONDS seconds that do not fall."""
HOLD_SECONDS: Final = 15 * 60.0
"""The longest time for which a doubtful reading is held back if the history has no information."""
DENIED_SECONDS: Final = 24 * 3600.0
"""The longest time for which a doubtful reading is held back if the history contradicts it."""
RETURN_SECONDS: Final = 7 * 24 * 3600.0
"""The time after a wrongly accepted reading in which a return of the counter is recognised."""
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
    """The counter was set back, or its meter replaced."""
    CORRECTED = "corrected"
    """The counter is a little lower than before, and stayed there; history has no information."""
    JUMPED = "jumped"
    """The counter rose more than any installation can, and stayed there."""
    RETURNED = "returned"
    """The counter continues from its former value: the reading accepted since was wrong."""


class _Doubt(Enum):
    """Why a reading is held back."""

    RESET = auto()
    DIP = auto()
    TINY = auto()
    RISE = auto()


class Accepted(NamedTuple):
    """A doubtful reading that was accepted."""

    event: Event
    change: float
    """The accepted reading minus the last one before it, in the unit of the counter."""
    since: float
    """When the doubt began."""


class Before(NamedTuple):
    """The reading before a doubtful one was accepted, and when the doubtful one first came."""

    value: float
    at: float


class PastReading(NamedTuple):
    """A reading from the gateway's history."""

    value: float
    at: float
    """The earliest time at which it can have been read."""


class CounterGuard:
    """Filters the readings of one counter that only rises."""

    def __init__(self, unit: str | None = None) -> None:
        """Filter a counter in this unit. Rises are limited for units of energy."""
        self._kwh = KILOWATT_HOUR.get(unit or "")
        #: The last accepted reading, None before the first.
        self.last: float | None = None
        #: The value to show, None if no number can be shown.
        self.shown: float | None = None
        #: Time of the first reading of the last accepted value.
        self.changed_at = 0.0
        #: The reading to which the counter may return, None if no doubtful one was accepted.
        self.before: Before | None = None
        self._seen_at = 0.0
        self._held_since: float | None = None
        self._doubt: _Doubt | None = None
        self._candidate = -math.inf
        self._first_at = 0.0
        self._count = 0
        #: Whether history confirms the doubtful reading, or contradicts it.
        self._confirmed = self._denied = False

    @property
    def holding(self) -> bool:
        """Whether a reading is held back; then every further reading counts, even the same one."""
        return self._held_since is not None

    @property
    def doubtful_since(self) -> float | None:
        """Since when a reading is held back that history could confirm, None if there is none."""
        return self._held_since if self._doubt is not _Doubt.TINY else None

    def restore(self, value: float, age: float, now: float, before: Before | None = None) -> None:
        """Continue from a reading that was first seen `age` seconds ago; an impossible one is ignored."""
        if math.isfinite(value) and value >= 0:
            self.last = self.shown = value
            self.changed_at = self._seen_at = now - age
            self.before = before

    def check_history(self, past: PastReading, now: float) -> None:
        """Compare the doubtful reading with the newest one of history; note whether that confirms or contradicts it."""
        if self._held_since is None or self.last is None or past.at <= self._seen_at:
            return
        rose, fell = self._doubt is _Doubt.RISE, past.value < self.last - self._tiny(self.last)
        if past.at > self._held_since:
            self._confirmed = self._impossible(past.value - self.last, now) if rose else fell
            self._denied = not self._confirmed
        elif not rose and fell and past.value < self._candidate:
            # The counter fell in an outage before the doubt and has counted on since, so that it does not stand at a wrong
            # reading. Anything else that history had before the doubt proves nothing.
            self._confirmed = True

    def read(self, value: float | None, now: float, rested: float | None = None) -> Accepted | None:
        """Process a reading, None for one without a number; return the doubtful reading that is accepted now, if any.

        `rested` seconds ago the counter still had the last reading; None if that is not known.
        """
        if rested is not None and not self.holding:
            self._seen_at = max(self._seen_at, now - rested)
        if value is None or not math.isfinite(value) or value > MOST:
            return None
        last, before = self.last, self.before
        if last is None:
            # There is nothing to compare it with; but a counter that only rises is never negative.
            if value >= 0:
                self._take(value, now)
            return None
        if before is not None and self._returns(value, last, before, now):
            self.before = None
            self._take(value, now)
            return Accepted(Event.RETURNED, value - last, before.at)
        if value < last or self._impossible(value - last, now):
            return self._doubted(value, last, now)
        self._take(value, now)
        return None

    def _returns(self, value: float, last: float, before: Before, now: float) -> bool:
        """Return whether a reading continues from before a doubtful one was accepted, and not from the doubtful one."""
        if now - before.at > RETURN_SECONDS:
            return False
        if not before.value - self._tiny(before.value) <= value <= before.value + self._most(now - before.at):
            return False
        if last > before.value:
            return value < last
        # A counter that was really reset would need as long as before to rise that far.
        return last < RESET_BELOW * before.value or self._impossible(value - last, now)

    def _doubted(self, value: float, last: float, now: float) -> Accepted | None:
        """Hold a reading back until it is confirmed."""
        doubt = self._reason(value, last)
        if doubt is not self._doubt or (doubt is _Doubt.RESET and value < self._candidate):
            self._doubt, self._first_at, self._count = doubt, now, 0
            self._confirmed = self._denied = False
        self._candidate = value
        self._count += 1
        if doubt is _Doubt.TINY:
            # The last value stays shown until the counter exceeds it, which costs less than a correction. A single
            # such reading may belong to a larger fault; a repeated one is the true reading.
            if self._count >= RESET_POLLS:
                self._held_since = None
            return None
        if self._held_since is None:
            self._held_since = now
        if (event := self._proved(doubt, now - self._held_since, now - self._first_at)) is None:
            return None
        if value < 0:
            # A negative reading that lasts is no glitch, but it is not a valid reading of a rising counter either.
            self.shown = None
            return None
        since = self._held_since
        # Keep the reading before the first doubtful one, if the second one lies below it.
        if self.before is None or value >= self.before.value:
            self.before = Before(last, since)
        self._take(value, now)
        return Accepted(event, value - last, since)

    def _proved(self, doubt: _Doubt, held: float, seen: float) -> Event | None:
        """Return the event with which a doubtful reading is accepted, None if it is not accepted yet."""
        lasted = self._count >= RESET_POLLS and seen >= RESET_SECONDS
        if not (lasted and self._confirmed) and held < (DENIED_SECONDS if self._denied else HOLD_SECONDS):
            return None
        if doubt is _Doubt.RISE:
            return Event.JUMPED
        return Event.RESET if self._confirmed or (doubt is _Doubt.RESET and lasted) else Event.CORRECTED

    def _reason(self, value: float, last: float) -> _Doubt:
        """Return why a reading is doubtful."""
        if value > last:
            return _Doubt.RISE
        if value > 0 and (last - value <= self._tiny(last) or _lost_decimals(last, value)):
            return _Doubt.TINY
        return _Doubt.RESET if value < RESET_BELOW * last or value <= 0 else _Doubt.DIP

    def _tiny(self, last: float) -> float:
        """Return the largest fall that is ignored: a thousandth, and at most one kilowatt-hour."""
        return min(_TINY_PART * last, self._kwh or 1.0)

    def _impossible(self, rise: float, now: float) -> bool:
        """Return whether a rise exceeds one megawatt, over the time since the reading last changed or was last seen."""
        # If the last reading was seen unchanged shortly before, the rise happened since then.
        seconds = min(max(now - self.changed_at, 1.0), max(now - self._seen_at, RESET_SECONDS))
        return rise > self._most(seconds)

    def _most(self, seconds: float) -> float:
        """Return by how much a counter may rise in some seconds; unlimited if it does not count energy."""
        return math.inf if self._kwh is None else self._kwh * _KILOWATT_HOURS_PER_SECOND * seconds

    def _take(self, value: float, now: float) -> None:
        """Accept a reading."""
        if value != self.last:
            self.last, self.changed_at = value, now
        self.shown, self._seen_at = value, now
        self._held_since = self._doubt = None
        self._confirmed = self._denied = False


def _lost_decimals(last: float, value: float) -> bool:
    """Return whether a reading is the last one with fewer decimals."""
    return any(
        value in {math.floor(last * 10**decimals) / 10**decimals, round(last, decimals)}
        for decimals in range(_MOST_DECIMALS)
    )
