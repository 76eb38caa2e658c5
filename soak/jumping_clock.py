"""A clock that jumps: when the event loop is idle, time moves to the next timer.

The event loop runs as usual, with real sockets and threads; only its waiting is skipped. Every timer of Home Assistant,
the integration and the gateway fires in order and at its time, and a day takes minutes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta
import math
import queue
import selectors
import time
from types import SimpleNamespace
from typing import Any, ClassVar, Final, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import recorder
from homeassistant.components.recorder import core as recorder_core
from homeassistant.components.recorder.core import Recorder

#: Real seconds to wait for data on loopback before the loop counts as idle.
_GRACE: Final = 0.001
#: Real seconds after which a busy thread is reported as an error.
_STUCK: Final = 60.0


def real_monotonic() -> float:
    """Return real seconds; everything else here reads the jumping clock."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class WatchedQueue:
    """The recorder's queue, which knows whether its reader is busy."""

    instances: ClassVar[list[WatchedQueue]] = []

    def __init__(self) -> None:
        """Start empty."""
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: Whether a thread reads it.
        self.read = False
        #: Whether that thread waits for Home Assistant to start or stop.
        self.postponed = False
        self._waiting = False
        self.put = self.put_nowait = self._queue.put
        self.qsize = self._queue.qsize
        self.empty = self._queue.empty
        self.instances.append(self)

    @property
    def busy(self) -> bool:
        """Whether an item waits, or the last one is still being processed."""
        return self.read and not self.postponed and not (self._waiting and self.empty())

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next item; the one before has been processed."""
        self._waiting = True
        try:
            return self._queue.get(*args, **kwargs)
        finally:
            self._waiting = False

    def get_nowait(self) -> Any:
        """Return the next item if there is one."""
        return self.get(block=False)


class WatchedRecorder(Recorder):
    """The recorder with a watched queue."""

    _queue: WatchedQueue  # type: ignore[assignment]

    @override
    def run(self) -> None:
        self._queue.read = True
        try:
            super().run()
        finally:
            self._queue.read = False

    @override
    def _wait_startup_or_shutdown(self) -> object | None:
        self._queue.postponed = True
        try:
            return super()._wait_startup_or_shutdown()
        finally:
            self._queue.postponed = False


def watch_the_recorder() -> None:
    """Have Home Assistant use the watched recorder."""
    # In the modules themselves: neither exports these names.
    vars(recorder_core)["queue"] = SimpleNamespace(SimpleQueue=WatchedQueue, Empty=queue.Empty)
    vars(recorder)["Recorder"] = WatchedRecorder


class JumpingSelector(selectors.DefaultSelector):
    """A selector that jumps over timeouts: it only waits for sockets and threads."""

    def __init__(self, clock: FrozenDateTimeFactory) -> None:
        """Take the clock to move instead of waiting."""
        super().__init__()
        self._clock = clock
        #: Whether threads work for this loop.
        self.busy: Callable[[], bool] = lambda: False

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; if nothing is and no thread is busy, move the clock to the next timer."""
        if timeout is not None and timeout <= 0:
            return super().select(0)
        since = real_monotonic()
        while True:
            if ready := super().select(_GRACE):
                return ready
            if not self.busy():
                break
            if real_monotonic() - since > _STUCK:
                raise RuntimeError("a thread does not end")
        if ready := super().select(0):
            return ready
        if timeout is None:
            return super().select(None)
        self.jump(timeout)
        return []

    def jump(self, seconds: float) -> None:
        """Move the clock on to the next timer."""
        # The clock counts whole microseconds: rounded down, it would never reach the timer.
        self._clock.tick(timedelta(microseconds=math.ceil(seconds * 1e6) + 1))


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when it is idle."""

    def __init__(self, clock: FrozenDateTimeFactory, selector: JumpingSelector | None = None) -> None:
        """Take the clock to run by; another selector may skip more."""
        self._jumping_selector = selector or JumpingSelector(clock)
        super().__init__(self._jumping_selector)
        # Seconds since 1970 have no room for nanoseconds: with the default resolution no timer would be due.
        self._clock_resolution = 1e-6
        self._jobs = 0
        self._jumping_selector.busy = self._busy

    def _busy(self) -> bool:
        return self._jobs > 0 or any(watched.busy for watched in WatchedQueue.instances)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; the clock stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1
