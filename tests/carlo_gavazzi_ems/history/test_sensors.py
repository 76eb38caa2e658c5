"""The sensors that are repaired, with their statistic IDs and units."""

from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done

from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue

from .house import House
from .meter import ENERGY, POWER
from .test_importer import run


async def test_r03_in_the_unit_of_the_statistics(house: House) -> None:
    """With MWh as the display unit, states and sums in the statistics are in kWh."""
    await house.live(10, 11.5)
    house.counter_unit = "MWh"
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    house.assert_true()


async def test_r03_from_another_unit_than_the_statistics(house: House) -> None:
    """The gateway counts Wh, a person chose kWh: rows and metadata are in kWh."""
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
    """A sensor that is excluded from the recorder gets no rows."""
    await house.live(10, 12.25)
    await house.repaired()
    assert house.rows() == {}
    assert not any(ENERGY in uids for uids, _, _ in house.meter.asked)


async def test_r03_r04_a_sensor_that_is_recorded_no_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows from before the sensor was excluded do not change, whatever is missing."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    before = house.rows()
    monkeypatch.setattr(get_instance(house.hass), "entity_filter", lambda entity_id: entity_id != house.counter)
    house.meter.asked.clear()
    await house.repaired()
    told = await run(house, -10)
    assert set(told) == {POWER}
    assert house.rows() == before
    assert {uid for uids, _, _ in house.meter.asked for uid in uids} == {POWER}
