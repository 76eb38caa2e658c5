"""Which loads have fallen silent: the gateway goes on answering, and repeats their last values with their old time.

Each load has its own rhythm, from a second to a day, and its own clock, which may be wrong. So its times are held only
against those of its earlier answers, and how long they stand still is measured by Home Assistant's monotonic clock.
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
"""Seconds that the times of a load may stand still, however short interval and rhythm are."""
UNKNOWN_RHYTHM: Final = 2.5 * 3600
"""Seconds that they may stand still before the rhythm is known: a gas meter is read once an hour, not always in time."""
_INTERVALS: Final = 5
_RHYTHMS: Final = 3
_STEPS: Final = 5

type Times = Mapping[int, float | None]


@dataclass(slots=True)
class _Rhythm:
    """How often the times of one load move."""

    since: float
    """When they moved last, or were seen first, in seconds of the monotonic clock."""
    moved: bool = False
    """Whether they have moved since they were seen first."""
    steps: deque[float] = field(default_factory=lambda: deque(maxlen=_STEPS))
    """The last times between two moves, in seconds."""
    limit: float = UNKNOWN_RHYTHM
    """Seconds after which the load is stale, whatever the interval is."""

    def move(self, by: float, now: float) -> None:
        """Note that the times moved by some seconds of the load's own clock."""
        # When the move before the first one was, only the load's own clock tells.
        self.steps.append(now - self.since if self.moved else max(now - self.since, by))
        self.since, self.moved = now, True
        self.limit = _RHYTHMS * median_low(self.steps)


class Staleness:
    """Follows the times of all loads of a gateway from answer to answer."""

    def __init__(self) -> None:
        """Start with all loads fresh."""
        #: Loads whose values are old, by UID.
        self.stale: frozenset[int] = frozenset()
        #: Loads that have a value with a time in the latest answer.
        self.dated: frozenset[int] = frozenset()
        self._rhythms: dict[int, _Rhythm] = {}
        self._times: Times = {}
        self._signals: Mapping[int, Signal] = {}
        #: These signals by load.
        self._members: dict[int, list[int]] = {}

    def is_stale(self, load: int) -> bool | None:
        """Return whether the values of a load are old, None if it has none with a time."""
        return load in self.stale if load in self.dated else None

    def update(self, times: Times, signals: Mapping[int, Signal], interval: float, now: float) -> None:
        """Take in the times of an answer, by signal; polled every `interval` seconds, `now` on the monotonic clock."""
        listed_anew = signals is not self._signals
        if listed_anew:
            self._signals, self._members = signals, _by_load(signals)
            self._rhythms = {load: known for load, known in self._rhythms.items() if load in self._members}
        if listed_anew or times is not self._times:
            self._compare(times, now)
        shortest = max(_INTERVALS * interval, MIN_AGE)
        self.stale = frozenset(
            load for load in self.dated if now - (rhythm := self._rhythms[load]).since > max(shortest, rhythm.limit)
        )

    def _compare(self, times: Times, now: float) -> None:
        """Find out which loads have a time, and which of these have moved."""
        before, self._times = self._times, times
        moves = {load: _moves(times, before, uids) for load, uids in self._members.items()}
        self.dated = frozenset(load for load, found in moves.items() if found is not None)
        for load in self.dated:
            if (rhythm := self._rhythms.get(load)) is None:
                self._rhythms[load] = _Rhythm(now)
            elif found := moves[load]:
                rhythm.move(max(found), now)


def _moves(times: Times, before: Times, uids: list[int]) -> list[float] | None:
    """Return by how many seconds the times of some signals have moved, if they have; None if no signal has a time."""
    dated = [(uid, time) for uid in uids if (time := times.get(uid)) is not None]
    if not dated:
        return None
    return [time - last for uid, time in dated if (last := before.get(uid)) is not None and time != last]


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
    """Return what is known of the loads of an entry; it outlives a reload, but not a restart."""
    return hass.data.setdefault(_STALENESS, {}).setdefault(entry_id, Staleness())


@callback
def async_forget_staleness(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the loads of an entry that was removed."""
    hass.data.get(_STALENESS, {}).pop(entry_id, None)
