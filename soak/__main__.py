"""The command line: `python -m soak --hours 24 --seed 1`."""

# Before Home Assistant, which binds its time functions when it is imported.
from pytest_homeassistant_custom_component import patch_time  # isort: skip

import argparse
import asyncio
from collections.abc import Sequence
import logging
from pathlib import Path
import sqlite3
import tempfile
from typing import cast

import freezegun
from freezegun.api import FrozenDateTimeFactory

from .day import Day, make_gateway, token_age_by_this_clock
from .episodes import every_kind
from .judge import Report
from .jumping_clock import JumpingLoop, watch_the_recorder

_BEGIN = "2026-10-20 00:00:30"


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description="Simulate a day with every fault, in minutes.")
    parser.add_argument("--hours", type=float, default=24.0, help="simulated hours, 2 or more (default 24)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the site and the faults (default 1)")
    parser.add_argument("--only", nargs="+", default=[], choices=every_kind(), help="only these kinds of episode")
    parser.add_argument("--log", action="store_true", help="show the log as it is written")
    return parser


def prepare() -> None:
    """Patch frozen time so that Home Assistant and its database work with it."""
    vars(freezegun.api).update(
        FakeDate=patch_time.HAFakeDate,
        FakeDatetime=patch_time.HAFakeDatetime,
        datetime_to_fakedatetime=patch_time.ha_datetime_to_fakedatetime,
        _get_module_attributes=patch_time.ha_get_module_attributes,
        _get_module_attributes_hash=patch_time.ha_get_module_attributes_hash,
        _should_use_real_time=patch_time.ha_should_use_real_time,
        get_current_time=patch_time.ha_get_current_time,
    )
    sqlite3.register_adapter(patch_time.HAFakeDatetime, lambda value: value.isoformat(" "))
    watch_the_recorder()
    token_age_by_this_clock()


def run(hours: float, seed: int, only: Sequence[str]) -> Report:
    """Run one soak test and return its report."""
    prepare()
    gateway = asyncio.run(make_gateway(seed))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, freezegun.freeze_time(_BEGIN) as clock:
        loop = JumpingLoop(cast("FrozenDateTimeFactory", clock))
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(Day(gateway, Path(folder), hours, seed, only).run())
        finally:
            loop.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit code 0 if every limit is met, else 1."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.hours < 2:
        parser.error("--hours must be 2 or more: the last 75 minutes are without faults")
    if options.log:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    report = run(options.hours, options.seed, options.only)
    print(report)
    return 0 if report.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
