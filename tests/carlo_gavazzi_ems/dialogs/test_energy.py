"""The offer for the Energy dashboard: what it asks, what it shows, and what Home Assistant makes of it."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, Site, SiteKind, build_site
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import named

from .import_pages import open_page, submit


@pytest.fixture
def site() -> Site:
    """A house with solar power, sub-meters, and a smart meter beside its main meter."""
    return build_site(SiteKind.HOUSE, seed=1)


@pytest.fixture
async def entry(
    recorder_mock: Any, hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp
) -> MockConfigEntry:
    """An entry whose codes all have a name, beside the Energy dashboard."""
    assert await async_setup_component(hass, "energy", {})
    return await set_up(gateway, options={"codes": named(gateway.site), "throttle": 0})


def uid_of(gateway: Gateway, label: str) -> str:
    """Return the UID of a load."""
    return next(str(uid) for uid, load in gateway.site.loads.items() if load.label == label)


def stat(hass: HomeAssistant, gateway: Gateway, label: str, quantity: str) -> str:
    """Return the sensor of a load's quantity."""
    load = int(uid_of(gateway, label))
    for uid, signal in gateway.site.signals.items():
        if signal.lid == load and gateway.site.truth(uid)[0] == quantity:
            unique_id = f"{gateway.identity.serial_number}_{uid}"
            found = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id)
            assert found is not None
            return found
    raise AssertionError(quantity)


def choices(page: ConfigFlowResult, field: str) -> dict[str, str]:
    """Return what a list offers: value -> label, in its order."""
    schema = page["data_schema"]
    assert schema is not None
    return {option["value"]: option["label"] for option in schema.schema[field].config["options"]}


async def manager_of(hass: HomeAssistant) -> EnergyManager:
    """Return Home Assistant's preferences manager."""
    return await async_get_manager(hass)


