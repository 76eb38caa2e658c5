"""Thousands of entities come and go without holding up everything else that Home Assistant does."""

import asyncio
import time
from typing import Final

#: Entities that are made in one go.
BATCH: Final = 50
_LONGEST: Final = 0.02


class TimeSlice:
    """Gives way to others when a long piece of work has had the event loop for 20 ms."""

    def __init__(self) -> None:
        """Begin to count now."""
        self._since = time.perf_counter()

    async def take(self) -> None:
        """Give way, if it is time; to be called again and again during the work."""
        if time.perf_counter() - self._since > _LONGEST:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
