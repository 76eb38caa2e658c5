"""The command: measure, print the tables, write JSON beside them."""

import asyncio
import json
from pathlib import Path
import sys
from typing import Final

import homeassistant  # noqa: F401  # first, so that `voluptuous` is its own

from .day import DAY, measure_day, measure_rows
from .refresh import measure_refreshes, measure_wire
from .report import Results, as_data, missed, render
from .start import measure_many, measure_memory, measure_start

SIZES: Final = (100, 1000, 5000)
RESULTS: Final = Path("benchmark.json")
PARTS: Final = ("refresh", "wire", "start", "memory", "many", "rows", "day")


async def measure(rounds: int, parts: list[str], tell: str = "[bench]") -> Results:
    """Measure these parts, the long ones last."""
    results = Results(rounds=rounds)
    for part in PARTS:
        if part not in parts:
            continue
        print(tell, part, file=sys.stderr, flush=True)
        match part:
            case "refresh":
                for signals in SIZES:
                    results.refreshes += await measure_refreshes(signals, rounds)
            case "wire":
                # `rest` reads one page: beyond 1,000 signals there is nothing to compare with.
                results.wires = [await measure_wire(signals, rounds) for signals in SIZES[:2]]
            case "start":
                results.starts = [await measure_start(signals) for signals in SIZES]
            case "memory":
                results.memory = [await measure_memory(signals) for signals in SIZES]
            case "many":
                results.many = await measure_many(20, 1000)
            case "rows":
                results.rows = await measure_rows(250)
            case "day":
                results.day = await measure_day(100, DAY)
    return results


def run(rounds: int, parts: list[str], target: Path | None) -> int:
    """Measure, print, write; 0 if every bar that was measured is met, else 1."""
    results = asyncio.run(measure(rounds, parts or list(PARTS)))
    print(render(results))
    (target or RESULTS).write_text(json.dumps(as_data(results), indent=1) + "\n", encoding="utf-8")
    for sentence in missed(results):
        print(f"MISSED: {sentence}")
    return 1 if missed(results) else 0
