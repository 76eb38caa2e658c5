"""What stays of a day of polling in memory: nothing."""

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

from .answers import STEP, codes_of, load_test
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
    """Time that passes only from poll to poll."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._started = time.time()

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._started + self.passed


@contextmanager
def _clock() -> Iterator[_Clock]:
    """Put the clock of throttle and guard into our hands."""
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
    """What days of polling leave in memory: the bytes that each day adds, in turn."""

    signals: int
    polls: int
    """Of one day."""
    own: Sequence[int]
    """What the integration's own files have allocated."""
    python: Sequence[int]
    """What all of the process has: Home Assistant, its libraries, the benchmark itself."""
    resident: Sequence[int]
    before: int
    """What the integration's own files held before the first of these days."""


async def measure_day(signals: int, polls: int = DAY) -> Day:
    """Poll an hour to warm up, then for three days, and count after each of them what it has added to memory.

    All goes its whole way, over HTTPS. Tracing is on from before the start: an object that takes the place of one
    made earlier adds nothing, and would otherwise count as new.
    """
    site = load_test(signals)
    with gateways(signals) as served, _clock() as clock, traced():
        served.live()
        async with home() as hass:
            realtime = await set_up(hass, served.addresses[0], codes_of(site), throttle=1)

            async def poll(times: int) -> Held:
                for number in range(times):
                    clock.passed += STEP
                    await realtime.async_refresh()
                    if number % _LISTED == 0:
                        await realtime.topology.async_refresh()
                    # Without a turn in between the event loop throws no cancelled timer away.
                    await asyncio.sleep(0)
                if not (realtime.last_update_success and realtime.topology.last_update_success):
                    raise RuntimeError("a refresh failed")
                return held(OWN)

            await poll(min(HOUR, polls))
            # The stand-in for the disk keeps in memory what Home Assistant writes, so have it written before.
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
