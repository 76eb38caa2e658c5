"""Which loads have fallen silent, seen by the age of their values in one answer of the gateway.

The gateway goes on answering when one of its meters is out of reach: it repeats the last values, with their old time.
Only times of the same answer are compared; how wrong the gateway's clock is plays no part.
"""

from collections.abc import Mapping
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Signal

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
        #: Loads that have a value with a time.
        self.dated: frozenset[int] = frozenset()
        #: The newest time of each of these, in the latest answer.
        self._newest: dict[int, float] = {}
        self._signals: Mapping[int, Signal] = {}
        #: These signals by load.
        self._members: dict[int, list[int]] = {}

    def is_stale(self, load: int) -> bool | None:
        """Return whether the values of a load are old, None where it has none with a time."""
        return load in self.stale if load in self.dated else None

    def update(self, times: Mapping[int, float | None], signals: Mapping[int, Signal], limit: float) -> None:
        """Take in the times of an answer, by signal."""
        if signals is not self._signals:
            self._signals = signals
            self._members = _by_load(signals)
        newest: dict[int, float] = {}
        for load, uids in self._members.items():
            if found := [time for uid in uids if (time := times.get(uid)) is not None]:
                newest[load] = max(found)
        # A load that fell silent while the gateway's clock was ahead does not make the others look old.
        moved = [time for load, time in newest.items() if time != self._newest.get(load)]
        self._newest, self.dated = newest, frozenset(newest)
        if moved:
            reference = max(moved)
            self.stale = frozenset(load for load, time in newest.items() if reference - time > limit)


def _by_load(signals: Mapping[int, Signal]) -> dict[int, list[int]]:
    """Return the UIDs of the signals of each load."""
    members: dict[int, list[int]] = {}
    for uid, signal in signals.items():
        if signal.load_uid is not None:
            members.setdefault(signal.load_uid, []).append(uid)
    return members
