"""An import of older history that ends early: stopped, unloaded, Home Assistant stops, the gateway is unreachable."""

from collections.abc import Awaitable, Callable
import logging
import sqlite3
from unittest.mock import patch

from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.session import Session

from simulator import Drop, Gateway
from tests.carlo_gavazzi_ems.dialogs.import_pages import (
    HISTORY,
    HOURLY,
    HOURS,
    NOON,
    Gate,
    assert_whole,
    by_statistic,
    counted,
    entry as entry,  # noqa: PLC0414  # a fixture
    filled_in,
    five_minutes,
    import_task,
    open_page,
    recorded,
    site as site,  # noqa: PLC0414  # a fixture
    submit,
    wished,
)
from tests.carlo_gavazzi_ems.recorder import in_recorder


async def stop_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Stop the import in the options."""
    stopped = await submit(hass, await open_page(hass, entry, "filling"), next_step_id="stop_filling")
    assert stopped["reason"] == "filling_stopped"


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload the gateway, and set it up again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)


async def begun(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """Begin the import; return when a week of all counters is written and the next one is requested."""
    gateway.faults.add(gate := Gate(path=HISTORY))
    await wished(hass, entry)
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    while (reached := entry.runtime_data.history.backfill.reached) is None or reached.back_to == NOON.timestamp():
        await gate.arrival()
        await gate.let_one()
    await gate.arrival()
    gate.open()
    gateway.faults.remove(gate)
    assert import_task(hass) is not None


@pytest.mark.parametrize("stop", [stop_it, unload])
async def test_r04_left_in_the_middle(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    stop: Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]],
) -> None:
    """All counters reach back equally far; continued by itself or on request, the result is that of a single run."""
    kept = in_recorder(
        hass,
        lambda session: [
            *map(copied, session.query(Statistics).all()),
            *map(copied, session.query(StatisticsShortTerm).all()),
        ],
    )
    await filled_in(hass, entry)
    reference = await recorded(hass)

    def restore(session: Session) -> None:
        for table in (Statistics, StatisticsShortTerm):
            session.query(table).delete()
        session.add_all(kept)

    in_recorder(hass, restore)
    await begun(hass, gateway, entry)
    await stop(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert import_task(hass) is None
    assert not entry.runtime_data.history.lock.locked()
    partly = await recorded(hass)
    assert_whole(partly)
    assert {len(hours) for hours in counted(partly).values()} == {7 * 24 + 1}
    assert {len(hours) for entity_id, hours in partly.items() if entity_id not in counted(partly)} == {1}
    if stop is stop_it:
        await wished(hass, entry)
    await five_minutes(hass)
    assert await recorded(hass) == reference
    assert not entry.runtime_data.history.backfill.is_active
    assert await hass.config_entries.async_unload(entry.entry_id)


def copied[T: (Statistics, StatisticsShortTerm)](row: T) -> T:
    """Return a row to write again."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return type(row)(**values)


class TestWhileHomeAssistantStops:
    """With a database that outlives Home Assistant."""

    @pytest.fixture
    def persistent_database(self) -> bool:
        """Keep the database in a file."""
        return True

    async def test_r04_home_assistant_stops(
        self,
        recorder_db_url: str,
        entry: MockConfigEntry,
        hass: HomeAssistant,
        gateway: Gateway,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It does not wait for the import, and what is on the disk is whole."""
        await begun(hass, gateway, entry)
        await hass.async_stop(force=True)
        assert import_task(hass) is None
        with sqlite3.connect(recorder_db_url.removeprefix("sqlite:///")) as database:
            rows = by_statistic(database.execute(HOURLY))
        assert_whole(rows)
        assert {len(hours) for hours in counted(rows).values()} == {7 * 24 + 1}
        ours = ("homeassistant", "custom_components")
        assert not [item for item in caplog.records if item.levelno >= logging.ERROR and item.name.startswith(ours)]


async def test_r04_the_gateway_goes_away(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again with the next five minutes, without a line in the log for each time."""
    gateway.faults.add(drop := Drop(path=HISTORY))
    await filled_in(hass, entry)
    await five_minutes(hass)
    assert {len(hours) for hours in (await recorded(hass)).values()} == {1}
    assert entry.runtime_data.history.backfill.is_active
    gateway.faults.remove(drop)
    await five_minutes(hass)
    assert_whole(await recorded(hass))
    assert {len(hours) for hours in (await recorded(hass)).values()} == {HOURS + 1}
    assert sum("older history" in item.getMessage() for item in caplog.records if item.levelname != "DEBUG") == 2
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_a_database_that_fails(
    entry: MockConfigEntry, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, however often it fails, and nothing is called filled in before it is."""
    full = OperationalError("INSERT", {}, Exception("database or disk is full"))
    with patch("homeassistant.components.recorder.statistics._import_statistics_with_session", side_effect=full):
        await filled_in(hass, entry, "2026-10-18")
        await five_minutes(hass)
    assert sum("tried again in five minutes" in item.getMessage() for item in caplog.records) == 1
    assert entry.runtime_data.history.backfill.is_active
    await five_minutes(hass)
    assert not entry.runtime_data.history.backfill.is_active
    assert_whole(await recorded(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)
