"""The history of a demo: hours of Home Assistant on a fast clock, and an outage."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
import time
from typing import Final

from simulator import Dialect, Gateway, Site, SiteKind, build_site

from .configuration import Configuration, prepare
from .console import Console
from .entry import named, store_entry
from .fast_clock import FastClock
from .fast_entry import ROWS_AT_ONCE, load_entry, where
from .gateway import GatewayAccess
from .home_assistant import HomeAssistant
from .hours import HOUR, CounterHour, Judge

#: How many times faster than real time the clock runs.
SPEED: Final = 60.0
#: Seconds of the fast clock before the outage.
BEFORE: Final = 3 * HOUR
#: Seconds that the repair may take; it starts with the next statistics, which come every five minutes.
REPAIR_TIMEOUT: Final = 720.0
POLL_INTERVAL: Final = 2.0
_INTERVAL: Final = 30
_DAY: Final = 86_400.0
#: Seconds after a full hour in which the repair does not touch it: its statistics may not be there yet.
_COMPILED: Final = 600.0


class Past:
    """A Home Assistant that was killed some hours ago, and its gateway, which kept counting."""

    def __init__(self, seed: int, outage: float, console: Console) -> None:
        """Take the site's seed and the length of the outage in seconds."""
        self._console = console
        self._outage = outage
        self._seed = seed
        self._home_assistant: HomeAssistant | None = None
        self.site: Site
        self.address: GatewayAccess
        self.entry_id: str
        self.outage: tuple[float, float]
        """Start and end of the outage."""

    def kill(self) -> None:
        """Kill the Home Assistant on the fast clock."""
        if self._home_assistant is not None:
            self._home_assistant.kill()

    async def live(self, stack: AsyncExitStack, folder: Path, port: int) -> Configuration:
        """Run in an empty folder; return the configuration. The gateway continues on the real clock."""
        begin = self._begin()
        site = self.site = build_site(SiteKind.FLAT, self._seed, exact=True, installed=begin // _DAY * _DAY - 30 * _DAY)
        await asyncio.to_thread(site.warm)
        clock = FastClock(begin, SPEED)
        gateway = await stack.enter_async_context(Gateway(site, clock=clock, dialect=Dialect(limit_cap=ROWS_AT_ONCE)))
        self.address = where(gateway)
        configuration = prepare(folder, port)
        options: dict[str, object] = {"codes": named(site), "scan_interval": _INTERVAL}
        self.entry_id = store_entry(configuration, self.address, gateway.identity.serial_number, begin, options)
        begin = self._begin()
        clock.set(begin)
        self._console.step(
            f"Home Assistant lives from {_time(begin)} to {_time(begin + BEFORE)}, in {BEFORE / SPEED / 60:g} minutes"
        )
        home_assistant = await self._start(stack, configuration, clock)
        await clock.until(begin + BEFORE)
        home_assistant.kill()
        await home_assistant.process.wait()
        down = clock.now()
        clock.speed = 1.0
        clock.set(time.time())
        self.outage = (down, clock.now())
        self._console.step(f"it was killed at {_time(down)}, and is down until now, {_time(clock.now())}")
        return configuration

    def _begin(self) -> float:
        """Return the start by the fast clock with which the outage ends now by the real one."""
        return time.time() + BEFORE / SPEED - self._outage - BEFORE

    async def _start(self, stack: AsyncExitStack, configuration: Configuration, clock: FastClock) -> HomeAssistant:
        home_assistant = self._home_assistant = HomeAssistant(configuration, wrapper=clock.wrapper())
        stack.push_async_callback(home_assistant.stop)
        await home_assistant.start()
        await load_entry(home_assistant, self.entry_id)
        return home_assistant

    async def repaired(self, folder: Path) -> bool:
        """Wait for the repair and print the hours of the grid; False if it takes too long."""
        self._console.step("waiting for the repair, which begins with the next statistics: five minutes at most")
        end = asyncio.get_running_loop().time() + REPAIR_TIMEOUT
        while not (is_right := self._is_right(hours := self._hours(folder))):
            if asyncio.get_running_loop().time() > end:
                break
            await asyncio.sleep(POLL_INTERVAL)
        uid = self.site.find("energy_import")
        self._console.write(render([hour for hour in hours if hour.uid == uid], self.outage))
        wrong = sum(not hour.is_right for hour in hours)
        counters = len({hour.entity_id for hour in hours})
        self._console.step(f"{len(hours)} hours of {counters} counters are recorded, {wrong} of them wrong")
        return is_right

    def _hours(self, folder: Path) -> list[CounterHour]:
        return list(Judge(self.site, _INTERVAL, [self.outage]).hours(folder))

    def _is_right(self, hours: Sequence[CounterHour]) -> bool:
        """Return whether all hours are right and include those of the outage."""
        last = (self.outage[1] - _COMPILED) // HOUR * HOUR
        return all(hour.is_right for hour in hours) and any(hour.end >= last for hour in hours)


def render(hours: Sequence[CounterHour], outage: tuple[float, float]) -> str:
    """Return the table of one counter in local time; hours of the outage are marked."""
    lines = [f"{'':24}{'meter':>10}{'recorded':>10}{'difference':>12}"]
    for hour in hours:
        is_missed = hour.start < outage[1] and outage[0] < hour.end
        lines.append(
            f"{_time(hour.start)} to {_time(hour.end)[-5:]}   {hour.truth:>10.3f}{hour.recorded:>10.3f}"
            f"{hour.difference:>+12.3f} {hour.unit}{'   down' if is_missed else ''}"
        )
    return "\n".join(lines)


def _time(instant: float) -> str:
    return datetime.fromtimestamp(instant).astimezone().strftime("%d %b %H:%M")
