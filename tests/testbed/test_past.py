"""The hours before a demo: Home Assistant runs on a fast clock, is killed, and repairs the gap."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
import sqlite3

import pytest

from simulator import SiteKind, build_site
from testbed import past
from testbed.console import Console
from testbed.hours import HOUR, CounterHour, Judge
from testbed.past import Past

from .fast_runs import SPEED, FakeHomeAssistantProcess, hour


@pytest.mark.usefixtures("socket_enabled")
async def test_a_past(
    made: list[FakeHomeAssistantProcess],
    hours: list[CounterHour],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It runs for three hours, is killed, and is repaired when every hour of the outage is right."""
    # A busy machine is late by tens of milliseconds, which are minutes of this clock, not half an hour.
    monkeypatch.setattr(past, "SPEED", SPEED / 10)
    monkeypatch.setattr(past, "POLL_INTERVAL", 0.0)
    one = Past(1, 6 * HOUR, Console("demo"))
    one.kill()
    async with AsyncExitStack() as stack:
        await one.live(stack, tmp_path / "config", 1)
        one.kill()
        assert made[0].done == ["start", "kill", "kill"]
        down, back = one.outage
        assert back - down == pytest.approx(6 * HOUR, abs=600)
        last = back // HOUR * HOUR - HOUR
        uid = one.site.find("energy_import")
        hours += [replace(hour(last), uid=uid), replace(hour(last - HOUR, 0.0), uid=uid)]
        monkeypatch.setattr(past, "REPAIR_TIMEOUT", 0.02)
        assert not await one.repaired(tmp_path)
        hours[1] = replace(hours[1], recorded=1.0)
        assert await one.repaired(tmp_path)
    printed = capsys.readouterr().out
    assert "1 of them wrong" in printed
    assert "0 of them wrong" in printed
    assert printed.count("kWh   down") == 4


def test_the_hours_of_no_database(tmp_path: Path) -> None:
    """A Home Assistant that has made no database yet is an error, not a success."""
    site = build_site(SiteKind.FLAT, seed=1)
    (tmp_path / ".storage").mkdir()
    (tmp_path / ".storage" / "core.entity_registry").write_text('{"data": {"entities": []}}')
    with pytest.raises(sqlite3.OperationalError):
        list(Judge(site, 30, []).hours(tmp_path))
