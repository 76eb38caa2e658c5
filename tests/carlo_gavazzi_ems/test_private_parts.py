"""The private and unstable parts of Home Assistant that the integration relies on, each with the shape it relies on.

A release that changes one of them fails here first, by name. `tests/carlo_gavazzi_ems/test_walls.py` limits where the
integration may use such a part.
"""

import importlib
import inspect
import logging
import typing
from typing import Any, Final, override

from homeassistant.components.energy.const import DOMAIN as ENERGY
from homeassistant.components.energy.data import (
    BatterySourceType,
    DeviceConsumption,
    EnergyManager,
    EnergyPreferences,
    EnergyPreferencesUpdate,
    GridSourceType,
    PowerConfig,
    SolarSourceType,
    async_get_manager,
)
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.config_entries import (
    ConfigEntryChange,
    ConfigFlow,
    ConfigFlowResult,
    FlowType,
    OptionsFlowManager,
)
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockEntityPlatform

from custom_components.carlo_gavazzi_ems.ha_release import HOME_SOURCE, optional_with

ID: Final = "sensor.counter"


def parameters(function: Any) -> list[str]:
    """Return the names of a function's parameters, without the object itself."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


class Counter(SensorEntity):
    """A counter of energy in a unit."""

    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_native_value = 1500
    _attr_unique_id = "counter"
    _attr_name = "Counter"
    _attr_should_poll = False

    def __init__(self, unit: UnitOfEnergy) -> None:
        """Count in this unit."""
        self._attr_native_unit_of_measurement = unit

    @property
    @override
    def suggested_object_id(self) -> str:
        """Return an object id that differs from the name's."""
        return "consumption"


async def _add(hass: HomeAssistant, unit: UnitOfEnergy) -> tuple[MockEntityPlatform, str]:
    platform = MockEntityPlatform(hass, domain="sensor", platform_name="test")
    await platform.async_add_entities([Counter(unit)])
    return platform, "sensor.consumption"


class TestRegistries:
    """What entities and devices are registered with."""

    async def test_suggested_object_id_names_the_entity(self, hass: HomeAssistant) -> None:
        """An entity's own property `suggested_object_id` wins over its name."""
        await _add(hass, UnitOfEnergy.WATT_HOUR)
        assert hass.states.get("sensor.consumption") is not None

    async def test_the_unit_is_kept_in_sensor_private(
        self, hass: HomeAssistant, entity_registry: er.EntityRegistry
    ) -> None:
        """A sensor goes on to show its first unit until the option `sensor.private` is taken away."""
        platform, entity_id = await _add(hass, UnitOfEnergy.WATT_HOUR)
        await platform.async_reset()
        platform, _ = await _add(hass, UnitOfEnergy.KILO_WATT_HOUR)
        entry = entity_registry.async_get(entity_id)
        assert entry is not None
        assert entry.options["sensor.private"]["suggested_unit_of_measurement"] == "Wh"
        assert entry.unit_of_measurement == "Wh"
        await platform.async_reset()
        entity_registry.async_update_entity_options(entity_id, "sensor.private", None)
        entity_registry.async_update_entity(entity_id, unit_of_measurement=None)
        await _add(hass, UnitOfEnergy.KILO_WATT_HOUR)
        entry = entity_registry.async_get(entity_id)
        assert entry is not None
        assert entry.unit_of_measurement == "kWh"

    def test_an_entity_follows_its_registry_entry(self) -> None:
        """Renamed in place from 2026.11 on where the hook is there; its one parameter is the old entity_id."""
        hook = getattr(Entity, "async_entity_id_changed", None)
        assert hook is None or parameters(hook) == ["old_entity_id"]

    def test_child_devices(self, hass: HomeAssistant, device_registry: dr.DeviceRegistry) -> None:
        """A child device has an id of its own, and is listed apart from devices."""
        entry = MockConfigEntry(domain="test")
        entry.add_to_hass(hass)
        parent = device_registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={("test", "1")})
        assert device_registry.async_get_device_by_identifier(("test", "1"), entry.entry_id) == parent
        assert list(dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)) == []


