"""Finds stale loads: their meter does not answer, and the gateway repeats their last values with the old timestamps.

Each load has its own update interval, from a second to a day, and its own clock, which may be wrong. So its timestamps
are compared only with its own earlier ones, and the time since they changed is measured by a monotonic clock.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median_low
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN

MIN_AGE: Final = 120.0
"""Seconds for which timestamps of a load may stay the same in any case, however short its update interval is."""
UNKNOWN_RHYTHM: Final = 2.5 * 3600
"""The same before the update interval is known: a gas meter is read once an hour, and not always in time."""
_INTERVALS: Final = 5
_RHYTHMS: Final = 3
_STEPS: Final = 5

type Times = Mapping[int, float | None]


@dataclass(slots=True)
class _Rhythm:
    """How often the timestamps of one load change."""

    since: float
    """When they last changed, or were first seen, in seconds of the monotonic clock."""
    moved: bool = False
    """Whether they have changed since they were first seen."""
    steps: deque[float] = field(default_factory=lambda: deque(maxlen=_STEPS))
    """The last intervals between two changes, in seconds."""

    def move(self, by: float, now: float) -> None:
        """Record a change of the timestamps by `by` seconds, at `now` on the monotonic clock."""
        # The change before the first seen one is known from the load's own clock only.
        self.steps.append(now - self.since if self.moved else max(now - self.since, by))
        self.since, self.moved = now, True

    def is_stale(self, now: float, shortest: float) -> bool:
        """Return whether the timestamps have not changed for too long, which is more than `shortest` seconds."""
        silence = now - self.since
        return silence > shortest and silence > (_RHYTHMS * median_low(self.steps) if self.steps else UNKNOWN_RHYTHM)


class Staleness:
    """Tracks the timestamps of all loads of a gateway."""

    def __init__(self) -> None:
        """Start without stale loads."""
        #: UIDs of the loads whose values are stale.
        self.stale: frozenset[int] = frozenset()
        #: UIDs of the loads that have a timestamp in the latest answer.
        self.dated: frozenset[int] = frozenset()
        self._rhythms: dict[int, _Rhythm] = {}
        self._times: Times = {}
        self._signals: Mapping[int, Signal] = {}
        #: The UIDs of these signals, by load.
        self._members: dict[int, list[int]] = {}

    def is_stale(self, load: int) -> bool | None:
        """Return whether the values of a load are stale, None if it has no timestamp."""
        return load in self.stale if load in self.dated else None

    def update(self, times: Times, signals: Mapping[int, Signal], interval: float, now: float) -> None:
        """Process the timestamps of an answer, by signal; `interval` is that of polling, `now` is monotonic, in seconds."""
        listed_anew = signals is not self._signals
        if listed_anew:
            self._signals, self._members = signals, _by_load(signals)
            self._rhythms = {load: known for load, known in self._rhythms.items() if load in self._members}
        if listed_anew or times is not self._times:
            self._compare(times, now)
        shortest = max(_INTERVALS * interval, MIN_AGE)
        self.stale = frozenset(load for load in self.dated if self._rhythms[load].is_stale(now, shortest))

    def _compare(self, times: Times, now: float) -> None:
        """Determine which loads have a timestamp, and for which it has changed."""
        before, self._times = self._times, times
        moves = {load: _move(times, before, uids) for load, uids in self._members.items()}
        self.dated = frozenset(load for load, by in moves.items() if by is not None)
        for load in self.dated:
            if (rhythm := self._rhythms.get(load)) is None:
                self._rhythms[load] = _Rhythm(now)
            elif by := moves[load]:
                rhythm.move(by, now)


def _move(times: Times, before: Times, uids: list[int]) -> float | None:
    """Return by how many seconds a timestamp of these signals has changed, 0 if none has; None if there is none."""
    dated = False
    for uid in uids:
        if (time := times.get(uid)) is not None:
            dated = True
            if (last := before.get(uid)) is not None and time != last:
                return time - last
    return 0.0 if dated else None


def _by_load(signals: Mapping[int, Signal]) -> dict[int, list[int]]:
    """Return the UIDs of the signals of each load."""
    members: dict[int, list[int]] = {}
    for uid, signal in signals.items():
        if signal.load_uid is not None:
            members.setdefault(signal.load_uid, []).append(uid)
    return members


_STALENESS: HassKey[dict[str, Staleness]] = HassKey(f"{DOMAIN}_staleness")


@callback
def async_staleness(hass: HomeAssistant, entry_id: str) -> Staleness:
    """Return the tracker of an entry; it is kept over a reload, but not over a restart."""
    return hass.data.setdefault(_STALENESS, {}).setdefault(entry_id, Staleness())


@callback
def async_forget_staleness(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the tracker of an entry that was removed."""
    hass.data.get(_STALENESS, {}).pop(entry_id, None)
