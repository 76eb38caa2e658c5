"""Older history in the options: the start date, the progress, and the result."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done

from simulator import Gateway
from tests.carlo_gavazzi_ems.config_pages import placeholders_of
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.dialogs.import_pages import (
    BEGIN,
    HISTORY,
    NOON,
    REALTIME,
    SENSORS,
    Gate,
    assert_true,
    assert_whole,
    counted,
    entity_id_of,
    entry as entry,  # noqa: PLC0414  # a fixture
    filled_in,
    five_minutes,
    open_page,
    recorded,
    site as site,  # noqa: PLC0414  # a fixture
    submit,
    wished,
)
from tests.carlo_gavazzi_ems.recorder import in_recorder


async def test_r04_wished_for_in_the_options_three_times(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A date is enough; all is filled in without a dialog, told in two lines, and nothing is left for the next time."""
    before = await recorded(hass)
    assert {len(hours) for hours in before.values()} == {1}
    page = await open_page(hass, entry)
    assert (page["step_id"], placeholders_of(page)) == ("import_history", {"result": ""})
    caplog.clear()
    await filled_in(hass, entry)
    told = "4 counters and 3 measured values, back to 2026-10-01 00:00; 0 sensors refused"
    lines = [item.getMessage() for item in caplog.records if "older history" in item.getMessage()]
    assert lines == [
        f"{entry.title}: filling in older history back to 2026-10-01 00:00",
        f"{entry.title}: older history is filled in: {told}",
    ]
    rows = await recorded(hass)
    assert_whole(rows)
    assert {hours[0][0] for hours in rows.values()} == {BEGIN.timestamp()}
    for entity_id, hours in rows.items():
        assert hours[-1][1] == before[entity_id][0][1]
    for uid, signal in gateway.site.signals.items():
        if signal.si == gateway.site.signals[gateway.site.find("energy_import")].si:
            assert_true(gateway.site, uid, counted(rows)[entity_id_of(hass, entry, uid)])
    result = placeholders_of(await open_page(hass, entry))["result"].splitlines()
    # One line for all counters and one for all others, energy first.
    assert [line.rpartition(": filled in back to ")[2] for line in result[-2:]] == ["2026-10-01, days: 20"] * 2
    assert "energy import" in result[-2].lower()
    assert "voltage" in result[-1].lower()
    for _ in range(2):
        await filled_in(hass, entry)
        assert await recorded(hass) == rows
        assert placeholders_of(await open_page(hass, entry))["result"].count("already complete back to 2026-10-01") == 2
    assert gateway.peak_in_flight == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_how_far_it_is(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """While it runs, the options tell the day and the days left, of energy first; polling goes on beside it."""
    gateway.faults.add(gate := Gate(path=HISTORY))
    await wished(hass, entry)
    hass.bus.async_fire("recorder_5min_statistics_generated")
    await gate.arrival()
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "filling" in menu["menu_options"]
    assert "import_history" not in menu["menu_options"]
    assert placeholders_of(menu)["how_far"] == (
        "Energy is filled in back to 2026-10-20. Days left: 20; power and the other values follow."
    )
    gateway.requests.clear()
    for _ in range(6):
        await gate.arrival()
        poll = hass.async_create_task(entry.runtime_data.realtime.async_refresh())
        # The poll is due while a page of history is read, and comes next.
        gate.passes.release()
        await poll
        assert entry.runtime_data.realtime.last_update_success
    order = [request.path for request in gateway.requests]
    assert [path for path in order if path in {HISTORY, REALTIME}][:11] == [REALTIME, HISTORY] * 5 + [REALTIME]
    expected = [
        "Energy is filled in back to 2026-10-13. Days left: 13; power and the other values follow.",
        "Energy is filled in. Power and the other values are filled in back to 2026-10-20. Days left: 20.",
        "Energy is filled in. Power and the other values are filled in back to 2026-10-19. Days left: 19.",
    ]
    backfill = entry.runtime_data.history.backfill
    for counters, day in ((True, 13), (False, 20), (False, 19)):
        while backfill.days_left != day or backfill.reached.counters is not counters:
            gate.passes.release()
            await asyncio.sleep(0)
        page = await open_page(hass, entry, "filling")
        assert placeholders_of(page)["how_far"] == expected.pop(0)
    gate.open()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert gateway.peak_in_flight == 1
    assert_whole(await recorded(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_when_there_is_no_wish(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """Not for the future, not before the first gateway, not while the gateway is away."""
    page = await open_page(hass, entry)
    for wrong in ("2026-10-21", "1999-12-31"):
        page = await submit(hass, page, start=wrong)
        assert page["errors"] == {"start": "not_past"}
    assert not entry.runtime_data.history.backfill.is_active
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await open_page(hass, entry))["reason"] == "not_loaded"


async def test_not_offered_without_a_recorder(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Without statistics there is neither older history nor an Energy dashboard."""
    entry = await set_up(gateway)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["polling", "name_codes", "table"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_too_early_says_when(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Before the first recorded hour the page says at what time it begins; it may be stopped before that."""
    freezer.move_to(NOON + timedelta(minutes=20))
    await hass.config.async_set_time_zone("Europe/Rome")
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    in_recorder(hass, lambda session: session.query(StatisticsRuns).delete())
    entry = await set_up(gateway)
    end = await wished(hass, entry)
    assert (end["type"], end["reason"]) == (FlowResultType.ABORT, "filling_in")
    assert placeholders_of(end)["how_far"] == "It begins at 15:10, when Home Assistant has recorded the first hour."
    await five_minutes(hass)
    assert HISTORY not in {request.path for request in gateway.requests}
    menu = await open_page(hass, entry, "filling")
    assert menu["menu_options"] == ["stop_filling", "init"]
    stopped = await submit(hass, menu, next_step_id="stop_filling")
    assert (stopped["type"], stopped["reason"]) == (FlowResultType.ABORT, "filling_stopped")
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "filling" not in menu["menu_options"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_came_of_it(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """A refusal is told with its reason, and a name is shown as it stands."""
    uid = gateway.site.find("energy_import")
    entity_id = entity_id_of(hass, entry, uid)
    er.async_get(hass).async_update_entity(entity_id, name="*Boiler* [x](http://y)")
    await hass.async_block_till_done()
    changed = (
        "UPDATE statistics SET state = 7.5 WHERE metadata_id = (SELECT id FROM statistics_meta WHERE statistic_id = ?)"
    )
    in_recorder(hass, lambda session: session.connection().exec_driver_sql(changed, (entity_id,)))
    await filled_in(hass, entry, "2026-10-19")
    told = placeholders_of(await open_page(hass, entry))["result"]
    line = next(line for line in told.splitlines() if "Boiler" in line)
    assert line.endswith(
        "·Boiler· (x)(http: //y): The recorded value 7.5 is not in the gateway's history of that hour."
    )
    assert told.count("filled in back to 2026-10-19, days: 2") == 2
    assert {len(hours) for hours in (await recorded(hass)).values()} == {1, 30}
    assert len(await recorded(hass)) == SENSORS
    assert await hass.config_entries.async_unload(entry.entry_id)
