"""How long it takes to import minute history of many signals, in how much memory and with how many requests."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from testbed import ROOT
from testbed.gateway import Simulator, SimulatorOptions
from testbed.process import ManagedProcess

#: Days of two shorter imports with traced memory; their peaks show whether memory grows with the span.
_TRACED = (8, 16)
#: The allowed ratio of the second peak to the first.
_FLAT = 1.25
_SITE = ("--signals", "220", "--installed-days", "40")


@dataclass(frozen=True, slots=True)
class Import:
    """One run in a process of its own."""

    days: int
    signals: int
    hours: int
    """Rows of statistics that were written."""
    wall: float
    cpu: float
    """Seconds of CPU of Home Assistant's process, its recorder among them."""
    requests: int
    peak: float | None
    """Peak of the memory allocated by the import in MB; None where it was not traced."""
    rss: float
    """Peak of the process's resident memory in MB."""
    refused: int
    """Signals whose history was refused."""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the others."""
    one = commands.add_parser("history", help="the import of minute history: time, memory, requests")
    one.add_argument("--days", type=int, default=30, choices=range(1, 40), metavar="1..39")
    one.add_argument("--signals", type=int, default=100, choices=range(1, 161), metavar="1..160")
    one.add_argument("--counters", action="store_true", help="counters only, and no traced runs")
    one.add_argument("--json", type=Path, help="write the figures to this file")


async def _one(folder: Path, days: int, signals: int, *, traced: bool, counters: bool) -> Import:
    """Import some days in a fresh Home Assistant in its own process."""
    async with Simulator(folder, SimulatorOptions(site="load-test", more=_SITE, control_port=0)) as simulator:
        gateway = simulator.gateway
        task = {
            "folder": str(folder / "config"),
            "host": gateway.host,
            "username": gateway.username,
            "password": gateway.password,
            "fingerprint": gateway.fingerprint,
            "control_url": gateway.control_url,
            "days": days,
            "signals": signals,
            "traced": traced,
            "counters": counters,
        }
        process = await ManagedProcess.start(
            "The import",
            *(sys.executable, "-m", "benchmarks.history_run", json.dumps(task)),
            console=folder / "import.log",
            cwd=ROOT,
            environment=os.environ,
        )
        if await process.wait():
            raise RuntimeError(f"the import failed:\n{process.tail()}")
        result = json.loads((folder / "config" / "result.json").read_text(encoding="utf-8"))
        return Import(days=days, **result)


async def _all(days: int, signals: int, *, counters: bool) -> list[Import]:
    """Run the import for time, and unless it is of counters only, two shorter ones for memory."""
    done = []
    traced_spans = [] if counters else [(span, True) for span in _TRACED]
    with TemporaryDirectory(prefix="ems-bench-") as work:
        for number, (span, traced) in enumerate([(days, False), *traced_spans]):
            print(f"[bench] importing {span} days{', traced' if traced else ''}", file=sys.stderr, flush=True)
            folder = Path(work, str(number))
            await asyncio.to_thread(folder.mkdir)
            done.append(await _one(folder, span, signals, traced=traced, counters=counters))
    return done


def render(done: Sequence[Import]) -> str:
    """Return the table."""
    lines = [
        f"{'days':>5}{'signals':>9}{'hours':>9}{'wall s':>9}{'CPU s':>8}{'requests':>10}{'peak MB':>9}{'RSS MB':>8}"
    ]
    for one in done:
        peak = "-" if one.peak is None else f"{one.peak:.1f}"
        lines.append(
            f"{one.days:>5}{one.signals:>9}{one.hours:>9}{one.wall:>9.1f}{one.cpu:>8.1f}{one.requests:>10}"
            f"{peak:>9}{one.rss:>8.0f}"
        )
    return "\n".join(lines)


def problems(done: Sequence[Import]) -> list[str]:
    """Return what misses its bar."""
    found = [
        f"{one.days} days: only {one.hours} hours, {one.refused} signals refused"
        for one in done
        if one.refused or one.hours < one.signals * (one.days * 24 - 2)
    ]
    peaks = [one.peak for one in done if one.peak is not None]
    if peaks and (short := peaks[0]) and (long := peaks[-1]) > short * _FLAT:
        found.append(f"memory grows with the span: {short:.1f} MB for {_TRACED[0]} days, {long:.1f} for {_TRACED[1]}")
    return found


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if everything was imported and memory is flat, else 1."""
    done = asyncio.run(_all(options.days, options.signals, counters=options.counters))
    print(render(done))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in done], indent=1), encoding="utf-8")
    for problem in (found := problems(done)):
        print(f"[bench] MISSED: {problem}", file=sys.stderr)
    return 1 if found else 0
