"""The judge of an outage reports wrong and missing hours."""

from collections.abc import Iterable
import json
from pathlib import Path
import signal
import sqlite3
import time

import pytest

from simulator import Site, SiteKind, build_site
from testbed import warp
from testbed.configuration import prepare
from testbed.console import Console
from testbed.entry import named, store_entry
from testbed.errors import UsageError
from testbed.fast_clock import FastClock
from testbed.gateway import GatewayAccess
from testbed.hours import HOUR, CounterHour, Judge
from testbed.outage import Run, judge, parse, render

START = 1_795_194_000.0


@pytest.fixture
def site() -> Site:
    """A flat that shows all its digits."""
    return build_site(SiteKind.FLAT, seed=1, exact=True, installed=START - 86_400)


def recorded(folder: Path, uid: int, unit: str, rows: Iterable[tuple[float, float]]) -> Path:
    """Write the files that the judge reads."""
    (folder / ".storage").mkdir()
    entities = [
        {"entity_id": "sensor.main", "unique_id": f"BX1_{uid}"},
        {"entity_id": "sensor.gateway", "unique_id": "BX1_firmware"},
    ]
    (folder / ".storage" / "core.entity_registry").write_text(json.dumps({"data": {"entities": entities}}))
    with sqlite3.connect(folder / "home-assistant_v2.db") as database:
        database.execute("create table statistics_meta (id, statistic_id, unit_of_measurement, has_sum)")
        database.execute("create table statistics (metadata_id, start_ts, sum)")
        database.execute("insert into statistics_meta values (1, 'sensor.main', ?, 1)", (unit,))
        database.execute("insert into statistics_meta values (2, 'sensor.of_others', 'kWh', 1)")
        database.executemany("insert into statistics values (1, ?, ?)", rows)
        database.executemany("insert into statistics values (2, ?, ?)", [(START, 0.0), (START + HOUR, 9.0)])
    database.close()
    return folder


def true_rows(site: Site, uid: int, hours: Iterable[int]) -> list[tuple[float, float]]:
    """Return the rows of a recorder without errors."""
    return [(START + hour * HOUR, site.reading(uid, START + (hour + 1) * HOUR - 1)) for hour in hours]


def judged(site: Site, folder: Path, outages: list[tuple[float, float]]) -> tuple[list[CounterHour], list[str]]:
    """Return the hours and the errors."""
    run = Run(parse([]), Console("outage"))
    run.outages = outages
    hours = list(Judge(site, 30, outages).hours(folder))
    return hours, judge(run, hours)


def test_right_hours(site: Site, tmp_path: Path) -> None:
    """The meter's own hours are right, to the last digit."""
    uid = site.find("energy_import")
    outage = (START + 1.5 * HOUR, START + 4.2 * HOUR)
    unit = site.truth(uid)[1]
    hours, problems = judged(site, recorded(tmp_path, uid, unit, true_rows(site, uid, range(7))), [outage])
    assert problems == []
    assert len(hours) == 6
    assert max(abs(hour.difference) for hour in hours) < 1e-6
    # An hour that ends in the outage has to be exact; others may differ by one poll.
    assert [hour.allowed < 1e-5 for hour in hours] == [False, True, True, False, False, False]
    table = render(hours)
    assert "WRONG" not in table
    assert table.count("sensor.main") == 1


def test_wrong_hours(site: Site, tmp_path: Path) -> None:
    """Energy in the wrong hour is seen in both."""
    uid = site.find("energy_import")
    rows = true_rows(site, uid, range(7))
    rows[3] = (rows[3][0], rows[3][1] + 0.01)
    folder = recorded(tmp_path, uid, site.truth(uid)[1], rows)
    hours, problems = judged(site, folder, [(START + 1.5 * HOUR, START + 6.2 * HOUR)])
    assert len(problems) == 2
    assert render(hours).count("WRONG") == 2


