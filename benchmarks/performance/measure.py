"""How CPU, blocked time and memory are measured."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
import gc
from pathlib import Path
import resource
from statistics import median
import time
import tracemalloc
from typing import Any
from unittest.mock import patch

type Job = Callable[[], Awaitable[object] | None]

WARM_UP = 3
"""Rounds that are not counted: caches fill, addresses are looked up, Python specialises its bytecode."""


async def cpu_of(job: Job) -> float:
    """Return the seconds of CPU that one run takes, of all threads of this process."""
    started: float = time.process_time()
    if (waiting := job()) is not None:
        await waiting
        # Callbacks for the next iterations of the loop count too, empty iterations do not.
        ready: Sized = getattr(asyncio.get_running_loop(), "_ready")  # noqa: B009 (there is no public name)
        while ready:  # noqa: ASYNC110 (it is the loop itself that is waited for)
            await asyncio.sleep(0)
    ended: float = time.process_time()
    return ended - started


@contextmanager
def uncollected() -> Iterator[None]:
    """Disable the garbage collector, as `timeit` does: it would run at random times."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Series:
    """The CPU time of one implementation in every counted round."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """Return the median in seconds."""
        return median(self.seconds)

    def ratio(self, *others: Series) -> float:
        """Return the median of the ratios to the sum of others by round: a slow round is slow for all of them."""
        sums: list[float] = [sum(parts) for parts in zip(*(other.seconds for other in others), strict=True)]
        return median(own / other for own, other in zip(self.seconds, sums, strict=True))


@dataclass(slots=True)
class Block:
    """The longest time for which nothing else could run."""

    longest: float = 0.0
    """Seconds of CPU of the loop's thread in one callback."""


@contextmanager
def longest_block() -> Iterator[Block]:
    """Watch every callback that the event loop runs."""
    block, run = Block(), asyncio.Handle._run  # noqa: SLF001 (where every callback passes)
    watching = True

    def timed(handle: asyncio.Handle) -> Any:
        started = time.thread_time()
        try:
            return run(handle)
        finally:
            # A callback that ends after the measurement also did other work.
            if watching:
                block.longest = max(block.longest, time.thread_time() - started)

    with patch.object(asyncio.Handle, "_run", timed):
        try:
            yield block
        finally:
            watching = False


@contextmanager
def traced() -> Iterator[None]:
    """Trace Python's memory."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of memory in use by a process that is traced from its start."""

    own: int
    """Allocated by code in one folder."""
    python: int
    """Allocated by Python in all."""
    resident: int
    """Counted by the system, with libraries in C; only large pieces are returned to it."""

    def since(self, before: Held) -> Held:
        """Return the growth."""
        return Held(self.own - before.own, self.python - before.python, self.resident - before.resident)


def held(folder: Path) -> Held:
    """Return what is in use now, after a garbage collection; `own` is for code in this folder."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    own = python = 0
    for trace in tracemalloc.take_snapshot().traces:
        python += trace.size
        if Path(trace.traceback[0].filename).is_relative_to(folder):
            own += trace.size
    return Held(own, python, resident)
