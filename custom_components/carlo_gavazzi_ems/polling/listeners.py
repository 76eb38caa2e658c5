"""Who shows which signal, and what each of them shows: a listener is called only where that has to change."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from .throttle import Throttle

type Update = Callable[[], None]
type Values = Mapping[int, float | None]

#: What is shown of a signal that has no value.
UNAVAILABLE: Final = object()


class SignalListeners:
    """One listener for each signal."""

    def __init__(self, throttle: Throttle) -> None:
        """Show changed numbers as often as the throttle allows."""
        self._throttle = throttle
        self._updates: dict[int, Update] = {}
        #: What each listener was last told to show: its value, None for no number, or UNAVAILABLE.
        self._shown: dict[int, object] = {}
        #: Their UIDs; None after they have changed.
        self._uids: frozenset[int] | None = None
        #: What was looked through last, and until when nothing more of it is due.
        self._values: Values | None = None
        self._quiet_until = 0.0

    @property
    def uids(self) -> frozenset[int]:
        """The signals that have a listener."""
        if self._uids is None:
            self._uids = frozenset(self._updates)
        return self._uids

    def add(self, uid: int, update: Update, values: Values) -> None:
        """Call back about a signal from now on; the listener shows the present value already."""
        self._updates[uid] = update
        self._shown[uid] = values.get(uid, UNAVAILABLE)
        self._uids = None
        if values.get(uid) is None:
            self._throttle.release(uid)

    def remove(self, uid: int) -> None:
        """Call back no more about a signal."""
        del self._updates[uid], self._shown[uid]
        self._uids = None

    def due(self, values: Values, now: float, *, is_last: bool = False) -> list[int]:
        """Return the signals to show now, at a time in seconds: those of which something else is shown.

        A number that takes the place of another waits for its turn; what comes or goes does not. `is_last` says that
        five minutes end before the next call. `values` is never changed in place.
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
                # What comes back is shown at once.
                self._throttle.release(uid)
            else:
                self._throttle.take(uid, now)
        self._quiet_until = self._throttle.quiet_until(now)
        return due

    def updates(self, uids: Iterable[int], values: Values) -> Iterator[Update]:
        """Yield what to call for these signals to be shown with these values."""
        for uid in uids:
            # It may have gone since it was due.
            if (update := self._updates.get(uid)) is not None:
                self._shown[uid] = values.get(uid, UNAVAILABLE)
                yield update
