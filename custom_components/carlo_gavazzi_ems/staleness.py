"""Which loads have fallen silent, seen by the age of their values in one answer of the gateway.

The gateway goes on answering when one of its meters is out of reach: it repeats the last values, with their old time.
Only times of the same answer are compared; how wrong the gateway's clock is plays no part.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from .api import Sample, Signal

MIN_AGE: Final = 120.0
"""Seconds that the values of a load may be older than the newest of all, whatever the interval."""
_INTERVALS: Final = 5


def age_limit(interval: float) -> float:
    """Return from which age in seconds a load is stale, polled every `interval` seconds."""
    return max(_INTERVALS * interval, MIN_AGE)


class Staleness:
    """Follows the times of all loads from answer to answer."""

    def __init__(self) -> None:
        """Begin with all loads fresh."""
        #: Loads whose values are old, by UID.
        self.stale: frozenset[int] = frozenset()
        #: The newest time of all loads that moved in the last answer, in seconds since 1970 by the gateway's clock.
        self.newest: float | None = None
        self._stamps: dict[int, float] = {}
        self._signals: Mapping[int, Signal] = {}
        #: The signals of each load.
        self._members: dict[int, list[int]] = {}

    def is_stale(self, load: int) -> bool | None:
        """Return whether the values of a load are old, None where it has none with a time."""
        return load in self.stale if load in self._stamps else None

    def update(self, samples: Mapping[int, Sample], signals: Mapping[int, Signal], limit: float) -> frozenset[int]:
        """Take in an answer; return the loads that have become stale, or fresh again."""
        if signals is not self._signals:
            self._signals = signals
            self._members = _by_load(signals)
        stamps = _newest_by_load(samples, self._members)
        # A load that fell silent while the gateway's clock was ahead does not make the others look old.
        moved = [stamp for load, stamp in stamps.items() if stamp != self._stamps.get(load)]
        self._stamps = stamps
        if not moved:
            return frozenset()
        self.newest = max(moved)
        before = self.stale
        self.stale = frozenset(load for load, stamp in stamps.items() if self.newest - stamp > limit)
        return before ^ self.stale


def _by_load(signals: Mapping[int, Signal]) -> dict[int, list[int]]:
    """Return the signals of each load."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for uid, signal in signals.items():
        if signal.load_uid is not None:
            members[signal.load_uid].append(uid)
    return members


def _newest_by_load(samples: Mapping[int, Sample], members: Mapping[int, list[int]]) -> dict[int, float]:
    """Return the newest time among the values of each load, given the signals of each load."""
    stamps: dict[int, float] = {}
    for load, uids in members.items():
        if times := [time for uid in uids if uid in samples and (time := samples[uid].timestamp) is not None]:
            stamps[load] = max(times)
    return stamps
