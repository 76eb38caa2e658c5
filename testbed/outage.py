"""Outages of a real Home Assistant on a fast clock; every hour in its database is compared with the meter."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
import shutil
import signal
import sys
from typing import Final, Never, override

from simulator import Dialect, Gateway, SiteKind, build_site

from .configuration import Configuration, prepare
from .console import Console
from .entry import named, store_entry
from .errors import HarnessError, TooBusyError, UsageError
from .fast_clock import FastClock
from .fast_entry import ROWS_AT_ONCE, load_entry, where
from .home_assistant import HomeAssistant
from .hours import HOUR, CounterHour, Judge
from .ports import free_port
from .workspace import workspace

#: In the evening, when every load of a site draws power; twenty minutes of the fast clock before a full hour, which is the
#: time that a start takes. A start that takes longer only makes the run longer.
_BEGIN: Final = datetime(2026, 11, 20, 16, 40, tzinfo=UTC).timestamp()
_DAY: Final = 86_400.0
#: How long it runs after the last full hour before it was loaded: the repair checks a second time at a quarter past the
#: next full hour, and takes some minutes.
_LOOKED_AT: Final = HOUR + 25 * 60.0
#: How often a run starts again with a clock half as fast, because the machine is too busy.
_SLOWER: Final = 3
#: What the recorder logs when an import has destroyed an hour of another sensor.
_DESTROYED: Final = "Blocked attempt to insert duplicated statistic rows"
_EPILOG: Final = """\
examples:
  scripts/outage                  a Home Assistant is stopped, later killed; its hours come out right all the same
  scripts/outage --worlds 100     random worlds in simulated time; its own options: scripts/outage --worlds 1 --help
  scripts/outage --no-repair      the same without the repair: fails, and so shows what the repair is good for

exit codes: 0 every hour is right, 1 an hour is wrong or something failed, 2 bad arguments
"""


@dataclass(frozen=True, slots=True)
class Options:
    """The command's options."""

    repair: bool
    kills: Sequence[signal.Signals]
    down: float
    """Hours that an outage lasts."""
    speed: float
    interval: int
    site: SiteKind
    seed: int
    keep: Path | None
    """The folder to keep Home Assistant's configuration in; None removes it."""


