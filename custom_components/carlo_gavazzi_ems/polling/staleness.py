"""Which loads have fallen silent, seen by the age of their values in one answer of the gateway.

The gateway goes on answering when one of its meters is out of reach: it repeats the last values, with their old time.
Only times of the same answer are compared; how wrong the gateway's clock is plays no part.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Sample, Samples, Signal, Times, uids_of

MIN_AGE: Final = 120.0
"""Seconds that the values of a load may be older than the newest of all, whatever the interval."""
_INTERVALS: Final = 5


def age_limit(interval: float) -> float:
    """Return from which age in seconds a load is stale, polled every `interval` seconds."""
    return max(_INTERVALS * interval, MIN_AGE)


class _Answer:
    """The times in one answer of the gateway, as columns: of which load each is, and what it says."""

    def __init__(self, loads: Sequence[int | None], times: Times) -> None:
        """Take the columns over."""
        self.loads = loads
        self._times = times
        self._distinct = [time for time in times.distinct if time is not None]
        #: Whether each value has a time.
        self.complete = len(self._distinct) == len(times.distinct)

    @property
    def span(self) -> float:
        """How many seconds the times are apart."""
        return max(self._distinct, default=0.0) - min(self._distinct, default=0.0)

    @cached_property
    def stamps(self) -> Mapping[int, float]:
        """The newest time of each load that has one."""
        stamps: dict[int, float] = {}
        for load, time in set(zip(self.loads, self._times.column, strict=True)):
            if load is not None and time is not None and time > stamps.get(load, float("-inf")):
                stamps[load] = time
        return stamps


class Staleness:
    """Follows the times of all loads from answer to answer."""

    def __init__(self) -> None:
        """Begin with all loads fresh."""
        #: Loads whose values are old, by UID.
        self.stale: frozenset[int] = frozenset()
        #: Loads that have a value with a time; the same object for as long as they are the same.
        self.dated: frozenset[int] = frozenset()
        self._latest = _Answer((), Times())
        self._uids: list[int] = []
        self._signals: Mapping[int, Signal] = {}

    def is_stale(self, load: int) -> bool | None:
        """Return whether the values of a load are old, None where it has none with a time."""
        return load in self.stale if load in self.dated else None

    def update(self, samples: Mapping[int, Sample], signals: Mapping[int, Signal], limit: float) -> frozenset[int]:
        """Take in an answer; return the loads that have become stale, or fresh again."""
        before = self._latest
        self._latest = latest = _Answer(self._loads(samples, signals), _times_of(samples))
        # Nearly always all is new enough, and nothing has to be found out load by load.
        ordinary = latest.complete and before.complete and latest.loads is before.loads
        if ordinary and not self.stale and latest.span <= limit:
            return frozenset()
        if self.dated != latest.stamps.keys():
            self.dated = frozenset(latest.stamps)
        # A load that fell silent while the gateway's clock was ahead does not make the others look old.
        moved = [stamp for load, stamp in latest.stamps.items() if stamp != before.stamps.get(load)]
        if not moved:
            return frozenset()
        newest = max(moved)
        stale = frozenset(load for load, stamp in latest.stamps.items() if newest - stamp > limit)
        turned, self.stale = stale ^ self.stale, stale
        return turned

    def _loads(self, samples: Mapping[int, Sample], signals: Mapping[int, Signal]) -> Sequence[int | None]:
        """Return the load of each sample; the same object for as long as they are the same."""
        uids = uids_of(samples)
        if signals is self._signals and (uids is self._uids or uids == self._uids):
            return self._latest.loads
        self._signals, self._uids = signals, uids
        return [signals[uid].load_uid if uid in signals else None for uid in uids]


def _times_of(samples: Mapping[int, Sample]) -> Times:
    """Return the times of an answer."""
    if isinstance(samples, Samples) and samples.times is not None:
        return samples.times
    return Times.of(sample.timestamp for sample in samples.values())
