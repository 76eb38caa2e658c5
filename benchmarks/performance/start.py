"""What it takes to begin, to end, and to be there: time, blocked time and memory; and many gateways at once."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
import time

from .answers import Answers, Change, codes_of, load_test
from .gateway import gateways
from .house import home, set_up
from .measure import allocations, cpu_of, longest_block, uncollected
from .rivals import PlainCoordinator


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes a signal after set-up, entity registry and state included."""

    signals: int
    ours: float
    plain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Several gateways in one Home Assistant; seconds."""

    gateways: int
    signals: int
    set_up: float
    refresh: float
    """CPU of one refresh of all gateways together, all values changed, over HTTPS."""
    longest: float
    requests: float
    """A gateway and refresh."""


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
    """Run something in turns of the loop of its own, so that its first and its last part are watched too."""
    await asyncio.sleep(0)
    done = await work
    await asyncio.sleep(0)
    return done


async def measure_memory(signals: int) -> Memory:
    """Count what is in use after set-up."""
    site = load_test(signals)
    answers, codes = Answers(site), codes_of(site)
    with gateways(signals) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            with allocations() as in_use:
                await set_up(hass, served.addresses[0], codes)
                ours = in_use()
                plain = PlainCoordinator(hass, site, codes)
                await plain.set_up(answers.next(Change.NONE))
                both = in_use()
    return Memory(signals=signals, ours=ours / signals, plain=(both - ours) / signals)


async def measure_many(count: int, signals: int) -> Many:
    """Set several gateways up, and refresh them all at once."""
    site = load_test(signals)
    answers, codes = Answers(site), codes_of(site)
    with gateways(signals, count=count) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            started = time.process_time()
            polled = [await set_up(hass, address, codes) for address in served.addresses]
            took = time.process_time() - started
            served.play(answers.take(Change.ALL, 4))
            await asyncio.gather(*(one.async_refresh() for one in polled))
            with uncollected(), longest_block() as block:
                started = time.process_time()
                for _ in range(3):
                    await asyncio.gather(*(asyncio.create_task(one.async_refresh()) for one in polled))
                refresh = (time.process_time() - started) / 3
            traffic = served.traffic()
    return Many(
        gateways=count,
        signals=signals,
        set_up=took,
        refresh=refresh,
        longest=block.longest,
        requests=traffic.requests / count / 4,
    )