async def test_a_house(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Nothing is chosen by itself; what was chosen is shown, added, valid, and complete the second time."""
    manager = await manager_of(hass)
    own: Any = {"type": "gas", "stat_energy_from": "sensor.my_gas", "stat_cost": None, "name": "Mine"}
    await manager.async_update(
        {"energy_sources": [own], "device_consumption": [{"stat_consumption": "sensor.mine", "name": "Mine"}]}
    )
    page = await open_page(hass, entry, "energy")
    schema = page["data_schema"]
    assert schema is not None
    assert not any((marker.description or {}).get("suggested_value") for marker in schema.schema)
    main, solar = uid_of(gateway, "Main"), uid_of(gateway, "Solar")
    assert main in list(choices(page, "grid"))[:2]
    assert choices(page, "solar")[f"{solar}/export"].startswith("Solar · Energy export ")
    assert next(iter(choices(page, "solar"))) == f"{solar}/export"
    page = await submit(hass, page, grid=[main], solar=[f"{main}/export"])
    assert page["errors"] == {"base": "two_roles"}
    page = await submit(hass, page, grid=[main], solar=[f"{solar}/export"])
    assert page["step_id"] == "energy_devices"
    offered = choices(page, "devices")
    assert not {main, solar} & offered.keys()
    wanted = [uid_of(gateway, label) for label in ("Heat pump", "Kitchen", "Fridge")]
    page = await submit(hass, page, devices=wanted)
    assert page["step_id"] == "energy_upstream"
    words = page["description_placeholders"] or {}
    assert [words[f"device_{n}"] for n in (1, 2, 3, 4)] == ["Heat pump", "Kitchen", "Fridge", ""]
    kitchen, fridge = (stat(hass, gateway, label, "energy_import") for label in ("Kitchen", "Fridge"))
    page = await submit(hass, page, device_2=fridge, device_3=kitchen)
    assert page["errors"] == {"base": "upstream_loop"}
    page = await submit(hass, page, device_3=kitchen)
    assert page["step_id"] == "energy_review"
    before = deepcopy(manager.data)
    assert before is not None
    words = page["description_placeholders"] or {}
    assert words["grid"] == "- ⬇ Main Energy import, ⬆ Main Energy export, ⚡ Main Active power"
    assert words["battery"] == "—"
    assert "- Fridge: Fridge Energy import, ⚡ Fridge Active power, ↳ Kitchen" in words["devices"]
    page = await submit(hass, page)
    assert page["step_id"] == "energy_done"
    assert page["description_placeholders"] == {"sources": "2", "devices": "3"}
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await assert_in_place(hass, gateway, before)
    await assert_complete(hass, entry, gateway, wanted)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def assert_in_place(hass: HomeAssistant, gateway: Gateway, before: Any) -> None:
    """Expect what was there unchanged, and what was chosen behind it."""
    data = (await manager_of(hass)).data
    assert data is not None
    gas, grid, solar = data["energy_sources"]
    assert [gas] == before["energy_sources"]
    assert grid["type"] == "grid"
    assert grid["stat_energy_from"] == stat(hass, gateway, "Main", "energy_import")
    assert grid["stat_energy_to"] == stat(hass, gateway, "Main", "energy_export")
    assert grid["stat_rate"] == stat(hass, gateway, "Main", "active_power")
    assert solar["type"] == "solar"
    assert solar["stat_energy_from"] == stat(hass, gateway, "Solar", "energy_export")
    mine, heat_pump, kitchen, fridge = data["device_consumption"]
    assert [mine] == before["device_consumption"]
    assert heat_pump["stat_consumption"] == stat(hass, gateway, "Heat pump", "energy_import")
    assert heat_pump["stat_rate"] == stat(hass, gateway, "Heat pump", "active_power")
    assert fridge["included_in_stat"] == kitchen["stat_consumption"]


async def assert_complete(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, wanted: list[str]) -> None:
    """Expect nothing to add in a second run, also with devices that have a place already left out."""
    data = deepcopy((await manager_of(hass)).data)
    page = await open_page(hass, entry, "energy")
    page = await submit(hass, page, grid=[uid_of(gateway, "Main")], solar=[f"{uid_of(gateway, 'Solar')}/export"])
    assert page["step_id"] == "energy_devices"
    assert not choices(page, "devices").keys() & set(wanted)
    page = await submit(hass, page)
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "energy_complete")
    assert (await manager_of(hass)).data == data


async def compile_five_minutes(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, start: datetime
) -> None:
    """Let five minutes pass with a poll at their end."""
    freezer.move_to(start + timedelta(seconds=290))
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=start)
    await async_recorder_block_till_done(hass)


async def test_home_assistant_finds_nothing_wrong(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """With everything in the dashboard, its own check has no complaint, and a renamed entity is followed."""
    entity_id = stat(hass, gateway, "Wallbox", "energy_import")
    er.async_get(hass).async_update_entity(entity_id, new_entity_id="sensor.car")
    await hass.async_block_till_done()
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    await compile_five_minutes(hass, entry, freezer, hour)
    page = await open_page(hass, entry, "energy")
    page = await submit(hass, page, grid=[uid_of(gateway, "Smart meter")], solar=[f"{uid_of(gateway, 'Solar')}/export"])
    offered = list(choices(page, "devices"))
    page = await submit(hass, page, devices=offered)
    page = await submit(hass, page)
    page = await submit(hass, page)
    assert page["step_id"] == "energy_done"
    data = (await manager_of(hass)).data
    assert data is not None
    assert len(data["device_consumption"]) == len(offered) > 5
    assert "sensor.car" in {device["stat_consumption"] for device in data["device_consumption"]}
    # Home Assistant makes a sensor of its own of two powers: it needs statistics as well.
    await compile_five_minutes(hass, entry, freezer, hour + timedelta(minutes=5))
    found = (await async_validate(hass)).as_dict()
    assert not any(issue for kind in found.values() for issue in kind), found
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_changed_meanwhile_is_shown_again(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """What is written is what was shown, or nothing is."""
    page = await open_page(hass, entry, "energy")
    page = await submit(hass, page, grid=[uid_of(gateway, "Main")])
    page = await submit(hass, page, devices=[uid_of(gateway, "Heat pump"), uid_of(gateway, "Wallbox")])
    page = await submit(hass, page)
    assert page["step_id"] == "energy_review"
    heat_pump = stat(hass, gateway, "Heat pump", "energy_import")
    manager = await manager_of(hass)
    await manager.async_update({"energy_sources": [], "device_consumption": [{"stat_consumption": heat_pump}]})
    again = await submit(hass, page)
    assert again["step_id"] == "energy_review"
    assert "Heat pump" not in (again["description_placeholders"] or {})["devices"]
    assert manager.data is not None
    assert not manager.data["energy_sources"]
    assert (await submit(hass, again))["step_id"] == "energy_done"
    assert len(manager.data["device_consumption"]) == 2
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_only_what_has_statistics(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """A load whose counters are switched off is not offered, and a load has the name that the person gave it."""
    registry = er.async_get(hass)
    for quantity in (f"energy_{way}{phase}" for way in ("import", "export") for phase in ("", "_l1", "_l2", "_l3")):
        entity_id = stat(hass, gateway, "Main", quantity)
        registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    solar = entry.runtime_data.devices.registered_loads()[int(uid_of(gateway, "Solar"))]
    dr.async_get(hass).async_update_device(solar.id, name_by_user="Roof")
    await hass.async_block_till_done()
    page = await open_page(hass, entry, "energy")
    offered = choices(page, "grid")
    assert uid_of(gateway, "Main") not in offered
    assert offered[uid_of(gateway, "Solar")].startswith("Roof · ")
    # Gas, water and temperature count no electrical energy.
    assert not {uid_of(gateway, label) for label in ("Gas", "Water", "Room temperature")} & offered.keys()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await open_page(hass, entry, "energy"))["reason"] == "not_loaded"


async def test_a_gateway_without_names(
    recorder_mock: Any, hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp
) -> None:
    """Codes without a name are no counters: the page says what to do; without the dashboard there is no page."""
    entry = await set_up(gateway)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["polling", "name_codes", "table", "import_history"]
    assert await async_setup_component(hass, "energy", {})
    assert (await open_page(hass, entry, "energy"))["reason"] == "no_meters"
    assert await hass.config_entries.async_unload(entry.entry_id)
