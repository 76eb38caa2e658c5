"""Time that does not pass by itself: when nothing is left to do, the clock jumps to whatever comes next.

The event loop runs as ever, with real sockets and threads; only its waiting is skipped. So every timer of Home
Assistant, of the integration and of the gateway fires in its order and at its time, and a day takes minutes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
import queue
import selectors
import time
from types import SimpleNamespace
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import core as recorder_core

real_monotonic: Final = time.monotonic
#: Real seconds that answers on loopback get before nothing is considered to be on its way.
_GRACE: Final = 0.001
#: Real seconds after which a thread that does not end is a bug of this program, not something to wait for.
_STUCK: Final = 60.0


class WatchedQueue:
    """The recorder's queue, and how much of it is not done yet."""

    instances: list[WatchedQueue] = []  # noqa: RUF012  # one a recorder, the last one in use

    def __init__(self) -> None:
        """Begin empty."""
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._put = self._done = 0
        self._taken = False
        self.instances.append(self)

    @property
    def busy(self) -> bool:
        """Whether the thread that reads it has something to do."""
        return self._put != self._done

    def put(self, item: Any) -> None:
        """Put something in."""
        self._put += 1
        self._queue.put(item)

    put_nowait = put

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Take something out; what was taken before is done."""
        self._finish()
        item = self._queue.get(*args, **kwargs)
        self._taken = True
        return item

    def get_nowait(self) -> Any:
        """Take something out if there is something."""
        self._finish()
        item = self._queue.get_nowait()
        self._taken = True
        return item

    def _finish(self) -> None:
        if self._taken:
            self._done += 1
            self._taken = False

    def qsize(self) -> int:
        """Return how much is in it."""
        return self._queue.qsize()

    def empty(self) -> bool:
        """Return whether nothing is in it."""
        return self._queue.empty()


def watch_the_recorder() -> None:
    """Have the recorder use a queue that tells whether it is done."""
    recorder_core.queue = SimpleNamespace(SimpleQueue=WatchedQueue, Empty=queue.Empty)  # type: ignore[assignment]


class HurriedSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
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
        self._clock.tick(timeout)
        return []


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop on a hurried selector."""

    def __init__(self, clock: FrozenDateTimeFactory) -> None:
        """Run by this clock."""
        self._selector_in_a_hurry = HurriedSelector(clock)
        super().__init__(self._selector_in_a_hurry)
        self._jobs = 0
        self._selector_in_a_hurry.busy = self._busy

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
