"""Runs on a fast clock, without a real Home Assistant: in which order things happen, and how they end."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
import sqlite3
from typing import Any, Self

import pytest

from simulator import Site, SiteKind, build_site
from testbed import fast_entry, outage, past
from testbed.configuration import Configuration
from testbed.console import Console
from testbed.energy_page import fill_energy, preferences
from testbed.errors import HarnessError, TooBusyError
from testbed.hours import HOUR, CounterHour, Judge
from testbed.outage import Options, Run, live_through, main, parse
from testbed.past import Past
from testbed.registry import ConfigEntry, Entity, Snapshot

pytestmark = pytest.mark.usefixtures("socket_enabled")

_FAST = 50_000.0


@dataclass
class FakeProcess:
    """A process that is over."""

    async def wait(self) -> int:
        """Be over."""
        return -9


@dataclass
class FakeHomeAssistant:
    """Notes what is done with it."""

    configuration: Configuration
    wrapper: tuple[str, ...] = ()
    url: str = "http://127.0.0.1:1"
    process: FakeProcess = field(default_factory=FakeProcess)
    done: list[str] = field(default_factory=list)
    made: list[Self] = field(default_factory=list)

    async def start(self) -> None:
        """Note it."""
        self.done.append("start")

    async def stop(self) -> None:
        """Note it."""
        self.done.append("stop")

    def kill(self) -> None:
        """Note it."""
        self.done.append("kill")

    def log_tail(self) -> str:
        """Return something to look for."""
        return "the end of its log"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeHomeAssistant]:
    """All Home Assistants that were made, none of them real, each loaded at once."""
    found: list[FakeHomeAssistant] = []

    def make(configuration: Configuration, *, wrapper: tuple[str, ...]) -> FakeHomeAssistant:
        found.append(FakeHomeAssistant(configuration, wrapper))
        return found[-1]

    async def loaded(_home_assistant: object, _entry_id: str) -> None:
        """Be loaded."""

    for module in (outage, past):
        monkeypatch.setattr(module, "HomeAssistant", make)
        monkeypatch.setattr(module, "load_entry", loaded)
    monkeypatch.setattr("testbed.fast_clock.library", lambda: "libfaketime.so.1")
    return found


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> list[CounterHour]:
    """What the database holds."""
    found: list[CounterHour] = []
    monkeypatch.setattr(Judge, "hours", lambda _judge, _folder: iter(found))
    return found


def hour(begin: float, recorded: float = 1.0) -> CounterHour:
    """Return an hour in which the meter counted 1 kWh."""
    return CounterHour(7, "sensor.main", "kWh", begin, begin + HOUR, 1.0, recorded, 0.001)


def fast(**more: Any) -> Options:
    """Return what is asked for by default, on a clock that makes a day of a second or two."""
    return replace(parse([]), speed=_FAST, **more)


async def test_an_outage_by_each_signal(
    made: list[FakeHomeAssistant], hours: list[CounterHour], tmp_path: Path
) -> None:
    """It lives, is ended in each way, is down as long as wanted, lives again, and is stopped to be looked into."""
    hours.append(hour(0.0))
    run = Run(fast(down=2.0), Console("outage"))
    assert await run.run(tmp_path / "config") == hours
    assert [one.done[:2] for one in made] == [["start", "stop"], ["start", "kill"], ["start", "stop"]]
    assert len({one.wrapper for one in made}) == 3
    assert len(run.outages) == 2
    for down, back in run.outages:
        assert back - down >= 2 * HOUR


async def test_a_destroyed_hour_is_seen_in_the_log(
    made: list[FakeHomeAssistant], hours: list[CounterHour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the recorder says of an import that went wrong ends the run, whatever the hours are."""
    told = f"ERROR {outage._DESTROYED}: 1\n"

    async def say(one: FakeHomeAssistant) -> None:
        await asyncio.to_thread(one.configuration.log.write_text, told)

    monkeypatch.setattr(FakeHomeAssistant, "start", say)
    with pytest.raises(HarnessError, match="destroyed hours of other sensors"):
        await Run(fast(kills=()), Console("outage")).run(tmp_path / "config")
    assert len(made) == 1
    assert hours == []


@pytest.mark.parametrize("busy", [1, 2, 3])
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
    if busy == 3:
        with pytest.raises(TooBusyError):
            await live_through(parse([]), Console("outage"), tmp_path / "config")
    else:
        ran, _ = await live_through(parse([]), Console("outage"), tmp_path / "config")
        assert ran.options.speed == speeds[-1]
    assert speeds == [60.0, 30.0, 15.0][: busy + 1]
    assert "setup_retry; it begins anew with a slower clock, x30" in capsys.readouterr().out


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


