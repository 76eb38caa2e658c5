"""The simulator against docs/openapi.yaml, tested with schemathesis."""

import asyncio
from collections import Counter
import os
from pathlib import Path
import sys

import pytest

from simulator import Dialect, Gateway, LimitCounts, ManualClock, Site

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "schemathesis"
OPERATIONS = 28


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param(Dialect(), id="as printed"),
        pytest.param(
            Dialect(
                limit_counts=LimitCounts.ROWS_PER_SIGNAL,
                limit_cap=100,
                extra=True,
                newest_first=True,
                empty_lists=True,
                history_in_milliseconds=True,
                realtime_in_seconds=True,
            ),
            id="the other way round",
            marks=pytest.mark.long,
        ),
    ],
)
async def test_schemathesis_finds_nothing(
    socket_enabled: None, site: Site, clock: ManualClock, dialect: Dialect, tmp_path: Path
) -> None:
    """Every check, valid and invalid data, with and without token, all 28 operations."""
    site.warm()
    async with Gateway(site, clock=clock, dialect=dialect) as gateway:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            "run",
            ROOT / "docs" / "openapi.yaml",
            *("--url", gateway.url),
            *("--tls-verify", "false"),
            *("--header", f"Authorization: Bearer {gateway.tokens.issue(gateway.username)}"),
            *("--checks", "all"),
            *("--max-examples", "25"),
            *("--seed", "1"),
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.simulator.schemathesis_hooks", "NO_PROXY": "*"},
        )
        output, _ = await process.communicate()
        statuses = Counter(request.status for request in gateway.requests)
    report = output.decode()
    assert process.returncode == 0, report
    assert f"{OPERATIONS} selected / {OPERATIONS} total" in report
    assert f"Tested: {OPERATIONS}" in report
    assert min(statuses[status] for status in (200, 400, 401, 404, 405)) >= 50, statuses
