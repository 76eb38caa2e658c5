"""The memory that a day of polling leaves in use, which should be none."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
import time
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE

from custom_components.carlo_gavazzi_ems import coordinator, sensor
from custom_components.carlo_gavazzi_ems.recording import counter
from testbed.site_codes import codes_of

from .answers import STEP, load_test
from .gateway import gateways
from .house import home, set_up
from .measure import Held, held, traced

HOUR = 3600 // STEP
DAY = 24 * HOUR
DAYS: Final = 3
OWN: Final = Path(coordinator.__file__).parent
#: Polls between two readings of the lists.
_LISTED: Final = 60


class _Clock:
    """A clock that moves only from poll to poll."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._started = time.time()

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._started + self.passed


@contextmanager
def _clock() -> Iterator[_Clock]:
    """Replace the clock of throttle and guard."""
    clock = _Clock()
    fake = SimpleNamespace(monotonic=clock.now, time=clock.now)
    with (
        patch.object(coordinator, "time", fake),
        patch.object(sensor, "time", fake),
        patch.object(counter, "time", fake),
    ):
        yield clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The bytes of memory that each day of polling adds."""

    signals: int
    polls: int
    """Of one day."""
    own: Sequence[int]
    """Allocated by the integration's own files."""
    python: Sequence[int]
    """Allocated by the whole process: Home Assistant, its libraries, the benchmark itself."""
    resident: Sequence[int]
    before: int
    """Allocated by the integration's own files before the first of these days."""


async def measure_day(signals: int, polls: int = DAY) -> Day:
    """Poll an hour to warm up, then for three days, and count after each of them what it has added to memory.

    The polls use HTTPS. Tracing starts before Home Assistant: an object that replaces an untraced one would
    count as new.
    """
    site = load_test(signals)
    with gateways(signals) as served, _clock() as clock, traced():
        served.simulate()
        async with home() as hass:
            realtime = await set_up(hass, served.addresses[0], codes_of(site), throttle=1)

            async def poll(times: int) -> Held:
                for number in range(times):
                    clock.passed += STEP
                    await realtime.async_refresh()
                    if number % _LISTED == 0:
                        await realtime.topology.async_refresh()
                    # The event loop drops cancelled timers only when it runs.
                    await asyncio.sleep(0)
                if not (realtime.last_update_success and realtime.topology.last_update_success):
                    raise RuntimeError("a refresh failed")
                return held(OWN)

            await poll(min(HOUR, polls))
            # The tests' replacement for the disk is in memory: have Home Assistant write to it before the measurement.
            hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
            await hass.async_block_till_done()
            ends = [held(OWN), *[await poll(polls) for _ in range(DAYS)]]
    days = [after.since(before) for before, after in pairwise(ends)]
    return Day(
        signals=signals,
        polls=polls,
        own=[day.own for day in days],
        python=[day.python for day in days],
        resident=[day.resident for day in days],
        before=ends[0].own,
    )
