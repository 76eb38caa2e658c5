"""Interrupts a coroutine at its first suspension, at its second, and so on until it completes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Final

#: With more suspensions something waits for ever.
_MOST: Final = 400

#: Interrupts the suspended task of the work; an awaitable that it returns is awaited after the work.
type Interrupt = Callable[[asyncio.Task[Any]], Awaitable[object] | None]


@coroutine
def _counted[T](work: Coroutine[Any, Any, T], suspended: Callable[[], None]) -> Generator[Any, Any, T]:
    """Run a coroutine step by step, and report each suspension before the event loop continues."""
    error: BaseException | None = None
    while True:
        try:
            waits_for = work.send(None) if error is None else work.throw(error)
        except StopIteration as done:
            result: T = done.value
            return result
        suspended()
        error = None
        try:
            yield waits_for
        except BaseException as thrown:  # noqa: BLE001  # cancellation is handed on to the coroutine
            error = thrown


class _Attempt:
    """One run of the work, with one interruption."""

    def __init__(self, number: int, interrupt: Interrupt) -> None:
        """Interrupt at the suspension of this number."""
        self.interrupted = False
        self._left = number
        self._interrupt = interrupt
        self._task: asyncio.Task[Any] | None = None
        self._beside: Awaitable[object] | None = None

    async def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Run the work; raise what it raises, unless it was interrupted."""
        self._task = asyncio.create_task(self._counting(work))
        results: list[object] = await asyncio.gather(self._task, return_exceptions=True)
        result = results[0]
        if self._beside is not None:
            await self._beside
        if isinstance(result, BaseException) and not self.interrupted:
            raise result

    async def _counting(self, work: Coroutine[Any, Any, object]) -> object:
        """Run the work in a task of its own, which can be cancelled."""
        return await _counted(work, self._suspended)

    def _suspended(self) -> None:
        """Count a suspension."""
        self._left -= 1
        if self._left == 0 and self._task is not None:
            self.interrupted = True
            self._beside = self._interrupt(self._task)


async def every_suspension(
    start: Callable[[], Coroutine[Any, Any, object]], interrupt: Interrupt, stride: int = 1
) -> AsyncIterator[int]:
    """Start work repeatedly, and interrupt it at its n-th suspension for n = 1, 2, …; yield n after each.

    The last n is larger than the number of suspensions: the work completed. What the work raises when it
    is interrupted is ignored.
    """
    for number in range(1, _MOST, stride):
        attempt = _Attempt(number, interrupt)
        await attempt.run(start())
        yield number
        if not attempt.interrupted:
            return
    raise AssertionError("the work never completed")


def cancel(task: asyncio.Task[Any]) -> Awaitable[object] | None:
    """Cancel the work, as a stop of Home Assistant does."""
    task.cancel()
    return None


def meanwhile(action: Callable[[], Coroutine[Any, Any, object]]) -> Interrupt:
    """Return an interruption that does something else while the work waits, such as a reload."""

    def interrupt(_: asyncio.Task[Any]) -> Awaitable[object] | None:
        return asyncio.create_task(action())

    return interrupt
