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
        # What is put off to the next turns of the loop counts too; a turn without anything to do does not.
        ready: Sized = getattr(asyncio.get_running_loop(), "_ready")  # noqa: B009 (nobody else knows)
        while ready:  # noqa: ASYNC110 (it is the loop itself that is waited for)
            await asyncio.sleep(0)
    ended: float = time.process_time()
    return ended - started


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the collector of cyclic garbage off, as `timeit` does: in whose time it runs is chance."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Series:
    """What one contestant took in every counted round."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """Return the median in seconds."""
        return median(self.seconds)

    def ratio(self, *others: Series) -> float:
        """Return the median of the ratios to others together, round by round: what slows a round slows all in it."""
        rivals: list[float] = [sum(parts) for parts in zip(*(other.seconds for other in others), strict=True)]
        return median(own / other for own, other in zip(self.seconds, rivals, strict=True))


@dataclass(slots=True)
class Block:
    """The longest time for which nothing else could run."""

    longest: float = 0.0
    """Seconds of CPU of the loop's thread between two turns of the event loop."""


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
            # A callback that goes on after the end has other things to do, and is not counted.
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
    """Bytes of memory in use, of a process in which tracing has been on from the start."""

    own: int
    """What was allocated by code in one folder."""
    python: int
    """All that Python has allocated."""
    resident: int
    """What the system counts, with libraries in C; it is given back in large pieces only."""

    def since(self, before: Held) -> Held:
        """Return what has come to it."""
        return Held(self.own - before.own, self.python - before.python, self.resident - before.resident)


def held(folder: Path) -> Held:
    """Return what is in use now, after a collection; of its own is what code in this folder has allocated."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    own = python = 0
    for trace in tracemalloc.take_snapshot().traces:
        python += trace.size
        if Path(trace.traceback[0].filename).is_relative_to(folder):
            own += trace.size
    return Held(own, python, resident)