def test_hours_without_a_row(site: Site, tmp_path: Path) -> None:
    """Two hours in one row are wrong even where their sum is right; hours of an outage have to be there."""
    uid = site.find("energy_import")
    folder = recorded(tmp_path, uid, site.truth(uid)[1], true_rows(site, uid, (0, 1, 4, 5, 6)))
    _, problems = judged(site, folder, [(START + 1.5 * HOUR, START + 4.9 * HOUR)])
    assert any("instead of" in problem for problem in problems)
    assert any("have no row" in problem for problem in problems)


def test_nothing_recorded(site: Site, tmp_path: Path) -> None:
    """A database without an hour is no success."""
    _, problems = judged(site, recorded(tmp_path, site.find("energy_import"), "kWh", []), [])
    assert problems == ["no counter has any hour"]


def test_another_unit(site: Site, tmp_path: Path) -> None:
    """Numbers in another unit than the meter's are not compared."""
    uid = site.find("energy_import")
    folder = recorded(tmp_path, uid, "MWh", true_rows(site, uid, range(3)))
    with pytest.raises(ValueError, match="recorded in MWh"):
        judged(site, folder, [])


def test_command_line() -> None:
    """Defaults, everything, and what is refused."""
    options = parse([])
    assert options.repair
    assert list(options.kills) == [signal.SIGTERM, signal.SIGKILL]
    options = parse(["--no-repair", "--kill", "kill", "--down", "6", "--speed", "120", "--interval", "10"])
    assert not options.repair
    assert list(options.kills) == [signal.SIGKILL]
    assert (options.down, options.speed, options.interval) == (6.0, 120.0, 10)
    for wrong in (["--down", "x"], ["--speed", "0"], ["--kill", "-9"], ["more"]):
        with pytest.raises(UsageError):
            parse(wrong)


def test_the_clock_runs_fast_and_jumps() -> None:
    """An hour a second, and where it is set to."""
    clock = FastClock(START, 3600.0)
    before = time.monotonic()
    assert clock.now() == clock.wall() or clock.wall() > START
    time.sleep(0.02)
    assert START + 72 <= clock.now() <= START + (time.monotonic() - before + 1) * 3600
    clock.set(START + 100_000)
    assert clock.now() >= START + 100_000


async def test_waiting_by_the_clock() -> None:
    """Until an instant; one that has passed is not waited for."""
    clock = FastClock(START, 3600.0)
    await clock.until(START + 60)
    assert clock.now() >= START + 59
    await clock.until(START)


def test_the_other_process_starts_at_a_full_second() -> None:
    """What libfaketime is told is the time of the clock, when it is told."""
    mark = time.monotonic()
    told = warp.start_time(START, mark, 60.0)
    shown = START + (time.monotonic() - mark) * 60
    full = time.mktime(time.strptime(told, "@%Y-%m-%d %H:%M:%S")) - time.timezone
    assert full == pytest.approx(shown, abs=30)
    assert full > START


def test_a_stored_entry(site: Site, tmp_path: Path) -> None:
    """It has what the set-up asks a person for, and every code its name."""
    configuration = prepare(tmp_path / "config", 8123)
    gateway = GatewayAccess("127.0.0.1:8443", "admin", "secret", "ab" * 32)
    entry_id = store_entry(configuration, gateway, "BX10000001", START, {"codes": named(site), "repair_gaps": False})
    stored = json.loads((configuration.folder / ".storage" / "core.config_entries").read_text(encoding="utf-8"))
    (entry,) = stored["data"]["entries"]
    assert entry["entry_id"] == entry_id
    assert entry["unique_id"] == "BX10000001"
    assert (entry["data"]["host"], entry["data"]["port"]) == ("127.0.0.1", 8443)
    assert entry["options"]["repair_gaps"] is False
    assert set(entry["options"]["codes"]) == {str(signal.si) for signal in site.signals.values()}
