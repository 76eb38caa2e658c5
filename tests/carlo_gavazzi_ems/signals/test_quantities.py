"""The table of quantities: whether Home Assistant accepts it, and what is enabled by default."""

from collections.abc import Iterable
from dataclasses import replace
import logging

from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import setup_test_component_platform
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done
from syrupy.assertion import SnapshotAssertion

from custom_components.carlo_gavazzi_ems.signals.quantities import (
    FAMILIES,
    QUANTITIES,
    Family,
    Quantity,
)


class QuantitySensor(SensorEntity):
    """A sensor with the properties of a quantity."""

    _attr_should_poll = False
    _attr_native_value = 1.5

    def __init__(self, quantity: Quantity, unit: str | None) -> None:
        """Take the properties of the quantity."""
        self.key = f"{quantity.key} {unit}"
        self._attr_name = self._attr_unique_id = self.key
        self._attr_device_class = quantity.device_class
        self._attr_state_class = quantity.state_class
        self._attr_native_unit_of_measurement = unit
        self._attr_suggested_display_precision = quantity.precision(unit)


async def add_sensors(hass: HomeAssistant, sensors: Iterable[QuantitySensor]) -> None:
    """Add the sensors to Home Assistant."""
    setup_test_component_platform(hass, SENSOR_DOMAIN, sensors)
    assert await async_setup_component(hass, SENSOR_DOMAIN, {SENSOR_DOMAIN: {"platform": "test"}})
    await hass.async_block_till_done()


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return Home Assistant's log messages above info."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno > logging.INFO and record.name.startswith("homeassistant.")
    ]


def unit_shown(hass: HomeAssistant, device_class: SensorDeviceClass | None, unit: str | None) -> str | None:
    """Return the unit of the state: some, such as ft³ and temperatures in °F, follow the user's unit system."""
    if unit == UnitOfTemperature.FAHRENHEIT and device_class is SensorDeviceClass.TEMPERATURE:
        return hass.config.units.temperature_unit
    return hass.config.units.get_converted_unit(device_class, unit) or unit


async def test_r06_home_assistant_accepts_every_quantity_in_every_unit(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Each becomes a sensor with a value, its class and its unit, and the log stays silent."""
    sensors = {
        (key, unit): QuantitySensor(quantity, unit) for key, quantity in QUANTITIES.items() for unit in quantity.units
    }
    await add_sensors(hass, sensors.values())

    assert len(hass.states.async_all(SENSOR_DOMAIN)) == len(sensors)
    for (key, unit), sensor in sensors.items():
        state = hass.states.get(sensor.entity_id)
        assert state is not None
        device_class = QUANTITIES[key].device_class
        shown = unit_shown(hass, device_class, unit)
        assert state.attributes.get(ATTR_DEVICE_CLASS) == device_class
        assert state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) == shown
        assert state.state == "1.5" or shown != unit
    assert complaints(caplog) == []


async def test_home_assistant_would_complain(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    """The test above can fail: a unit or a state class that does not belong is told in the log."""
    wrong_unit = QuantitySensor(QUANTITIES["energy_import"], UnitOfPower.KILO_WATT)
    counts_up = replace(QUANTITIES["active_power"], state_class=SensorStateClass.TOTAL_INCREASING)
    wrong_class = QuantitySensor(counts_up, UnitOfPower.WATT)
    await add_sensors(hass, [wrong_unit, wrong_class])

    assert len(complaints(caplog)) == 2


@pytest.mark.usefixtures("recorder_mock")
async def test_r06_statistics(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    """Counters get a sum, measured values a mean, codes nothing; only what Home Assistant can convert has a class."""
    sensors = [QuantitySensor(quantity, quantity.units[0]) for quantity in QUANTITIES.values()]
    await add_sensors(hass, sensors)
    await async_recorder_block_till_done(hass)

    listed = {entry["statistic_id"]: entry for entry in await async_list_statistic_ids(hass)}
    for quantity, sensor in zip(QUANTITIES.values(), sensors, strict=True):
        entry = listed.pop(sensor.entity_id, None)
        if quantity.state_class is None:
            assert entry is None
            continue
        assert entry is not None
        assert entry["has_sum"] is quantity.is_counter
        assert entry["statistics_unit_of_measurement"] == quantity.units[0]
        if quantity.device_class is not None:
            assert entry["unit_class"] is not None
    assert listed == {}
    assert complaints(caplog) == []


def test_r06_table(snapshot: SnapshotAssertion) -> None:
    """Key, unit, class and defaults of every quantity are what they were in the last version."""
    assert "\n".join(row(family, quantity) for family in Family for quantity in FAMILIES[family]) == snapshot


def row(family: Family, quantity: Quantity) -> str:
    """Return a quantity as a line of text."""
    return " | ".join(
        (
            family,
            quantity.key,
            quantity.device_class or "-",
            quantity.state_class or "-",
            ", ".join(f"{unit or 'bare'}: {quantity.precision(unit)}" for unit in quantity.units),
            "on" if quantity.enabled_default else "off",
            f"for {', '.join(quantity.stands_in_for)}" if quantity.stands_in_for else "-",
            quantity.entity_category or "-",
        )
    )


def test_keys() -> None:
    """Every key is there once, under its own name, in the order of the families, and fits the text form."""
    keys = [quantity.key for family in Family for quantity in FAMILIES[family]]
    assert keys == list(QUANTITIES)
    assert all(key.isidentifier() and key == key.lower() for key in keys)
    assert len(set(QUANTITIES.values())) == len(keys)


def test_r06_energy_classes() -> None:
    """Import and export only rise, net runs both ways, and reactive energy has its own class."""
    for key, quantity in QUANTITIES.items():
        if key.startswith(("energy_import", "energy_export")):
            assert quantity.device_class is SensorDeviceClass.ENERGY
            assert quantity.state_class is SensorStateClass.TOTAL_INCREASING
        if key.startswith("reactive_energy"):
            assert quantity.device_class is SensorDeviceClass.REACTIVE_ENERGY
    assert QUANTITIES["energy_net"].state_class is SensorStateClass.TOTAL
    assert QUANTITIES["apparent_energy"].device_class is None


@pytest.mark.parametrize(
    ("key", "counter"),
    [
        ("energy_import", True),
        ("energy_net", True),
        ("gas", True),
        ("run_hours", True),
        ("active_power", False),
        ("temperature", False),
        ("active_power_peak_demand", False),
        ("tariff", False),
    ],
)
def test_r06_is_counter(key: str, counter: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """What adds up is a counter, what is measured or stands for something else is not."""
    assert QUANTITIES[key].is_counter is counter


def test_r06_precision() -> None:
    """A person sees 12.35 kWh, 230.4 V and 1.235 kW; a unit that a quantity does not come in has no precision."""
    assert QUANTITIES["energy_import"].precision("kWh") == 2
    assert QUANTITIES["voltage"].precision("V") == 1
    assert QUANTITIES["active_power"].precision("W") == 0
    assert QUANTITIES["active_power"].precision("kW") == 3
    assert QUANTITIES["power_factor"].precision(None) == 2
    assert QUANTITIES["active_power"].precision("kWh") is None
    assert QUANTITIES["active_power"].precision(None) is None
