"""The action that imports history: interruptions, and errors of the database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy.exc import OperationalError

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR
from custom_components.carlo_gavazzi_ems.history.importer import HistoryImport
from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from simulator import Gateway

from .dialogs.import_pages import (
    BEGIN,
    HISTORY,
    HOURS,
    SENSORS,
    Gate,
    assert_whole,
    counted,
    entity_id_of,
    entry as entry,  # noqa: PLC0414  # a fixture
    recorded,
    site as site,  # noqa: PLC0414  # a fixture
)
from .interruption import cancel, every_suspension
from .repair_pages import opened

_RECORDER = "homeassistant.components.recorder.statistics._import_statistics_with_session"
_FULL = OperationalError("INSERT", {}, Exception("database or disk is full"))


#: The start of the two days before the recorded hour, and the number of their hours.
START, HOURS_OF_TWO_DAYS = datetime(2026, 10, 18, 7, tzinfo=UTC), 53


def importing(hass: HomeAssistant, entry: MockConfigEntry, start: datetime = START) -> asyncio.Task[Any]:
    """Call the action."""
    asked = {"config_entry_id": entry.entry_id, "start": start, "dry_run": False}
    return hass.async_create_task(
        hass.services.async_call(DOMAIN, "import_history", asked, blocking=True, return_response=True)
    )


async def test_r04_the_action_ends_with_its_entry(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """The hours imported so far are complete, the caller gets an error, and a second call continues from there."""
    gateway.faults.add(gate := Gate(path=HISTORY))
    call = importing(hass, entry, BEGIN)
    for _ in range(3):
        await gate.arrival()
        await gate.let_one()
    await gate.arrival()
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError) as error:
        await call
    assert error.value.translation_key == "import_stopped"
    gate.open()
    assert await hass.config_entries.async_setup(entry.entry_id)
    told = await importing(hass, entry, BEGIN)
    assert {sensor["hours"] > 0 for sensor in told["sensors"].values()} == {True}
    assert gateway.peak_in_flight == 1
    rows = await recorded(hass)
    assert_whole(rows)
    assert {len(hours) for hours in rows.values()} == {HOURS + 1}
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_the_caller_goes_away(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """A script that is stopped stops its import."""
    gateway.faults.add(gate := Gate(path=HISTORY))
    call = importing(hass, entry)
    await gate.arrival()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)
    assert not entry.runtime_data.history.lock.locked()
    gate.open()
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.timeout(300)
async def test_r04_a_stop_at_every_await(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """Whatever was imported until then is whole, and the next run goes on; each begins an hour earlier, so that it has work."""
    begin = START

    async def work() -> object:
        nonlocal begin
        begin -= timedelta(hours=1)
        return await HistoryImport(hass, entry, dry_run=False).async_run(
            await async_targets(hass, entry), begin.timestamp()
        )

    number = 0
    async for number in every_suspension(work, cancel):
        await hass.async_block_till_done()
        assert not entry.runtime_data.history.lock.locked(), number
        assert_whole(await recorded(hass))
    assert number > 10
    assert {len(hours) for hours in (await recorded(hass)).values()} == {HOURS_OF_TWO_DAYS + 1 + number}
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.timeout(300)
async def test_r03_a_stop_at_every_await_of_a_repair_by_hand(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """The dialog that fills missed hours in may be closed at any time."""
    before = await recorded(hass)

    async def work() -> object:
        flow, _ = await opened(hass, f"history_waits_{entry.entry_id}_x", {"entry_id": entry.entry_id})
        return await flow.async_step_confirm({})

    number = 0
    async for number in every_suspension(work, cancel):
        await hass.async_block_till_done()
        assert not entry.runtime_data.history.lock.locked(), number
        assert await recorded(hass) == before
    assert number > 3
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_only_full_hours(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Where a day begins half past an hour of UTC, the first hour is the full one after it, and books its own only."""
    await hass.config.async_set_time_zone("Asia/Kolkata")
    await importing(hass, entry, datetime(2026, 10, 18, 18, 30, tzinfo=UTC))
    rows = counted(await recorded(hass))
    uid = gateway.site.find("energy_import")
    start, _, first, *_ = rows[entity_id_of(hass, entry, uid)][0]
    assert start == datetime(2026, 10, 18, 19, tzinfo=UTC).timestamp()
    scale = 1000.0 if gateway.site.truth(uid)[1] == "kWh" else 1.0
    assert first == pytest.approx(gateway.site.energy_wh(uid, start - 1, start + HOUR - 1) / scale, abs=2.1 / scale)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_a_full_disk_is_told(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """The action says that nothing was kept, and the next run imports everything."""
    before = await recorded(hass)
    with patch(_RECORDER, side_effect=_FULL):
        with pytest.raises(HomeAssistantError) as error:
            await importing(hass, entry)
        assert error.value.translation_key == "recorder_failed"
    assert {len(hours) for hours in (await recorded(hass)).values()} == {len(hours) for hours in before.values()} == {1}
    told = await importing(hass, entry)
    assert [sensor["hours"] for sensor in told["sensors"].values()] == [HOURS_OF_TWO_DAYS] * SENSORS
    assert_whole(await recorded(hass))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r04_the_action_answers_for_every_sensor(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """A sensor without a recorded hour has nothing to import yet, and is in the answer all the same."""
    with patch("custom_components.carlo_gavazzi_ems.services.HistoryImport.async_run", return_value=[]):
        response = await importing(hass, entry)
    assert len(response["sensors"]) >= SENSORS
    assert all(sensor == {"hours": 0} for sensor in response["sensors"].values())
