"""The work behind a progress bar of a dialog."""

import asyncio
from collections.abc import Coroutine
import time
from typing import Any, Final

#: The least seconds that a progress bar stays. The frontend listens for its end only once it has drawn it: if it ends
#: before, the frontend waits forever.
MIN_SHOWN: Final = 2.0


async def async_behind_bar(work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and do not end before the frontend listens."""
    end = time.monotonic() + MIN_SHOWN
    await work
    if (left := end - time.monotonic()) > 0:
        await asyncio.sleep(left)
