"""The listeners of each signal, and the value that each was last called for, so that only changes cause a call."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from .throttle import Throttle

type Update = Callable[[], None]
type Values = Mapping[int, float | None]

#: Stands for the value of a signal that is unavailable.
UNAVAILABLE: Final = object()


class SignalListeners:
    """The listeners of each signal: its sensor and, for the power of a load, the sensor of its production."""

    def __init__(self, throttle: Throttle) -> None:
        """Limit the updates of changed numbers with a throttle."""
        self._throttle = throttle
        self._updates: dict[int, tuple[Update, ...]] = {}
        #: What the listeners were last called for: the value, None for no number, or UNAVAILABLE.
        self._shown: dict[int, object] = {}
        #: Cached result of `uids`; None after a change.
        self._uids: frozenset[int] | None = None
        #: The values of the last call of `due`, and the time until which none of them can become due.
        self._values: Values | None = None
        self._quiet_until = 0.0

    @property
    def uids(self) -> frozenset[int]:
        """The signals that have a listener."""
        if self._uids is None:
            self._uids = frozenset(self._updates)
        return self._uids

    def add(self, uid: int, update: Update, values: Values) -> None:
        """Add a listener of a signal, which shows the present value already."""
        self._updates[uid] = (*self._updates.get(uid, ()), update)
        # Another listener may still show an older value.
        self._shown.setdefault(uid, values.get(uid, UNAVAILABLE))
        self._uids = None
        if values.get(uid) is None:
            self._throttle.release(uid)

    def remove(self, uid: int, update: Update) -> None:
        """Remove a listener of a signal."""
        self._updates[uid] = tuple(other for other in self._updates[uid] if other != update)
        if not self._updates[uid]:
            del self._updates[uid], self._shown[uid]
        self._uids = None

    def due(self, values: Values, now: float, *, is_last: bool = False) -> list[int]:
        """Return the signals to update at time `now` in seconds: those whose value differs from the shown one.

        The throttle may delay a new number that replaces a number; a number that appears or disappears is shown at
        once. `is_last`: a five-minute period ends before the next call. The caller must not change `values` later.
        """
        known, self._values = self._values, values
        if not is_last and now < self._quiet_until and (values is known or values == known):
            return []
        next_turn, punctual = self._throttle.next_turn, self._throttle.punctual if is_last else ()
        due = [
            uid
            for uid, shown in self._shown.items()
            if (value := values.get(uid, UNAVAILABLE)) != shown
            and (now >= next_turn.get(uid, now) or uid in punctual or value is None or value is UNAVAILABLE)
        ]
        for uid in due:
            if values.get(uid) is None:
                # When its number comes back, it is shown at once.
                self._throttle.release(uid)
            else:
                self._throttle.take(uid, now)
        self._quiet_until = self._throttle.quiet_until(now)
        return due

    def updates(self, uids: Iterable[int], values: Values) -> Iterator[Update]:
        """Yield the callbacks of these signals, and record these values as shown."""
        for uid in uids:
            # Its listeners may have been removed since it was due.
            if updates := self._updates.get(uid):
                self._shown[uid] = values.get(uid, UNAVAILABLE)
                yield from updates
