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


class Verdict(NamedTuple):
    """The value to show for a reading."""

    value: float | None
    """None if no number can be shown."""
    event: Event | None = None
    change: float = 0.0
    """The accepted reading minus the value shown before it, in the unit of the counter."""
    since: float = 0.0
    """When the reading was first in doubt."""


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

    __slots__ = (
        "_before",
        "_candidate",
        "_changed_at",
        "_confirmed",
        "_count",
        "_denied",
        "_doubt",
        "_first_at",
        "_held_since",
        "_kwh",
        "_last",
        "_seen_at",
        "_shown",
    )

    def __init__(self, unit: str | None = None) -> None:
        """Filter a counter in this unit. Rises are limited for units of energy."""
        self._kwh = KILOWATT_HOUR.get(unit or "")
        self._last: float | None = None
        self._shown: float | None = None
        self._changed_at = self._seen_at = 0.0
        self._before: Before | None = None
        self._held_since: float | None = None
        self._doubt: _Doubt | None = None
        self._candidate = -math.inf
        self._first_at = 0.0
        self._count = 0
        #: Whether history confirms the doubtful reading, or contradicts it.
        self._confirmed = self._denied = False

    @property
    def last(self) -> float | None:
        """The last accepted reading, None before the first."""
        return self._last

    @property
    def shown(self) -> float | None:
        """The shown value."""
        return self._shown

    @property
    def changed_at(self) -> float:
        """Time of the first reading of the last accepted value."""
        return self._changed_at

    @property
    def before(self) -> Before | None:
        """The reading to which the counter may return, None if no doubtful one was accepted."""
        return self._before

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
            self._last = self._shown = value
            self._changed_at = self._seen_at = now - age
            self._before = before

    def check_history(self, past: PastReading, now: float) -> None:
        """Compare the doubtful reading with the newest one of history; note whether that confirms or contradicts it."""
        if self._held_since is None or self._last is None or past.at <= self._seen_at:
            return
        rose, fell = self._doubt is _Doubt.RISE, past.value < self._last - self._tiny(self._last)
        if past.at > self._held_since:
            self._confirmed = self._impossible(past.value, now) if rose else fell
            self._denied = not self._confirmed
        elif not rose and fell and past.value < self._candidate:
            # The counter fell in an outage before the doubt and has counted on since, so that it does not stand at a wrong
            # reading. Anything else that history had before the doubt proves nothing.
            self._confirmed = True

    def seen(self, at: float) -> None:
        """Record that the counter still had the last accepted reading at a time; ignored while a reading is in doubt."""
        if not self.holding:
            self._seen_at = max(self._seen_at, at)

    def read(self, value: float | None, now: float) -> Verdict:
        """Return the value to show for a reading, None for one without a number."""
        if value is None or not math.isfinite(value) or value > MOST:
            return Verdict(value=self._shown)
        if self._last is None:
            # There is nothing to compare it with; but a counter that only rises is never negative.
            return self._take(value, now) if value >= 0 else Verdict(value=None)
        if self._returns(value, now):
            return self._take_return(value, now)
        if value >= self._last and not self._impossible(value, now):
            return self._take(value, now)
        return self._doubted(value, now)

    def _returns(self, value: float, now: float) -> bool:
        """Return whether a reading continues from before a doubtful one was accepted, and not from the doubtful one."""
        before = self._before
        if before is None or self._last is None or now - before.at > RETURN_SECONDS:
            return False
        if not before.value - self._tiny(before.value) <= value <= before.value + self._most(now - before.at):
            return False
        if self._last > before.value:
            return value < self._last
        # A counter that was really reset would need as long as before to rise that far.
        return self._last < RESET_BELOW * before.value or self._impossible(value, now)

    def _take_return(self, value: float, now: float) -> Verdict:
        """Accept a reading that continues from the one before the wrongly accepted one."""
        before, last = self._before, self._last
        if before is None or last is None:
            return self._take(value, now)
        self._before = None
        self._take(value, now)
        return Verdict(value=value, event=Event.RETURNED, change=value - last, since=before.at)

    def _doubted(self, value: float, now: float) -> Verdict:
        """Hold a reading back until it is confirmed."""
        doubt = self._reason(value)
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
            return Verdict(value=self._shown)
        if self._held_since is None:
            self._held_since = now
        if (event := self._proved(doubt, now - self._held_since, now - self._first_at)) is None:
            return Verdict(value=self._shown)
        if value < 0:
            # A negative reading that lasts is no glitch, but it is not a valid reading of a rising counter either.
            self._shown = None
            return Verdict(value=None)
        last, since = self._last or 0.0, self._held_since
        # Keep the reading before the first doubtful one, if the second one lies below it.
        before = self._before if self._before is not None and value < self._before.value else Before(last, since)
        self._take(value, now)
        self._before = before
        return Verdict(value=value, event=event, change=value - last, since=since)

    def _proved(self, doubt: _Doubt, held: float, seen: float) -> Event | None:
        """Return the event with which a doubtful reading is accepted, None if it is not accepted yet."""
        lasted = self._count >= RESET_POLLS and seen >= RESET_SECONDS
        if not (lasted and self._confirmed) and held < (DENIED_SECONDS if self._denied else HOLD_SECONDS):
            return None
        if doubt is _Doubt.RISE:
            return Event.JUMPED
        return Event.RESET if self._confirmed or (doubt is _Doubt.RESET and lasted) else Event.CORRECTED

    def _reason(self, value: float) -> _Doubt:
        """Return why a reading is doubtful."""
        last = self._last or 0.0
        if value > last:
            return _Doubt.RISE
        if value > 0 and (last - value <= self._tiny(last) or _lost_decimals(last, value)):
            return _Doubt.TINY
        return _Doubt.RESET if value < RESET_BELOW * last or value <= 0 else _Doubt.DIP

    def _tiny(self, last: float) -> float:
        """Return the largest fall that is ignored: a thousandth, and at most one kilowatt-hour."""
        return min(_TINY_PART * last, self._kwh or 1.0)

    def _impossible(self, value: float, now: float) -> bool:
        """Return whether a rise exceeds one megawatt, over the time since the reading last changed or was last seen."""
        if value == self._last:
            return False
        # If the last reading was seen unchanged shortly before, the rise happened since then.
        seconds = min(max(now - self._changed_at, 1.0), max(now - self._seen_at, RESET_SECONDS))
        return value - (self._last or 0.0) > self._most(seconds)

    def _most(self, seconds: float) -> float:
        """Return by how much a counter may rise in some seconds; unlimited if it does not count energy."""
        return math.inf if self._kwh is None else self._kwh * _KILOWATT_HOURS_PER_SECOND * seconds

    def _take(self, value: float, now: float) -> Verdict:
        """Accept a reading."""
        if value != self._last:
            self._last, self._changed_at = value, now
        self._shown, self._seen_at = value, now
        self._held_since = self._doubt = None
        self._confirmed = self._denied = False
        return Verdict(value)


def _lost_decimals(last: float, value: float) -> bool:
    """Return whether a reading is the last one with fewer decimals."""
    return any(
        value in {math.floor(last * 10**decimals) / 10**decimals, round(last, decimals)}
        for decimals in range(_MOST_DECIMALS)
    )
