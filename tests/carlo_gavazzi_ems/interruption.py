"""Interrupts a coroutine where it waits: at its first suspension, at its second, and so on until it gets through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Final

#: Suspensions after which something waits for ever.
_MOST: Final = 400


@coroutine
def _counted[T](work: Coroutine[Any, Any, T], suspended: Callable[[], None]) -> Generator[Any, Any, T]:
    """Run a coroutine step by step, and tell of each suspension before the event loop goes on."""
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


async def every_suspension(
    start: Callable[[], Coroutine[Any, Any, object]], interrupt: Callable[[asyncio.Task[Any]], None]
) -> AsyncIterator[int]:
    """Start work over and over, and interrupt it at its n-th suspension for n = 1, 2, …; yield n after each.

    The last one yielded is the number of suspensions of the work that got through. What the work raises when it is
    interrupted belongs to the interruption.
    """
    for number in range(1, _MOST):
        count = 0
        interrupted = False

        def suspended(number: int = number) -> None:
            nonlocal count, interrupted
            count += 1
            if count == number:
                interrupted = True
                interrupt(task)

        async def run() -> object:
            return await _counted(start(), suspended)

        task = asyncio.get_running_loop().create_task(run(), name=f"interrupted at {number}")
        results = await asyncio.gather(task, return_exceptions=True)
        if not interrupted and isinstance(results[0], Exception):
            raise results[0]
        yield number
        if not interrupted:
            return
    raise AssertionError("the work never got through")


def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel the work, as a stop of Home Assistant does."""
    task.cancel()


def meanwhile(action: Callable[[], Awaitable[object]]) -> Callable[[asyncio.Task[Any]], None]:
    """Return an interruption that does something else while the work waits, such as a reload."""

    def interrupt(_: asyncio.Task[Any]) -> None:
        asyncio.ensure_future(action())  # noqa: RUF006  # the test waits for all tasks of Home Assistant

    return interrupt
