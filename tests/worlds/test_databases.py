"""The same story on SQLite, MariaDB and PostgreSQL; what the recorder holds at the end is the same row by row."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.patch_time import HAFakeDatetime
from sqlalchemy import create_engine, text

from testbed.databases import mariadb, postgresql, program

from .tale import DAY, Tale, tell

_QUERY = """
select statistic_id, start_ts, state, sum, mean, min, max
from statistics join statistics_meta on statistics_meta.id = metadata_id order by statistic_id, start_ts
"""
#: kWh.
_STEP = 0.001


async def _story(tale: Tale) -> None:
    """Off for hours with a reset, unreachable over the full hour, and wrong for minutes."""
    tale.reset("14:00:03")
    await tale.begin("12:20")
    await tale.off("15:34:10")
    await tale.until("16:40")
    await tale.unreachable("18:05")
    await tale.until("18:40")
    await tale.wrong("18:42:30", 0.0)
    await tale.until("20:30")
    await tale.world.stop()


def _rows(url: str) -> list[tuple[Any, ...]]:
    """Return all hourly rows of a database."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(text(_QUERY)).fetchall()
    finally:
        engine.dispose()
    return [(name, (start - DAY) / 3600, *numbers) for name, start, *numbers in found]


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("start", "needs"),
    [
        pytest.param(postgresql, "initdb", marks=pytest.mark.long, id="postgresql"),
        pytest.param(mariadb, "mariadbd", id="mariadb"),
    ],
)
def test_r03_the_same_on_every_database(
    tmp_path: Path, start: Callable[[], AbstractContextManager[str]], needs: str
) -> None:
    """Every row that the repair or the recorder wrote has the same numbers."""
    if program(needs) is None:
        pytest.skip("scripts/databases installs it")
    if needs == "initdb":
        pytest.importorskip("psycopg2")
    else:
        # The driver converts by the exact class, and a story has another class of dates.
        converters = pytest.importorskip("pymysql.converters")
        converters.conversions[HAFakeDatetime] = converters.escape_datetime
    (tmp_path / "file").mkdir()
    (tmp_path / "server").mkdir()
    tale = tell(_story, tmp_path / "file")
    expected = _rows(f"sqlite:///{tale.folder / 'home-assistant_v2.db'}")
    with start() as url:
        tell(_story, tmp_path / "server", database=url)
        found = _rows(url)
    assert len(expected) > 20
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    for row, other in zip(found, expected, strict=True):
        # The polls of two runs differ by milliseconds, and so a reading may differ by a step of the counter.
        assert row[2:] == pytest.approx(other[2:], rel=1e-9, abs=1.01 * _STEP, nan_ok=True), row[:2]
