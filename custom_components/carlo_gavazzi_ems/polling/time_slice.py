"""Keeps the event loop responsive while thousands of entities are added or removed."""

import asyncio
import time
from typing import Final

#: Entities that are created without a pause.
BATCH: Final = 50
_LONGEST: Final = 0.02


class TimeSlice:
    """Yields to other tasks when a long piece of work has occupied the event loop for 20 ms."""

    def __init__(self) -> None:
        """Start the measurement."""
        self._since = time.perf_counter()

    async def take(self) -> None:
        """Yield to other tasks after 20 ms; must be called repeatedly during the work."""
        if time.perf_counter() - self._since > _LONGEST:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
