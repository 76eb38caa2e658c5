"""The page of the options about the demand."""

from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.carlo_gavazzi_ems.demand.sensors import DESCRIPTIONS
from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import entity_id

from .energy_pages import choices, stat, suggested, uid_of
from .import_pages import open_page, submit

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=1)


def demand_entities(hass: HomeAssistant, gateway: Gateway, load: str) -> list[str]:
    """Return the sensors of the demand of a load."""
    registry, serial = er.async_get(hass), gateway.identity.serial_number
    ids = (f"{serial}_load_{load}_{each.key}" for each in DESCRIPTIONS)
    return [found for one in ids if (found := registry.async_get_entity_id("sensor", "carlo_gavazzi_ems", one))]


async def test_r32_asked_for_and_given_up(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A smart meter is proposed; what is chosen has four sensors on its device, and none when it is given up."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    page = await open_page(hass, entry, "demand")
    loads = choices(page, "demand_loads")
    proposed = suggested(page)
    assert proposed["demand_period"] == "15"
    (grid,) = proposed["demand_loads"]
    assert gateway.site.loads[int(grid)].protocol == "P1"
    heat_pump = uid_of(gateway, "Heat pump")
    assert loads[heat_pump] == "Heat pump"
    assert (await submit(hass, page, demand_loads=[heat_pump], demand_period="30"))[
        "type"
    ] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (entry.options["demand_loads"], entry.options["demand_period"]) == ([int(heat_pump)], 30)
    assert demand_entities(hass, gateway, heat_pump) == [
        "sensor.heat_pump_demand",
        "sensor.heat_pump_demand_expected",
        "sensor.heat_pump_demand_peak_month",
        "sensor.heat_pump_demand_peak_day",
    ]
    page = await open_page(hass, entry, "demand")
    assert suggested(page) == {"demand_loads": [heat_pump], "demand_period": "30"}
    await submit(hass, page, demand_period="30")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert demand_entities(hass, gateway, heat_pump) == []
    assert entity_id(hass, gateway, gateway.site.find("energy_import", int(heat_pump)))


async def test_r32_the_grid_of_the_energy_dashboard_is_proposed(
    recorder_mock: Any, hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """The grid's meter in the dashboard is the right one."""
    assert await async_setup_component(hass, "energy", {})
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    manager = await async_get_manager(hass)
    source: Any = {
        "type": "grid",
        "stat_energy_from": stat(hass, gateway, "Main", "energy_import"),
        "stat_energy_to": None,
        "stat_cost": None,
        "stat_compensation": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }
    await manager.async_update({"energy_sources": [source], "device_consumption": []})
    page = await open_page(hass, entry, "demand")
    assert suggested(page)["demand_loads"] == [uid_of(gateway, "Main")]


async def test_r32_no_page_without_a_counter(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Where no import counter has a name, the menu does not offer it, and the page says why."""
    entry = await set_up(gateway)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "demand" not in menu["menu_options"]
