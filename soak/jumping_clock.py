"""Time that does not pass by itself: when nothing is left to do, the clock jumps to whatever comes next.

The event loop runs as ever, with real sockets and threads; only its waiting is skipped. So every timer of Home
Assistant, of the integration and of the gateway fires in its order and at its time, and a day takes minutes.
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

#: Real seconds that answers on loopback get before nothing is considered to be on its way.
_GRACE: Final = 0.001
#: Real seconds after which a thread that does not end is a bug of this program, not something to wait for.
_STUCK: Final = 60.0


def real_monotonic() -> float:
    """Return true time in seconds; whatever else tells the time here is under the clock that jumps."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class WatchedQueue:
    """The recorder's queue, and whether the thread that reads it has something to do."""

    instances: ClassVar[list[WatchedQueue]] = []

    def __init__(self) -> None:
        """Begin empty."""
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: Whether there is a thread that reads it, or will.
        self.read = False
        #: Whether that thread waits for Home Assistant, and not the other way round.
        self.postponed = False
        self._waiting = False
        self.put = self.put_nowait = self._queue.put
        self.qsize = self._queue.qsize
        self.empty = self._queue.empty
        self.instances.append(self)

    @property
    def busy(self) -> bool:
        """Whether something waits to be read, or what was read last is still being worked on."""
        return self.read and not self.postponed and not (self._waiting and self.empty())

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Take something out; what was taken before is done."""
        self._waiting = True
        try:
            return self._queue.get(*args, **kwargs)
        finally:
            self._waiting = False

    def get_nowait(self) -> Any:
        """Take something out if there is something."""
        return self.get(block=False)


class WatchedRecorder(Recorder):
    """The recorder, with a queue that tells whether it is done."""

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
    """Have Home Assistant use it."""
    # By name: both modules import them for their own use only.
    vars(recorder_core)["queue"] = SimpleNamespace(SimpleQueue=WatchedQueue, Empty=queue.Empty)
    vars(recorder)["Recorder"] = WatchedRecorder


class JumpingSelector(selectors.DefaultSelector):
    """Waits for sockets, and for nothing else."""

    def __init__(self, clock: FrozenDateTimeFactory) -> None:
        """Move this clock on instead of waiting."""
        super().__init__()
        self._clock = clock
        #: Whether threads have work for this loop.
        self.busy: Callable[[], bool] = lambda: False

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; where nothing is, and nobody works on it, be at the next timer."""
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
        # The clock counts whole microseconds: a timer that it stops short of would be waited for without end.
        self._clock.tick(timedelta(microseconds=math.ceil(seconds * 1e6) + 1))


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop on a hurried selector."""

    def __init__(self, clock: FrozenDateTimeFactory, selector: JumpingSelector | None = None) -> None:
        """Run by this clock; another selector may skip more."""
        self._jumping_selector = selector or JumpingSelector(clock)
        super().__init__(self._jumping_selector)
        # The jumping clock counts seconds since 1970: a nanosecond would be lost on so large a number, and no timer due.
        self._clock_resolution = 1e-6
        self._jobs = 0
        self._jumping_selector.busy = self._busy

    def _busy(self) -> bool:
        return self._jobs > 0 or any(watched.busy for watched in WatchedQueue.instances)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run something in a thread, and let no time pass meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1