@dataclass(slots=True)
class Run:
    """One Home Assistant and one gateway, through some outages."""

    options: Options
    console: Console
    clock: FastClock = field(init=False)
    outages: list[tuple[float, float]] = field(default_factory=list)
    """Start and end of each outage; it ends when the integration is loaded."""

    def __post_init__(self) -> None:
        """Set the clock."""
        self.clock = FastClock(_BEGIN, self.options.speed)

    async def run(self, folder: Path) -> list[CounterHour]:
        """Run in an empty folder; return the hours of all counters."""
        site = build_site(self.options.site, self.options.seed, exact=True, installed=_BEGIN // _DAY * _DAY - 30 * _DAY)
        await asyncio.to_thread(site.warm)
        dialect = Dialect(limit_cap=ROWS_AT_ONCE)
        async with AsyncExitStack() as stack:
            gateway = await stack.enter_async_context(Gateway(site, clock=self.clock, dialect=dialect))
            configuration = prepare(folder, free_port(), time_zone="Europe/Rome")
            self.clock.set(_BEGIN)
            options = {
                "codes": named(site),
                "scan_interval": self.options.interval,
                "repair_gaps": self.options.repair,
            }
            entry_id = store_entry(configuration, where(gateway), gateway.identity.serial_number, _BEGIN, options)
            home_assistant = HomeAssistant(configuration, wrapper=self.clock.wrapper())
            stack.push_async_callback(home_assistant.stop)
            await self._live(home_assistant, entry_id)
            for kill in self.options.kills:
                await self._go_down(home_assistant, kill)
                home_assistant = HomeAssistant(configuration, wrapper=self.clock.wrapper())
                stack.push_async_callback(home_assistant.stop)
                await self._live(home_assistant, entry_id)
            self._say("stopping it, to look into its database")
            await home_assistant.stop()
        _judge_log(configuration)
        judge = Judge(site, self.options.interval, self.outages)
        return list(judge.hours(configuration.folder))

    async def _live(self, home_assistant: HomeAssistant, entry_id: str) -> None:
        """Start it, and let it run until the repair has checked the next full hour."""
        self._say("starting Home Assistant")
        await home_assistant.start()
        await load_entry(home_assistant, entry_id)
        if self.outages:
            down, _ = self.outages[-1]
            self.outages[-1] = (down, self.clock.now())
        until = self.clock.now() // HOUR * HOUR + _LOOKED_AT
        self._say(f"it runs, until {_time(until)}")
        await self.clock.until(until)

    async def _go_down(self, home_assistant: HomeAssistant, kill: signal.Signals) -> None:
        """End it with a signal, and move the clock to the end of the outage."""
        down = self.clock.now()
        if kill is signal.SIGKILL:
            home_assistant.kill()
            await home_assistant.process.wait()
        else:
            await home_assistant.stop()
        back = down + self.options.down * HOUR
        self._say(f"ended by {kill.name}; down until {_time(back)}")
        self.outages.append((down, back))
        self.clock.set(back)

    def _say(self, text: str) -> None:
        self.console.step(f"{_time(self.clock.now())}  {text}")


async def live_through(options: Options, console: Console, folder: Path) -> tuple[Run, list[CounterHour]]:
    """Run with a slower clock if the machine is too busy; return the run and the hours of all counters."""
    for _ in range(_SLOWER):
        run = Run(options, console)
        try:
            return run, await run.run(folder)
        except TooBusyError as err:
            options = replace(options, speed=options.speed / 2)
            console.step(f"{str(err).partition(':')[0]}; it begins anew with a slower clock, x{options.speed:g}")
            await asyncio.to_thread(shutil.rmtree, folder)
    run = Run(options, console)
    return run, await run.run(folder)


def _judge_log(configuration: Configuration) -> None:
    """Raise HarnessError if the recorder has lost an hour of any sensor."""
    for log in (configuration.log, configuration.log.with_name(f"{configuration.log.name}.1")):
        if log.exists() and _DESTROYED in log.read_text(encoding="utf-8", errors="replace"):
            raise HarnessError(f"an import has destroyed hours of other sensors: {_DESTROYED!r} in {log}")


def render(hours: Sequence[CounterHour]) -> str:
    """Return the table of all counters."""
    lines = []
    shown = ""
    for hour in hours:
        if hour.entity_id != shown:
            shown = hour.entity_id
            lines += [
                "",
                f"{shown} ({hour.unit})",
                f"{'':17}{'truth':>10}{'recorded':>10}{'difference':>12}{'allowed':>10}",
            ]
        lines.append(
            f"{_time(hour.start)}-{_time(hour.end)}      {hour.truth:>10.3f}{hour.recorded:>10.3f}"
            f"{hour.difference:>+12.3f}{hour.allowed:>10.3f}{'' if hour.is_right else '   WRONG'}"
        )
    return "\n".join(lines)


def judge(run: Run, hours: Sequence[CounterHour]) -> list[str]:
    """Return a line for each error."""
    problems = [
        f"{hour.entity_id}, {_time(hour.start)}-{_time(hour.end)}: {hour.recorded:.3f} instead of {hour.truth:.3f} {hour.unit}"
        for hour in hours
        if not hour.is_right
    ]
    if not hours:
        problems.append("no counter has any hour")
    entity_ids = {hour.entity_id for hour in hours}
    for down, back in run.outages:
        for entity_id in sorted(entity_ids):
            inside = [hour for hour in hours if hour.entity_id == entity_id and down < hour.start and hour.end < back]
            # Without rows inside the outage there would be nothing to judge.
            if len(inside) < int((back - down) / HOUR) - 1:
                problems.append(f"{entity_id}: hours of the outage from {_time(down)} on have no row")
    return problems


def _time(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%H:%M")


class _Parser(argparse.ArgumentParser):
    @override
    def error(self, message: str) -> Never:
        raise UsageError(f"{message}. See scripts/outage --help")


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; raises UsageError with one clear sentence."""
    parser = _Parser(
        prog="scripts/outage",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--no-repair", action="store_true", help="switch the repair of gaps off in the integration's options")
    add("--kill", choices=("term", "kill", "both"), default="both", help="SIGTERM, SIGKILL, one after the other (both)")
    add("--down", type=_number(1, 200), default=3.25, metavar="HOURS", help="how long an outage lasts (3.25)")
    add(
        "--speed",
        type=_number(1, 600),
        default=120.0,
        metavar="FACTOR",
        help="how fast the clock runs (120); less on a busy machine",
    )
    add("--interval", type=_number(2, 300), default=30.0, metavar="SECONDS", help="between two polls (30)")
    add("--site", choices=("flat", "house", "shop"), default="flat", help="what the gateway measures (flat)")
    add("--seed", type=int, default=1, help="which one of its kind (1)")
    add("--keep", type=Path, metavar="DIR", help="keep Home Assistant's configuration in this empty or new folder")
    given = parser.parse_args(arguments)
    kills = {
        "term": (signal.SIGTERM,),
        "kill": (signal.SIGKILL,),
        "both": (signal.SIGTERM, signal.SIGKILL),
    }
    return Options(
        repair=not given.no_repair,
        kills=kills[given.kill],
        down=given.down,
        speed=given.speed,
        interval=int(given.interval),
        site=SiteKind(given.site),
        seed=given.seed,
        keep=given.keep,
    )


class _number:  # noqa: N801  # a converter, named as argparse's own are
    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not self._least <= number <= self._most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {self._least:g} to {self._most:g}")
        return number


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    console = Console("outage")
    try:
        options = parse(arguments)
        with workspace() as work:
            run, hours = asyncio.run(live_through(options, console, options.keep or work / "config"))
    except UsageError as err:
        console.error(str(err))
        return 2
    except HarnessError as err:
        console.error(str(err))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    console.write(render(hours) + "\n")
    problems = judge(run, hours)
    for problem in problems:
        console.error(problem)
    worst = max((abs(hour.difference) for hour in hours), default=0.0)
    counters = len({hour.entity_id for hour in hours})
    console.step(
        f"{'FAILED' if problems else 'OK'}: {len(hours)} hours of {counters} counters, "
        f"{len(problems)} wrong, largest difference {worst:.3f}"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
