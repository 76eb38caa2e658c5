"""The command: measure, print the tables, write JSON."""

import asyncio
from collections.abc import Collection, Sequence
import json
from pathlib import Path
import sys
from typing import Final

import homeassistant  # noqa: F401  # first, so that `voluptuous` is its own

from .day import DAY, measure_day
from .refresh import measure_refreshes
from .report import Results, as_data, missed, render
from .start import measure_start

SIZES: Final = (1000, 5000)
RESULTS: Final = Path("benchmark.json")
PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
"""The file with the figures, between two markers."""
BEGIN: Final = "<!-- figures: written by scripts/bench --docs -->"
END: Final = "<!-- end of figures -->"


async def _refresh(results: Results) -> None:
    for signals in results.sizes:
        results.refreshes += await measure_refreshes(signals, results.rounds)


async def _start(results: Results) -> None:
    results.starts = [await measure_start(signals) for signals in results.sizes]


async def _day(results: Results) -> None:
    results.day = await measure_day(100, results.polls)


PARTS: Final = {"refresh": _refresh, "start": _start, "day": _day}
"""What there is to measure, the long one last."""


async def measure(results: Results, parts: Collection[str]) -> None:
    """Measure these parts."""
    for name, part in PARTS.items():
        if name in parts:
            print(f"[bench] {name}", file=sys.stderr, flush=True)
            await part(results)


def run(  # noqa: PLR0913 (what the command line says)
    rounds: int,
    parts: Collection[str],
    sizes: Sequence[int],
    target: Path | None,
    *,
    polls: int = DAY,
    docs: bool = False,
) -> int:
    """Measure, print, write; 0 if every bar that was measured is met, else 1."""
    results = Results(rounds=rounds, sizes=sizes or SIZES, polls=polls)
    asyncio.run(measure(results, parts or PARTS))
    print(render(results))
    (target or RESULTS).write_text(json.dumps(as_data(results), indent=1) + "\n", encoding="utf-8")
    if docs:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n{render(results)}\n\n{END}{after}", encoding="utf-8")
    for sentence in missed(results):
        print(f"MISSED: {sentence}")
    return 1 if missed(results) else 0