class FakeRest:
    """Answers with one state after the other, and fails where one is an error."""

    def __init__(self, states: Iterator[str | Exception]) -> None:
        """Answer with these."""
        self._states = states
        self.reloads = 0

    async def __aenter__(self) -> Self:
        """Be the client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing."""

    async def get(self, _path: str) -> list[dict[str, str]]:
        """Return the next state."""
        state = next(self._states)
        if isinstance(state, Exception):
            raise state
        return [{"entry_id": "one", "state": state}]

    async def post(self, _path: str, _data: object) -> None:
        """Note a reload."""
        self.reloads += 1


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeRest]:
    """Make a Home Assistant that answers so, and time pass without waiting."""

    def make(*states: str | Exception, forever: str | None = None) -> FakeRest:
        def one_by_one() -> Iterator[str | Exception]:
            yield from states
            while forever is not None:
                yield forever

        fake = FakeRest(one_by_one())
        monkeypatch.setattr(fast_entry, "RestClient", lambda _url: fake)
        return fake

    real = asyncio.sleep
    monkeypatch.setattr("testbed.fast_entry.asyncio.sleep", lambda _seconds: real(0))
    return make


async def test_an_entry_is_loaded_by_asking_again(rest: Callable[..., FakeRest], tmp_path: Path) -> None:
    """One that has given up is loaded again, one that is at it is left alone, no answer is no end."""
    fake = rest(HarnessError("refused"), "setup_in_progress", "setup_retry", "setup_error", "loaded")
    await fast_entry.load_entry(FakeHomeAssistant(Configuration(tmp_path, 1)), "one")  # type: ignore[arg-type]
    assert fake.reloads == 2


async def test_an_entry_that_is_never_loaded(
    rest: Callable[..., FakeRest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error tells how it stood, and the end of the log."""
    rest(forever="setup_retry")
    monkeypatch.setattr(fast_entry, "_LOADING", 0.02)
    with pytest.raises(TooBusyError, match="setup_retry:\nthe end of its log"):
        await fast_entry.load_entry(FakeHomeAssistant(Configuration(tmp_path, 1)), "one")  # type: ignore[arg-type]


async def test_a_past(
    made: list[FakeHomeAssistant],
    hours: list[CounterHour],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It lives three hours, is killed, and is right as soon as every hour of the outage is."""
    # A busy machine is late by tens of milliseconds: with this clock that is minutes, not half an hour.
    monkeypatch.setattr(past, "SPEED", _FAST / 10)
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


async def test_the_energy_page_of_a_demo() -> None:
    """The main meter is the grid, every other one a device; what is disabled or not of the site is left out."""
    site: Site = build_site(SiteKind.FLAT, seed=1)
    entities = [
        Entity(f"sensor.s{uid}", f"BX1_{uid}", None, "x", None, "1", "kWh")
        for uid, signal in site.signals.items()
        if site.truth(uid)[0] in ("energy_import", "energy_export")
    ]
    off = entities[-1]
    entities[-1] = replace(off, disabled_by="integration")
    entities.append(Entity("sensor.firmware", "BX1_firmware", None, "x", None, "1", None))
    snapshot = Snapshot(ConfigEntry("one", "EMS", "loaded", None), (), tuple(entities))
    sent: dict[str, Any] = {}

    class Socket:
        async def command(self, name: str, **data: Any) -> None:
            sent[name] = data

    await fill_energy(Socket(), site, snapshot)  # type: ignore[arg-type]
    found = sent["energy/save_prefs"]
    assert found == preferences(site, snapshot)
    (grid,) = found["energy_sources"]
    assert grid["type"] == "grid"
    assert grid["stat_energy_from"] == f"sensor.s{site.find('energy_import')}"
    assert grid["stat_cost"] is None
    stats = {device["stat_consumption"] for device in found["device_consumption"]}
    assert stats
    assert grid["stat_energy_from"] not in stats
    assert off.entity_id not in stats


def test_the_hours_of_no_database(tmp_path: Path) -> None:
    """A Home Assistant that has made no database yet is an error, not a success."""
    site = build_site(SiteKind.FLAT, seed=1)
    (tmp_path / ".storage").mkdir()
    (tmp_path / ".storage" / "core.entity_registry").write_text('{"data": {"entities": []}}')
    with pytest.raises(sqlite3.OperationalError):
        list(Judge(site, 30, []).hours(tmp_path))
