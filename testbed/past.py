"""What lies behind a demo: hours that Home Assistant lived on a fast clock, and others in which it was down."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import time
from typing import Final, Self

from simulator import Dialect, Gateway, Site, SiteKind, build_site

from .configuration import Configuration, prepare
from .console import Console
from .entry import named, store_entry
from .fast_clock import FastClock
from .fast_entry import ROWS_AT_ONCE, load_entry, where
from .gateway import Gateway as Address
from .home_assistant import HomeAssistant
from .hours import HOUR, CounterHour, Judge

#: Three hours in three minutes.
SPEED: Final = 60.0
#: Seconds of the fast clock that Home Assistant lives before the outage.
BEFORE: Final = 3 * HOUR
#: And after it: the repair's second look, a quarter past the next full hour, is among them whenever they begin.
AFTER: Final = 1.5 * HOUR
#: What the fast clock stays behind the true one: Home Assistant takes some seconds to stop, which are minutes then.
MARGIN: Final = 900.0
_INTERVAL: Final = 30
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things happen by the fast clock, which comes close to the true one in the end; seconds since 1970."""

    begin: float
    down: float
    back: float
    end: float

    @classmethod
    def until(cls, now: float, outage: float) -> Self:
        """Return the times for an outage of so many seconds, for a run that begins `now` by the true clock."""
        end = now + (BEFORE + AFTER) / SPEED - MARGIN
        back = end - AFTER
        return cls(back - outage - BEFORE, back - outage, back, end)


class Past:
    """A Home Assistant that was killed for some hours, and has repaired what it missed."""

    def __init__(self, seed: int, outage: float, console: Console) -> None:
        """Describe it; `outage` in seconds."""
        self._console = console
        self._outage = outage
        self._seed = seed
        self._home_assistant: HomeAssistant | None = None
        self.site: Site
        self.address: Address
        self.entry_id: str
        self.outage: tuple[float, float]
        """From when to when Home Assistant was down."""

    def kill(self) -> None:
        """Kill the Home Assistant that lives it now."""
        if self._home_assistant is not None:
            self._home_assistant.kill()

    async def live(self, stack: AsyncExitStack, folder: Path, port: int) -> Configuration:
        """Let it happen in an empty folder; return what is left, with a gateway that goes on by the true clock."""
        times = Timeline.until(time.time(), self._outage)
        site = self.site = build_site(
            SiteKind.FLAT, self._seed, exact=True, installed=times.begin // _DAY * _DAY - 30 * _DAY
        )
        await asyncio.to_thread(site.warm)
        clock = FastClock(times.begin, SPEED)
        gateway = await stack.enter_async_context(Gateway(site, clock=clock, dialect=Dialect(limit_cap=ROWS_AT_ONCE)))
        self.address = where(gateway)
        configuration = prepare(folder, port)
        options: dict[str, object] = {"codes": named(site), "scan_interval": _INTERVAL}
        serial = gateway.identity.serial_number
        self.entry_id = store_entry(configuration, self.address, serial, times.begin, options)
        await self._live(stack, configuration, clock)
        self._tell(configuration.folder)
        return configuration

    async def _live(self, stack: AsyncExitStack, configuration: Configuration, clock: FastClock) -> None:
        times = Timeline.until(time.time(), self._outage)
        clock.set(times.begin)
        minutes = f"{(BEFORE + AFTER) / SPEED / 60:g} minutes"
        self._console.step(f"Home Assistant lives from {_time(times.begin)} on; all of this takes {minutes}")
        first = await self._start(stack, configuration, clock)
        await clock.until(times.down)
        first.kill()
        await first.process.wait()
        down = clock.now()
        times = Timeline.until(time.time() - BEFORE / SPEED, self._outage)
        clock.set(times.back)
        self._console.step(f"it was killed at {_time(down)}, and starts again at {_time(times.back)}")
        second = await self._start(stack, configuration, clock)
        self.outage = (down, clock.now())
        self._console.step(f"it repairs what it missed, and lives until {_time(times.end)}")
        await clock.until(times.end)
        await second.stop()
        # A slow machine: what has been recorded must not be in the future.
        await asyncio.sleep(max(clock.now() - time.time(), 0.0))
        clock.speed = 1.0
        clock.set(time.time())

    async def _start(self, stack: AsyncExitStack, configuration: Configuration, clock: FastClock) -> HomeAssistant:
        home_assistant = self._home_assistant = HomeAssistant(configuration, wrapper=clock.wrapper())
        stack.push_async_callback(home_assistant.stop)
        await home_assistant.start()
        await load_entry(home_assistant, self.entry_id)
        return home_assistant

    def _tell(self, folder: Path) -> None:
        """Print what the grid's meter counted hour by hour, as the bars have to show it, and judge all counters."""
        hours = list(Judge(self.site, _INTERVAL, [self.outage]).hours(folder))
        uid = self.site.find("energy_import")
        self._console.write(render([hour for hour in hours if hour.uid == uid], self.outage))
        wrong = [hour for hour in hours if not hour.is_right]
        for hour in wrong:
            span = f"{_time(hour.start)} to {_time(hour.end)}"
            self._console.step(
                f"WARNING: {hour.entity_id}, {span}: {hour.recorded:.3f} instead of {hour.truth:.3f} {hour.unit}"
            )
        counters = len({hour.entity_id for hour in hours})
        self._console.step(f"{len(hours)} hours of {counters} counters are in its database, {len(wrong)} of them wrong")


def render(hours: Sequence[CounterHour], outage: tuple[float, float]) -> str:
    """Return the table of one counter, by the machine's own time; hours that the outage touches are marked."""
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
