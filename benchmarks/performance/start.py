"""The time and the blocked time of set-up and unload."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
import time

from testbed.site_codes import codes_of

from .answers import Answers, Change, load_test
from .gateway import gateways
from .house import home, set_up
from .measure import cpu_of, longest_block, uncollected


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Set-up, one refresh and unload of one gateway; seconds of CPU."""

    signals: int
    set_up: float
    longest_of_set_up: float
    again: float
    """Set-up with all entities in the registry already, as after a restart."""
    longest_of_again: float
    refresh: float
    longest_of_refresh: float
    unload: float
    longest_of_unload: float

    @property
    def longest(self) -> float:
        """Return the longest of all blocks."""
        return max(self.longest_of_set_up, self.longest_of_again, self.longest_of_refresh, self.longest_of_unload)


async def measure_start(signals: int) -> Start:
    """Set a gateway up, refresh it, unload it, and set it up again."""
    site = load_test(signals)
    answers = Answers(site)
    with gateways(signals) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            with uncollected(), longest_block() as first:
                started = time.process_time()
                realtime = await _turn(set_up(hass, served.addresses[0], codes_of(site)))
                took = time.process_time() - started
            served.play(answers.take(Change.ALL, 2))
            with uncollected(), longest_block() as refreshing:
                refresh = await cpu_of(lambda: _turn(realtime.async_refresh()))
            entry_id = realtime.config_entry.entry_id
            with uncollected(), longest_block() as unloading:
                unload = await cpu_of(lambda: _turn(hass.config_entries.async_unload(entry_id)))
            with uncollected(), longest_block() as second:
                again = await cpu_of(lambda: _turn(hass.config_entries.async_setup(entry_id)))
    return Start(
        signals=signals,
        set_up=took,
        longest_of_set_up=first.longest,
        again=again,
        longest_of_again=second.longest,
        refresh=refresh,
        longest_of_refresh=refreshing.longest,
        unload=unload,
        longest_of_unload=unloading.longest,
    )


async def _turn[T](work: Awaitable[T]) -> T:
    """Run something in iterations of the loop of its own, so that its first and last step are measured too."""
    await asyncio.sleep(0)
    done = await work
    await asyncio.sleep(0)
    return done
