"""The tables of the performance benchmark, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field as made, fields
from importlib.metadata import version
from math import log
import os
from pathlib import Path
import platform
from statistics import median

from .answers import PAGE, Change
from .day import DAY, Day, Rows
from .measure import WARM_UP
from .refresh import Refresh, Wire
from .start import Many, Memory, Start

type Json = dict[str, object]


@dataclass(slots=True)
class Results:
    """All that was measured."""

    rounds: int
    sizes: Sequence[int] = ()
    """Numbers of signals to measure with."""
    polls: int = DAY
    """Of one day."""
    refreshes: list[Refresh] = made(default_factory=list)
    wires: list[Wire] = made(default_factory=list)
    starts: list[Start] = made(default_factory=list)
    memory: list[Memory] = made(default_factory=list)
    many: Many | None = None
    rows: Rows | None = None
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


def _microseconds(seconds: float, signals: int) -> str:
    """Return microseconds a signal."""
    return f"{seconds / signals * 1e6:.2f}"


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


def _refreshes(refreshes: Sequence[Refresh]) -> list[str]:
    """Return the table of refreshes without the wire."""
    rows = [
        [
            f"{one.signals}",
            str(one.change),
            *(
                _microseconds(series.median, one.signals)
                for series in (one.parsing, one.bare, one.plain, one.ours, one.throttled)
            ),
            f"{one.plain.ratio(one.bare, one.parsing):.2f}",
            f"{one.ours.ratio(one.bare):.2f}",
            f"{ratio:.2f}",
            f"{BARS[one.change]}, {'met' if ratio <= BARS[one.change] else '**missed**'}",
        ]
        for one in refreshes
        for ratio in (one.ours.ratio(one.bare, one.parsing),)
    ]
    head = "signals", "values", "orjson", "bare loop", "plain", "ours", "ours, throttled"
    ratios = "plain / (bare + orjson)", "ours / bare", "ours / (bare + orjson)", "bar"
    idle = median(one.idle.median for one in refreshes) * 1e6
    same = {one.signals: one.ours.median * 1e6 for one in refreshes if one.change is Change.SAME}
    return [
        *_table("CPU of one refresh without the wire, in microseconds a signal", [*head, *ratios], rows),
        "",
        f"Of each refresh, Home Assistant's own coordinator takes {idle:.0f} µs for nothing at all"
        + "".join(f"; ours with the same bytes {took:.0f} at {signals} signals" for signals, took in same.items())
        + ".",
    ]


def _growth(results: Results) -> list[str]:
    """Return how what takes time grows from the fewest signals to the most: the exponent of their number."""
    sizes = [one.signals for one in results.starts]
    series = {
        **{
            f"refresh, {change}": {one.signals: one.ours.median for one in results.refreshes if one.change is change}
            for change in Change
        },
        "refresh over HTTPS": {one.signals: one.ours.median for one in results.wires},
        "first set-up": {one.signals: one.set_up for one in results.starts},
        "unload": {one.signals: one.unload for one in results.starts},
        "memory": {one.signals: one.ours * one.signals for one in results.memory},
    }
    rows = []
    for name, found in series.items():
        few, many = min(found, default=0), max(found, default=0)
        if few < many:
            exponent = log(found[many] / found[few]) / log(many / few)
            rows.append([name, f"{few}", f"{many}", f"{found[many] / found[few]:.1f}", f"{exponent:.2f}"])
    if not rows or len(sizes) == 1:
        return []
    return _table(
        "How it grows", ["what", "from signals", "to", "times as much", "exponent (1 is in proportion)"], rows
    )


def _wires(wires: Sequence[Wire]) -> list[str]:
    """Return the table of refreshes over HTTPS."""
    rows = [
        [
            f"{one.signals}",
            f"{one.ours.median * 1e3:.2f}",
            f"{one.rest.median * 1e3:.1f}" if one.rest else "takes no more than a page",
            f"{one.rest.ratio(one.ours):.1f}" if one.rest else "",
            f"{_rest_bar(one)}, {'met' if one.rest.ratio(one.ours) >= _rest_bar(one) else '**missed**'}"
            if one.rest
            else "",
            f"{one.traffic.requests / one.polls:.1f}",
            f"{one.traffic.sent / one.polls:.0f}",
            f"{one.traffic.received / one.polls:.0f}",
            f"{one.traffic.connections}",
        ]
        for one in wires
    ]
    head = ["signals", "ours, ms", "rest, ms", "rest / ours", "bar", "requests a poll", "bytes asked", "bytes answered"]
    return _table(
        "One refresh over HTTPS, every value changed and written: CPU, and what goes over the wire",
        [*head, "connections, all polls"],
        rows,
    )


def _starts(starts: Sequence[Start]) -> list[str]:
    """Return the table of beginnings and ends."""
    rows = [
        [
            f"{one.signals}",
            *(
                f"{seconds * 1e3:.0f}"
                for seconds in (
                    one.set_up,
                    one.longest_of_set_up,
                    one.again,
                    one.longest_of_again,
                    one.refresh,
                    one.longest_of_refresh,
                    one.unload,
                    one.longest_of_unload,
                )
            ),
        ]
        for one in starts
    ]
    head = ["signals"]
    for what in ("first set-up", "set-up again", "refresh", "unload"):
        head += [what, "longest block"]
    return _table("Beginning and end over HTTPS, in milliseconds of CPU", head, rows)


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
        f"Medians of {results.rounds} rounds after {WARM_UP} to warm up; ratios are taken within a round.",
    ]
    if results.refreshes:
        lines += _refreshes(results.refreshes)
    if results.wires:
        lines += _wires(results.wires)
    if results.starts:
        lines += _starts(results.starts)
    if results.memory:
        lines += _table(
            "Memory in bytes a signal after set-up, entity registry and state included",
            ["signals", "ours", "plain"],
            [[f"{one.signals}", f"{one.ours:.0f}", f"{one.plain:.0f}"] for one in results.memory],
        )
    lines += _growth(results)
    lines.append("")
    if (many := results.many) is not None:
        lines.append(
            f"{many.gateways} gateways of {many.signals} signals: set-up {many.set_up:.1f} s of CPU, one refresh of all "
            f"{many.refresh * 1e3:.0f} ms, longest block {many.longest * 1e3:.0f} ms, "
            f"{many.requests:.1f} requests a gateway and refresh"
        )
    if (rows := results.rows) is not None:
        lines.append(
            f"Rows an hour, {rows.signals} signals that change with each of 360 polls: {rows.throttled} "
            f"({rows.throttled / rows.signals:.0f} a signal), without the throttle {rows.all_changes}"
        )
    if (day := results.day) is not None:
        lines += _day(day)
    return "\n".join(lines)


_CONTESTANTS = "parsing", "bare", "plain", "ours", "throttled", "idle"


def as_data(results: Results) -> Json:
    """Return all figures, as JSON takes them: seconds, bytes, ratios."""
    return {
        "machine": machine(),
        "rounds": results.rounds,
        "refresh": [
            {
                "signals": one.signals,
                "change": one.change,
                **{name: getattr(one, name).median for name in _CONTESTANTS},
                "ratio": one.ours.ratio(one.bare),
                "ratio_with_parsing": one.ours.ratio(one.bare, one.parsing),
                "plain_ratio": one.plain.ratio(one.bare),
            }
            for one in results.refreshes
        ],
        "https": [
            {
                "signals": one.signals,
                "ours": one.ours.median,
                "rest": one.rest.median if one.rest else None,
                "rest_ratio": one.rest.ratio(one.ours) if one.rest else None,
                "requests": one.traffic.requests / one.polls,
                "bytes_asked": one.traffic.sent / one.polls,
                "bytes": one.traffic.received / one.polls,
                "connections": one.traffic.connections,
            }
            for one in results.wires
        ],
        **{name: [_fields(one) for one in found] for name, found in _plain(results).items()},
    }


def _plain(results: Results) -> Mapping[str, Sequence[Start | Memory | Many | Rows | Day]]:
    """Return the records that hold figures and nothing else."""
    return {
        "start": results.starts,
        "memory": results.memory,
        "many": [results.many] if results.many else [],
        "rows": [results.rows] if results.rows else [],
        "day": [results.day] if results.day else [],
    }


def _fields(record: Start | Memory | Many | Rows | Day) -> Json:
    """Return what a record holds."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


