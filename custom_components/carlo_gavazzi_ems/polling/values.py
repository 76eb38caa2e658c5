"""The value to show for each signal, computed once for each answer."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Protocol

from custom_components.carlo_gavazzi_ems.api import Samples, Signal


class Counter(Protocol):
    """A counter that checks its readings before they are shown."""

    @property
    def shown(self) -> float | None:
        """The last accepted reading, None before the first."""

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back."""

    def read(self, value: float | None, rested: float | None) -> float | None:
        """Check a reading and return the value to show. `rested`: seconds since the previous reading, or None."""


class SignalValues:
    """The value of each available signal, None if the gateway has no number for it."""

    def __init__(self) -> None:
        """Start without values."""
        self.current: dict[int, float | None] = {}
        self._samples = Samples()
        self._signals: Mapping[int, Signal] = {}
        self._counters: dict[int, Counter] = {}
        #: The values that the counters show.
        self._good: dict[int, float | None] = {}
        #: UIDs of the counters that hold a reading back.
        self.in_doubt: set[int] = set()

    def add_counter(self, uid: int, counter: Counter) -> None:
        """Let a counter check each new reading from now on, starting with the latest."""
        self._counters[uid] = counter
        self._good[uid] = counter.shown
        if uid in self._samples.numbers:
            self._judge(uid, None)
        self.current = self._with_counters(self.current)

    def remove_counter(self, uid: int) -> None:
        """Stop the checks of a counter."""
        del self._counters[uid], self._good[uid]
        self.in_doubt.discard(uid)

    def update(self, samples: Samples, signals: Mapping[int, Signal], stale: AbstractSet[int]) -> None:
        """Process an answer, with the listed signals and the stale loads."""
        before, self._samples, self._signals = self._samples, samples, signals
        new, old, doubted = samples.numbers, before.numbers, self.in_doubt
        for uid in self._counters:
            if uid in new and (uid not in old or new[uid] != old[uid] or uid in doubted):
                self._judge(uid, before.times.get(uid))
        values = new
        if stale:
            silent = {uid for uid, signal in signals.items() if signal.load_uid in stale}
            values = {uid: value for uid, value in new.items() if uid not in silent}
        self.current = self._with_counters(values)

    def repeat(self) -> None:
        """Process the last answer again: for a counter in doubt, the same reading counts as one more."""
        if self.in_doubt:
            for uid in self.in_doubt & self._samples.keys():
                self._judge(uid, self._samples.times[uid])
            self.current = self._with_counters(self.current)

    def _judge(self, uid: int, last: float | None) -> None:
        """Let a counter check its latest reading. `last` is the timestamp of the previous one, None if not known."""
        counter, time = self._counters[uid], self._samples.times[uid]
        rested = None if last is None or time is None or time < last else time - last
        self._good[uid] = counter.read(self._samples.numbers[uid], rested)
        if counter.in_doubt:
            self.in_doubt.add(uid)
        elif self.in_doubt:
            self.in_doubt.discard(uid)

    def _with_counters(self, values: Mapping[int, float | None]) -> dict[int, float | None]:
        """Return values with those of the counters: an accepted reading is shown as long as the counter is listed."""
        shown = {**values, **self._good}
        for uid, good in self._good.items():
            if uid not in self._samples.numbers and (good is None or uid not in self._signals):
                del shown[uid]
        return shown
