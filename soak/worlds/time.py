"""The time of a world: true time, and the clock of Home Assistant's host, which may be wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import selectors
from typing import Final, cast, override

import freezegun
from freezegun.api import FrozenDateTimeFactory

from soak.jumping_clock import JumpingLoop, JumpingSelector, real_monotonic

#: Real seconds after which a thread that does not end is a bug of this program.
_STUCK: Final = 60.0
#: Real seconds between two checks of the threads.
_THREAD: Final = 0.0005


class HostClock:
    """The frozen clock that all of Home Assistant reads; it may be wrong, and be set while it runs."""

    def __init__(self, frozen: FrozenDateTimeFactory) -> None:
        """Begin with the right time."""
        self._frozen = frozen
        #: Seconds by which the host's clock is ahead of true time.
        self.ahead = 0.0

    def true(self) -> float:
        """Return true time, in seconds since 1970; it never jumps."""
        return self._frozen().replace(tzinfo=UTC).timestamp() - self.ahead

    def set(self, ahead: float) -> None:
        """Set the host's clock, so that it is some seconds ahead of true time."""
        by = ahead - self.ahead
        self._frozen.tick(timedelta(seconds=by))
        self.ahead += by

    def skip(self, seconds: float) -> None:
        """Let time pass while nothing runs on this host."""
        self._frozen.tick(timedelta(seconds=seconds))


class _Selector(JumpingSelector):
    """Waits for threads only: no socket is used but that of the loop's own signals."""

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return selectors.DefaultSelector.select(self, 0)
        since = real_monotonic()
        while self.busy():
            if ready := selectors.DefaultSelector.select(self, _THREAD):
                return ready
            if real_monotonic() - since > _STUCK:
                raise RuntimeError("a thread does not end")
        if ready := selectors.DefaultSelector.select(self, 0):
            return ready
        if timeout is not None and timeout > 0:
            self.jump(timeout)
        return []


@contextmanager
def frozen_time(begin: float) -> Iterator[tuple[HostClock, JumpingLoop]]:
    """Freeze time at an instant; give the clock, and a loop that uses it."""
    with freezegun.freeze_time(datetime.fromtimestamp(begin, UTC)) as frozen:
        factory = cast("FrozenDateTimeFactory", frozen)
        clock = HostClock(factory)
        # A monotonic clock does not jump when the host's clock is set.
        wall = vars(freezegun.api)["_get_fake_monotonic"]
        vars(freezegun.api)["_get_fake_monotonic"] = clock.true
        loop = JumpingLoop(factory, _Selector(factory))
        try:
            yield clock, loop
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            vars(freezegun.api)["_get_fake_monotonic"] = wall