BARS = {Change.ALL: 2.5, Change.TENTH: 0.5, Change.NONE: 0.1, Change.SAME: 0.1}
"""A refresh against the bare loop with parsing."""
STAYS = 0.5
"""Bytes that a poll may leave in the integration's own files, on the last day: the smallest object takes 24."""
LONGEST = 0.1
"""Seconds for which nothing else may have to wait."""


def _rest_bar(wire: Wire) -> int:
    """Return how many times slower `rest` has to be."""
    return 50 if wire.signals >= PAGE else 10


def missed(results: Results) -> list[str]:
    """Return which bars are missed."""
    found = [
        f"{one.signals} signals, {one.change}: {ratio:.2f} of the bare loop, the bar is {bar}"
        for one in results.refreshes
        if (bar := BARS.get(one.change)) and (ratio := one.ours.ratio(one.bare, one.parsing)) > bar
    ]
    for wire in results.wires:
        bar = _rest_bar(wire)
        if wire.rest and (ratio := wire.rest.ratio(wire.ours)) < bar:
            found.append(f"rest at {wire.signals} signals: {ratio:.1f} times as slow, the bar is {bar}")
    if (day := results.day) is not None and (left := day.own[-1]) > STAYS * day.polls:
        found.append(f"the last of the days leaves {left} bytes in memory, the bar is {STAYS * day.polls:.0f}")
    for start in results.starts:
        blocks = start.longest_of_set_up, start.longest_of_again, start.longest_of_refresh, start.longest_of_unload
        if max(blocks) > LONGEST:
            found.append(f"{start.signals} signals: a block of {max(blocks) * 1e3:.0f} ms, the bar is 100")
    return found
