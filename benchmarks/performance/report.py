"""The tables of the performance benchmark, and the same as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
import os
from pathlib import Path
import platform
from typing import Final

from .answers import Change
from .day import DAY, Day
from .measure import WARM_UP
from .refresh import Refresh
from .start import Start

type Json = dict[str, object]

BARS: Final = {Change.ALL: 0.5, Change.TENTH: 0.4, Change.NONE: 0.4, Change.SAME: 0.06}
"""A refresh of 1,000 signals with the default options, against the bare loop with parsing."""
WRITTEN: Final = 1.3
"""A refresh in which every value changes and is written, against the plain coordinator."""
BARRED: Final = 1000
"""Signals for which the bars of a refresh hold."""
LONGEST: Final = 0.1
"""Seconds for which the event loop may be blocked at most."""
STAYS: Final = 0.5
"""Bytes that a poll may leave in the integration's own files, on the last day: the smallest object takes 24."""


@dataclass(slots=True)
class Results:
    """All that was measured."""

    rounds: int
    sizes: Sequence[int] = ()
    """Numbers of signals to measure with."""
    polls: int = DAY
    """Of one day."""
    refreshes: list[Refresh] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    day: Day | None = None


def machine() -> dict[str, str]:
    """Return the facts of this machine that the figures depend on."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "homeassistant": version("homeassistant"),
    }


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    return [
        "",
        f"### {title}",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _against(ratio: float, bar: float | None) -> str:
    """Return a ratio with its bar, where it has one."""
    if bar is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} (at most {bar}: {'met' if ratio <= bar else '**missed**'})"


def _bars(one: Refresh) -> tuple[float | None, float | None]:
    """Return what the default refresh may take of the bare loop, and the written one of the plain coordinator."""
    if one.signals != BARRED:
        return None, None
    return BARS[one.change], WRITTEN if one.change is Change.ALL else None


def _refreshes(refreshes: Sequence[Refresh]) -> list[str]:
    """Return the table of refreshes."""
    rows = []
    for one in refreshes:
        default, written = _bars(one)
        series = one.parsing, one.bare, one.plain, one.default, one.written
        rows.append(
            [
                str(one.signals),
                str(one.change),
                *(f"{column.median * 1e3:.2f}" for column in series),
                _against(one.default_ratio, default),
                _against(one.written_ratio, written),
            ]
        )
    head = ["signals", "values", "orjson", "bare loop", "plain", "default options", "every change written"]
    ratios = ["default / (bare + orjson)", "written / plain"]
    return _table("CPU of one refresh without the wire, in milliseconds", [*head, *ratios], rows)


def _starts(starts: Sequence[Start]) -> list[str]:
    """Return the table of beginnings and ends."""
    rows = []
    for one in starts:
        pairs = (
            (one.set_up, one.longest_of_set_up),
            (one.again, one.longest_of_again),
            (one.refresh, one.longest_of_refresh),
            (one.unload, one.longest_of_unload),
        )
        verdict = "met" if one.longest <= LONGEST else "**missed**"
        rows.append([str(one.signals), *(f"{took * 1e3:.0f} ({block * 1e3:.0f})" for took, block in pairs), verdict])
    head = ["signals", "first set-up", "set-up again", "refresh", "unload", "no block over 100 ms"]
    return _table("Beginning and end over HTTPS: milliseconds of CPU, and the longest block", head, rows)


def _day(day: Day) -> list[str]:
    """Return the table of what days of polling leave in memory."""
    return _table(
        f"Bytes that a day of polling {day.signals} signals over HTTPS leaves in memory ({day.polls} polls)",
        ["day", "in the integration's files", "in all of the process", "resident, in kB"],
        [
            [f"{number}", f"{own:+d}", f"{python:+d}", f"{resident / 1024:+.0f}"]
            for number, (own, python, resident) in enumerate(zip(day.own, day.python, day.resident, strict=True), 1)
        ],
    )


def render(results: Results) -> str:
    """Return all tables as Markdown."""
    facts = "; ".join(f"{name} {fact}" for name, fact in machine().items())
    lines = [
        f"{facts}.",
        f"Medians of {results.rounds} rounds after {WARM_UP} to warm up; ratios are taken in a round.",
    ]
    if results.refreshes:
        lines += _refreshes(results.refreshes)
    if results.starts:
        lines += _starts(results.starts)
    if results.day is not None:
        lines += _day(results.day)
    return "\n".join(lines)


def as_data(results: Results) -> Json:
    """Return all figures, as JSON takes them: seconds, bytes, ratios."""
    return {
        "machine": machine(),
        "rounds": results.rounds,
        "refresh": [
            {
                "signals": one.signals,
                "change": one.change,
                **{name: getattr(one, name).median for name in ("parsing", "bare", "plain", "default", "written")},
                "default_ratio": one.default_ratio,
                "written_ratio": one.written_ratio,
            }
            for one in results.refreshes
        ],
        "start": [asdict(one) for one in results.starts],
        "day": [asdict(results.day)] if results.day else [],
    }


def missed(results: Results) -> list[str]:
    """Return the bars that are missed."""
    found = []
    for one in results.refreshes:
        for ratio, bar, of in zip(
            (one.default_ratio, one.written_ratio), _bars(one), ("bare loop", "plain coordinator"), strict=True
        ):
            if bar is not None and ratio > bar:
                found.append(f"{one.signals} signals, {one.change}: {ratio:.2f} of the {of}, the bar is {bar}")
    if (day := results.day) is not None and (left := day.own[-1]) > STAYS * day.polls:
        found.append(f"the last of the days leaves {left} bytes in memory, the bar is {STAYS * day.polls:.0f}")
    found += [
        f"{start.signals} signals: a block of {start.longest * 1e3:.0f} ms, the bar is {LONGEST * 1e3:.0f}"
        for start in results.starts
        if start.longest > LONGEST
    ]
    return found