async def test_a_coordinator_may_set_last_update_success_while_it_updates(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Set inside `_async_update_data`, it keeps Home Assistant's own lines about failure and recovery out of the log."""

    class Silent(DataUpdateCoordinator[int]):
        fails = True

        @override
        async def _async_update_data(self) -> int:
            self.last_update_success = not self.fails
            if self.fails:
                raise UpdateFailed("gone", retry_after=60)
            return 1

    entry = MockConfigEntry(domain="test")
    coordinator = Silent(hass, logging.getLogger(__name__), config_entry=entry, name="test")
    success = []
    for coordinator.fails in (True, False):
        await coordinator.async_refresh()
        success.append(coordinator.last_update_success)
    assert success == [False, True]
    assert [record for record in caplog.records if record.levelname in {"ERROR", "WARNING", "INFO"}] == []


class TestEnergy:
    """The Energy dashboard's preferences."""

    @pytest.mark.parametrize(
        ("kind", "keys"),
        [
            (
                GridSourceType,
                """type stat_energy_from stat_energy_to stat_cost entity_energy_price number_energy_price
                stat_compensation entity_energy_price_export number_energy_price_export cost_adjustment_day""",
            ),
            (SolarSourceType, "type stat_energy_from stat_rate config_entry_solar_forecast"),
            (BatterySourceType, "type stat_energy_from stat_energy_to power_config"),
            (PowerConfig, "stat_rate stat_rate_inverted stat_rate_from stat_rate_to"),
            (DeviceConsumption, "stat_consumption stat_rate name included_in_stat"),
            (EnergyPreferences, "energy_sources device_consumption"),
            (EnergyPreferencesUpdate, "energy_sources device_consumption"),
        ],
    )
    def test_keys(self, kind: type, keys: str) -> None:
        """Each source has the keys that are written and read."""
        assert set(keys.split()) <= typing.get_type_hints(kind).keys()

    @pytest.mark.usefixtures("recorder_mock")
    async def test_the_manager_adds_to_what_is_there(self, hass: HomeAssistant) -> None:
        """`data` is None before anything was configured; `async_update` validates and keeps."""
        assert await async_setup_component(hass, ENERGY, {})
        manager = await async_get_manager(hass)
        before = manager.data
        assert before is None
        preferences = EnergyManager.default_preferences()
        device = DeviceConsumption(stat_consumption=ID)
        await manager.async_update({**preferences, "device_consumption": [device]})
        assert manager.data is not None
        assert manager.data["device_consumption"] == [device]


def test_config_flows() -> None:
    """Undocumented methods of the base class that the set-up calls."""
    for name in (
        "_abort_if_unique_id_configured",
        "_abort_if_unique_id_mismatch",
        "_async_abort_entries_match",
        "_async_in_progress",
        "_get_reauth_entry",
        "_get_reconfigure_entry",
        "async_update_progress",
    ):
        assert callable(getattr(ConfigFlow, name)), name
    assert "match_context" in parameters(ConfigFlow._async_in_progress)  # noqa: SLF001
    assert ConfigEntryChange.UPDATED
    # The set-up continues in an options flow, which is found by its context.
    assert {"next_flow", "result"} <= typing.get_type_hints(ConfigFlowResult).keys()
    assert FlowType.OPTIONS_FLOW
    assert "match_context" in parameters(OptionsFlowManager.async_progress_by_handler)


@pytest.mark.skipif(not HOME_SOURCE, reason="the release has neither")
def test_what_only_newer_releases_have() -> None:
    """The source of a whole house, and fields of a form that appear with another."""
    data = importlib.import_module("homeassistant.components.energy.data")
    assert {"type", "stat_energy_to", "stat_rate", "name"} <= typing.get_type_hints(data.HomeSourceType).keys()
    marker = optional_with("unit", "code")
    assert vars(marker)["visible"] == {"field": "code", "operator": "exists"}
