"""Runs of outages with a fake Home Assistant: the order of steps, and exit codes."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from testbed.console import Console
from testbed.errors import HarnessError, TooBusyError
from testbed.hours import HOUR, CounterHour
from testbed.outage import Options, Run, live_through, main, parse

from .fast_runs import SPEED, FakeHomeAssistantProcess, hour

pytestmark = pytest.mark.usefixtures("socket_enabled")


def fast(**more: Any) -> Options:
    """Return the default options with a clock on which a day takes a second or two."""
    return replace(parse([]), speed=SPEED, **more)


async def test_an_outage_by_each_signal(
    made: list[FakeHomeAssistantProcess], hours: list[CounterHour], tmp_path: Path
) -> None:
    """Start, SIGTERM, start, SIGKILL, start, stop; each outage has the wanted length."""
    hours.append(hour(0.0))
    run = Run(fast(down=2.0), Console("outage"))
    assert await run.run(tmp_path / "config") == hours
    assert [one.done[:2] for one in made] == [["start", "stop"], ["start", "kill"], ["start", "stop"]]
    assert len({one.wrapper for one in made}) == 3
    assert len(run.outages) == 2
    for down, back in run.outages:
        assert back - down >= 2 * HOUR


async def test_a_destroyed_hour_is_seen_in_the_log(
    made: list[FakeHomeAssistantProcess], hours: list[CounterHour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder's message about a destroyed hour fails the run."""
    told = "ERROR Blocked attempt to insert duplicated statistic rows: 1\n"

    async def say(one: FakeHomeAssistantProcess) -> None:
        await asyncio.to_thread(one.configuration.log.write_text, told)

    monkeypatch.setattr(FakeHomeAssistantProcess, "start", say)
    with pytest.raises(HarnessError, match="destroyed hours of other sensors"):
        await Run(fast(kills=()), Console("outage")).run(tmp_path / "config")
    assert len(made) == 1
    assert hours == []


@pytest.mark.parametrize("busy", [1, 3, 4])
async def test_a_busy_machine_gets_a_slower_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half as fast, and half of that, each time from an empty folder; then it is an error."""
    speeds: list[float] = []

    async def run(one: Run, folder: Path) -> list[CounterHour]:
        speeds.append(one.options.speed)
        await asyncio.to_thread(folder.mkdir)
        if len(speeds) <= busy:
            raise TooBusyError("The integration was not loaded within 120 s, setup_retry:\nthe log")
        return []

    monkeypatch.setattr(Run, "run", run)
    if busy == 4:
        with pytest.raises(TooBusyError):
            await live_through(parse([]), Console("outage"), tmp_path / "config")
    else:
        ran, _ = await live_through(parse([]), Console("outage"), tmp_path / "config")
        assert ran.options.speed == speeds[-1]
    assert speeds == [120.0, 60.0, 30.0, 15.0][: busy + 1]
    assert "setup_retry; it begins anew with a slower clock, x60" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([hour(0.0), hour(HOUR)], 0, "OK: 2 hours of 1 counters, 0 wrong, largest difference 0.000"),
        ([hour(0.0), hour(HOUR, 1.5)], 1, "FAILED: 2 hours of 1 counters, 1 wrong, largest difference 0.500"),
        (HarnessError("it broke"), 1, "ERROR: it broke"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["right", "wrong", "broken", "interrupted"],
)
def test_the_command_ends_with_a_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: Any, code: int, said: str
) -> None:
    """0 where every hour is right, 1 where one is not or something broke, and the table in between."""

    async def run(_one: Run, folder: Path) -> list[CounterHour]:
        await asyncio.to_thread(folder.mkdir)
        if isinstance(found, BaseException):
            raise found
        return list(found)

    monkeypatch.setattr(Run, "run", run)
    assert main([]) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
    assert main(["--speed", "0"]) == 2
