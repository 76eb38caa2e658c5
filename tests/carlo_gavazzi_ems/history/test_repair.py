"""Hours that Home Assistant missed, with the real recorder and a meter whose truth is known."""

from datetime import timedelta
import logging

from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CoreState
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done

from custom_components.carlo_gavazzi_ems.const import CONF_REPAIR_GAPS
from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue

from .conftest import ENERGY, House, at


@pytest.mark.parametrize("persistent_database", [False, True], ids=["memory", "disk"])
async def test_r03_home_assistant_off(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Six hours off: each has its own energy, the hour of the restart too, and a second run changes nothing."""
    caplog.set_level(logging.INFO)
    await house.live(10, 11.5)
    await house.repaired()
    assert house.entry.runtime_data.history.last.written == 0
    await house.restart(17 + 2 / 60)
    assert house.rows()[13].sum == house.rows()[12].sum
    await house.live(17 + 1 / 12, 17 + 3 / 12)
    await house.repaired()
    rows = house.rows()
    assert set(rows) == set(range(10, 17))
    house.assert_true()
    await house.live(17.25, 19)
    house.assert_true()
    assert "filled" in caplog.text
    for hour in range(12, 16):
        power = house.rows(house.power)[hour]
        assert power.min < power.mean < power.max
        assert power.mean == pytest.approx(2030 + 250 * (hour % 2), abs=15)
    before = house.rows(), house.rows(house.power)
    last = house.entry.runtime_data.history.last
    await house.live(19, 19 + 3 / 12)
    await house.repaired()
    await house.repair._store.async_remove()
    await house.repaired()
    assert (house.rows(), house.rows(house.power)) == before
    assert house.entry.runtime_data.history.last is last


async def test_r03_gateway_unreachable(house: House) -> None:
    """Home Assistant runs on without the gateway; nothing is asked before it is back."""
    await house.live(10, 11 + 1 / 12)
    await house.live(11 + 1 / 12, 15, available=False)
    house.meter.asked.clear()
    house.entry.runtime_data.realtime.last_update_success = False
    await house.repaired()
    assert house.meter.asked == []
    house.entry.runtime_data.realtime.last_update_success = True
    await house.repaired()
    assert {13, 14}.isdisjoint(house.rows())
    await house.live(15, 15.25)
    await house.repaired()
    await house.live(15.25, 17.25)
    await house.repaired()
    assert set(house.rows()) == set(range(10, 17))
    house.assert_true()


async def test_r03_a_run_that_fails_is_made_up_for(house: House) -> None:
    """Where the gateway breaks off, the hours stay to be looked at."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    house.meter.offline = True
    await house.repaired()
    assert house.rows()[13].sum == house.rows()[12].sum
    house.meter.offline = False
    await house.repaired()
    house.assert_true()


async def test_r03_a_reset_in_the_gap(house: House) -> None:
    """A meter that was set back while nobody looked has lost nothing."""
    house.meter.resets = [14.3 - 1 / 3600 + 1e-9]
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    await house.live(17.25, 19.25)
    await house.repaired()
    house.assert_true()


async def test_r03_less_than_an_hour_over_the_full_hour(house: House) -> None:
    """An outage that leaves a row for every hour still puts no energy into the wrong one."""
    await house.live(10, 11.5)
    await house.restart(12 + 2 / 60)
    await house.live(12 + 1 / 12, 13.25)
    assert house.rows()[11].sum - house.rows()[10].sum < 1.2
    await house.repaired()
    house.assert_true()


async def test_r03_a_restart_within_minutes(house: House) -> None:
    """Nothing was missed, nothing is written."""
    await house.live(10, 11 + 1 / 3)
    await house.restart(11.5)
    await house.live(11.5, 13.25)
    before = house.rows()
    await house.repaired()
    assert house.rows() == before
    assert house.entry.runtime_data.history.last.written == 0


async def test_r03_the_clocks_change_in_the_gap(house: House) -> None:
    """The night of 25 October has an hour twice; each has its own energy."""
    await house.hass.config.async_set_time_zone("Europe/Rome")
    night = 5 * 24
    await house.live(night - 2, night - 1.5)
    await house.restart(night + 4 + 2 / 60)
    await house.live(night + 4 + 1 / 12, night + 4.25)
    await house.repaired()
    assert set(house.rows()) == {night + hour for hour in range(-2, 4)}
    house.assert_true()


async def test_r03_thirty_days_and_the_recorder_has_forgotten(house: House) -> None:
    """The sum that began at 0 again is put back onto the old one."""
    await house.live(10, 12)
    await house.repaired()
    await house.live(12, 12 + 1 / 12, available=False)
    house.forget(StatisticsShortTerm)
    later = 12 + 30 * 24
    await house.live(later + 3, later + 5)
    assert house.rows()[later + 3].sum < house.rows()[11].sum
    await house.live(later + 5, later + 5.25)
    await house.repaired()
    assert len(house.rows()) == 30 * 24 + 7
    house.assert_true()
    await house.live(later + 5.25, later + 7)
    house.assert_true()


async def test_r03_a_gap_in_the_gateways_history(house: House) -> None:
    """It stays a gap; its energy shows in the first hour after it."""
    house.meter.silent = [(12.5, 14.5)]
    await house.live(10, 11 + 1 / 12)
    await house.live(11 + 1 / 12, 17, available=False)
    await house.live(17, 18.25)
    await house.repaired()
    assert set(house.rows()) == {10, 11, 12, 14, 15, 16, 17}
    house.assert_true(but=(12, 14))


async def test_r03_history_of_another_meter(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written, and one line says why."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 19.25)
    house.meter.offset = 77
    before = house.rows()
    await house.repaired()
    assert house.rows() == before
    # It looks twice: the state after a start may not have settled.
    await house.live(19.25, 20.25)
    await house.repaired()
    assert {hour: house.rows()[hour] for hour in before} == before
    assert set(house.entry.runtime_data.history.last.refused) == {ENERGY}
    assert f"missed hours were left as they are: {house.counter}: " in caplog.text


async def test_r03_in_the_unit_of_the_statistics(house: House) -> None:
    """A person who looks at MWh keeps kWh in the statistics, and sums in kWh."""
    await house.live(10, 11.5)
    house.counter_unit = "MWh"
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    house.assert_true()


async def test_r03_from_another_unit_than_the_statistics(house: House) -> None:
    """A gateway that counts Wh, a person who chose kWh: the rows are kWh, and so is what the recorder says of them."""
    house.entry.runtime_data.catalogue = Catalogue({"1": "energy_import/Wh", "2": "active_power/W"})
    house.meter.scale = 1000.0
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    before = house.metadata()
    await house.repaired()
    assert house.metadata() == before
    house.assert_true()


async def test_r03_sensors_that_cannot_be_completed(house: House) -> None:
    """A code without a name, or statistics of another kind than the sensor's quantity: nothing is written."""
    await house.live(10, 12.25)
    runtime = house.entry.runtime_data
    for codes in (
        {},
        {"1": "active_power/W", "2": "energy_import/kWh"},
        {"1": "reactive_energy_import/kvarh", "2": "voltage_l1/V"},
        {"1": "apparent_energy/kVAh", "2": "power_factor"},
    ):
        runtime.catalogue = Catalogue(codes)
        assert not runtime.catalogue.rejected
        assert await async_targets(house.hass, house.entry) == []


async def test_r03_renamed_and_disabled_sensors(house: House) -> None:
    """A renamed sensor is repaired under its new name, a disabled one left alone."""
    registry = er.async_get(house.hass)
    registry.async_update_entity(house.power, disabled_by=er.RegistryEntryDisabler.USER)
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    registry.async_update_entity(house.counter, new_entity_id="sensor.main_meter")
    await house.hass.async_block_till_done()
    await async_recorder_block_till_done(house.hass)
    before = house.rows(house.power)
    house.meter.asked.clear()
    await house.repaired()
    house.counter = "sensor.main_meter"
    house.assert_true()
    assert house.rows(house.power) == before
    assert {uid for uids, _, _ in house.meter.asked for uid in uids} == {ENERGY}


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": ["sensor.energy"]}}])
async def test_r03_a_sensor_that_is_not_recorded(house: House) -> None:
    """What a person does not want recorded is not written."""
    await house.live(10, 12.25)
    await house.repaired()
    assert house.rows() == {}
    assert not any(ENERGY in uids for uids, _, _ in house.meter.asked)


async def test_r03_nobody_else_loses_an_hour(house: House) -> None:
    """Fifty sensors of other people record beside ours over changes of the hour, whenever the repair runs."""
    house.foreign = [f"sensor.foreign_{number}" for number in range(50)]
    await house.live(10, 11.5)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 14.5)
    for hour in (14.5, 15.0, 15.5):
        await house.repaired()
        # Just before and just after the hour is full.
        await house.live(hour, hour + 5 / 12)
        await house.repaired()
        await house.live(hour + 5 / 12, hour + 0.5)
    for entity_id in house.foreign:
        assert set(house.rows(entity_id)) == set(range(10, 16)), entity_id
    house.assert_true()


async def test_r03_hours_that_are_not_compiled_are_not_touched(house: House) -> None:
    """Where the recorder is behind, even an hour that is long over is left to it."""
    house.foreign = ["sensor.foreign"]
    await house.live(10, 11.5)
    house.freezer.move_to(at(14.5))
    # The recorder has not caught up with the time since 11:30.
    await house.repaired()
    assert set(house.rows()) == {10}
    await house.restart(14.55)
    await house.live(14 + 7 / 12, 15.25)
    await house.repaired()
    assert set(house.rows("sensor.foreign")) == set(range(10, 15))
    house.assert_true()


async def test_r03_the_repair_waits_for_the_recorder(house: House) -> None:
    """It begins neither before Home Assistant has started nor before the first five minutes after that."""
    hass = house.hass
    hass.set_state(CoreState.starting)
    house.repair.async_start()
    runs = 0

    async def count() -> None:
        nonlocal runs
        runs += 1

    house.repair.async_repair = count  # type: ignore[method-assign]
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 0
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 0
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 1
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 1
    house.freezer.move_to(at(11) + timedelta(minutes=15, seconds=30))
    async_fire_time_changed(hass, at(11) + timedelta(minutes=15, seconds=31))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 2
    async with house.entry.runtime_data.history.lock:
        house.repair._async_repair_soon(at(12))
    await house.entry._async_process_on_unload(hass)
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 2


async def test_r03_switched_off(house: House) -> None:
    """An option switches it off."""
    hass = house.hass
    hass.config_entries.async_update_entry(house.entry, options={CONF_REPAIR_GAPS: False})
    listeners = hass.bus.async_listeners()
    house.repair.async_start()
    assert hass.bus.async_listeners() == listeners
