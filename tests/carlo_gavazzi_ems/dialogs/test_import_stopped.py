"""An import in the options that ends early: closed, unloaded, Home Assistant stops, the gateway goes away."""

from collections.abc import Awaitable, Callable
import logging
import sqlite3

from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.orm.session import Session

from simulator import Drop, Gateway
from tests.carlo_gavazzi_ems.dialogs.import_pages import (
    HISTORY,
    HOURLY,
    HOURS,
    Gate,
    assert_whole,
    by_statistic,
    entry as entry,  # noqa: PLC0414  # a fixture
    import_task,
    imported,
    recorded,
    site as site,  # noqa: PLC0414  # a fixture
    submit,
    to_confirm,
)
from tests.carlo_gavazzi_ems.recorder import in_recorder


async def close_dialog(hass: HomeAssistant, _: MockConfigEntry, flow: ConfigFlowResult) -> None:
    """Close the dialog."""
    hass.config_entries.options.async_abort(flow["flow_id"])


async def unload(hass: HomeAssistant, entry: MockConfigEntry, flow: ConfigFlowResult) -> None:
    """Unload the gateway; the dialog says why it ends, and the gateway is set up again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    ended = await hass.config_entries.options.async_configure(flow["flow_id"])
    while ended["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        ended = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "import_stopped")
    assert await hass.config_entries.async_setup(entry.entry_id)


async def begun(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> ConfigFlowResult:
    """Begin an import, and return when it has written a week, and waits for an answer about another."""
    confirm = await to_confirm(hass, entry)
    gateway.faults.add(gate := Gate(path=HISTORY))
    flow = await submit(hass, confirm)
    pieces: set[str] = set()
    # A week of these sensors is read in two pieces, each of several pages.
    while len(pieces) < 3:
        await gate.arrival()
        pieces.add(gateway.requests[-1].query["start"])
        if len(pieces) < 3:
            await gate.let_one()
    gate.open()
    gateway.faults.remove(gate)
    assert import_task(hass) is not None
    return flow


@pytest.mark.parametrize("stop", [close_dialog, unload])
async def test_r04_left_in_the_middle(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    stop: Callable[[HomeAssistant, MockConfigEntry, ConfigFlowResult], Awaitable[None]],
) -> None:
    """What is written is whole, nothing runs on, and the next import gives what one run would have given."""
    kept = in_recorder(
        hass,
        lambda session: [
            *map(copied, session.query(Statistics).all()),
            *map(copied, session.query(StatisticsShortTerm).all()),
        ],
    )
    await imported(hass, entry)
    reference = await recorded(hass)

    def restore(session: Session) -> None:
        for table in (Statistics, StatisticsShortTerm):
            session.query(table).delete()
        session.add_all(kept)

    in_recorder(hass, restore)
    await stop(hass, entry, await begun(hass, gateway, entry))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert import_task(hass) is None
    assert not entry.runtime_data.history.lock.locked()
    partly = await recorded(hass)
    assert_whole(partly)
    assert all(1 < len(hours) < len(reference[entity_id]) for entity_id, hours in partly.items())
    assert (await imported(hass, entry))["step_id"] == "import_done"
    assert await recorded(hass) == reference
    assert await hass.config_entries.async_unload(entry.entry_id)


def copied[T: (Statistics, StatisticsShortTerm)](row: T) -> T:
    """Return a row to write again."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return type(row)(**values)


class TestWhileHomeAssistantStops:
    """With a database that is still there afterwards."""

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
        assert all(1 < len(hours) < HOURS for hours in rows.values())
        ours = ("homeassistant", "custom_components")
        assert not [item for item in caplog.records if item.levelno >= logging.ERROR and item.name.startswith(ours)]


async def test_the_gateway_goes_away(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """The dialog says so in the words of the actions."""
    gateway.faults.add(Drop(path=HISTORY))
    ended = await to_confirm(hass, entry)
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "import_failed")
    words = ended["description_placeholders"] or {}
    assert words["problem"] == f"{entry.title} does not answer, or its answer was incomplete."
    assert await hass.config_entries.async_unload(entry.entry_id)
