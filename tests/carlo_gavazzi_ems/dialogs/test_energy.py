"""The offer for the Energy dashboard: what it asks, what it shows, and what Home Assistant makes of it."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.config_entries import ConfigFlowResult, FlowType
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
from simulator import Gateway, Site, SiteKind, Status, build_site
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import named
from tests.second_gateway.driving import click_through

from .code_pages import to_codes
from .import_pages import open_page, submit, through

AFTERNOON = "2026-06-17 17:00:00+00:00"


@pytest.fixture
def site() -> Site:
    """A house with solar power, sub-meters, and a smart meter beside its main meter."""
    return build_site(SiteKind.HOUSE, seed=1)


@pytest.fixture
async def entry(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """An entry whose codes all have a name, beside the Energy dashboard, where the simulated sun shines."""
    freezer.move_to(AFTERNOON)
    hass.config.latitude, hass.config.longitude = 45.5, 11.0
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


def suggested(page: ConfigFlowResult) -> dict[str, Any]:
    """Return what is chosen beforehand."""
    schema = page["data_schema"]
    assert schema is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in schema.schema
        if "suggested_value" in (marker.description or {})
    }


def choices(page: ConfigFlowResult, field: str) -> dict[str, str]:
    """Return what a list offers: value -> label, in its order."""
    schema = page["data_schema"]
    assert schema is not None
    return {option["value"]: option["label"] for option in schema.schema[field].config["options"]}


async def manager_of(hass: HomeAssistant) -> EnergyManager:
    """Return Home Assistant's preferences manager."""
    return await async_get_manager(hass)


async def to_roles(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the page of roles, after the energy of the last day is read."""
    page = await through(hass, await open_page(hass, entry, "energy"), "energy")
    assert page["step_id"] == "energy_roles"
    return page


async def test_r29_a_house(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """What is certain is chosen; taken as it is, grid, solar power and devices are right, and complete the second time."""
    manager = await manager_of(hass)
    own: Any = {"type": "gas", "stat_energy_from": "sensor.my_gas", "stat_cost": None, "name": "Mine"}
    await manager.async_update(
        {"energy_sources": [own], "device_consumption": [{"stat_consumption": "sensor.mine", "name": "Mine"}]}
    )
    page = await to_roles(hass, entry)
    main, solar = uid_of(gateway, "Main"), uid_of(gateway, "Solar")
    wanted = [
        uid_of(gateway, label) for label in ("Heat pump", "Wallbox", "Kitchen", "Fridge", "Laundry 🧺 Wäsche", "Rest")
    ]
    proposed = suggested(page)
    assert proposed == {"grid": [main], "solar": [f"{solar}/export"], "devices": wanted}
    assert choices(page, "solar")[f"{solar}/export"].startswith("Solar · Energy export ")
    assert next(iter(choices(page, "solar"))) == f"{solar}/export"
    page = await submit(hass, page, **proposed | {"solar": [f"{main}/export"]})
    assert page["errors"] == {"base": "two_roles"}
    page = await submit(hass, page, **proposed)
    assert page["step_id"] == "energy_review"
    before = deepcopy(manager.data)
    assert before is not None
    words = page["description_placeholders"] or {}
    assert words["grid"] == "- ⬇ Main Energy import, ⬆ Main Energy export, ⚡ Main Active power"
    assert words["solar"] == "- ⬇ Solar Energy export, ⚡ - Solar Active power"
    assert words["battery"] == words["water"] == "—"
    assert "- Fridge: Fridge Energy import, ⚡ Fridge Active power" in words["devices"]
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    await assert_in_place(hass, gateway, before)
    page = await to_roles(hass, entry)
    assert not choices(page, "devices").keys() & set(wanted)
    data = deepcopy(manager.data)
    page = await submit(hass, page, grid=[main], solar=[f"{solar}/export"])
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "energy_complete")
    assert manager.data == data
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
    production = hass.states.get(str(solar["stat_rate"]))
    power = hass.states.get(stat(hass, gateway, "Solar", "active_power"))
    assert production is not None
    assert power is not None
    assert production.entity_id == "sensor.solar_power_production"
    assert production.attributes["unit_of_measurement"] == power.attributes["unit_of_measurement"]
    assert float(production.state) == max(0.0, -float(power.state))
    mine, heat_pump, *_ = data["device_consumption"]
    assert [mine] == before["device_consumption"]
    assert heat_pump["stat_consumption"] == stat(hass, gateway, "Heat pump", "energy_import")
    assert heat_pump["stat_rate"] == stat(hass, gateway, "Heat pump", "active_power")
    assert heat_pump["name"] == "Heat pump"


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
    page = await to_roles(hass, entry)
    offered = suggested(page)["devices"]
    chosen = {"grid": [uid_of(gateway, "Smart meter")], "solar": [f"{uid_of(gateway, 'Solar')}/export"]}
    page = await submit(hass, page, devices=offered, **chosen)
    assert page["step_id"] == "energy_review"
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
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
    page = await to_roles(hass, entry)
    devices = [uid_of(gateway, "Heat pump"), uid_of(gateway, "Wallbox")]
    page = await submit(hass, page, grid=[uid_of(gateway, "Main")], devices=devices)
    assert page["step_id"] == "energy_review"
    heat_pump = stat(hass, gateway, "Heat pump", "energy_import")
    manager = await manager_of(hass)
    await manager.async_update({"energy_sources": [], "device_consumption": [{"stat_consumption": heat_pump}]})
    again = await submit(hass, page)
    assert again["step_id"] == "energy_review"
    assert "Heat pump" not in (again["description_placeholders"] or {})["devices"]
    assert manager.data is not None
    assert not manager.data["energy_sources"]
    assert (await submit(hass, again))["type"] is FlowResultType.CREATE_ENTRY
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
    page = await to_roles(hass, entry)
    offered = choices(page, "grid")
    assert uid_of(gateway, "Main") not in offered
    assert offered[uid_of(gateway, "Solar")].startswith("Roof · ")
    # Gas, water and temperature count no electrical energy.
    assert not {uid_of(gateway, label) for label in ("Gas", "Water", "Room temperature")} & offered.keys()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await open_page(hass, entry, "energy"))["reason"] == "not_loaded"


async def test_without_history_everything_is_asked(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """Only the smart meter is what it is by itself; what is upstream of what is asked, and no meter is so of itself."""
    gateway.faults.add(Status(path="/v1/signals/history", code=500))
    page = await to_roles(hass, entry)
    assert suggested(page) == {"grid": [uid_of(gateway, "Smart meter")]}
    devices = [uid_of(gateway, label) for label in ("Heat pump", "Kitchen", "Fridge")]
    page = await submit(hass, page, devices=devices)
    assert page["step_id"] == "energy_upstream"
    words = page["description_placeholders"] or {}
    assert [words[f"device_{n}"] for n in (1, 2, 3, 4)] == ["Heat pump", "Kitchen", "Fridge", ""]
    kitchen, fridge = (stat(hass, gateway, label, "energy_import") for label in ("Kitchen", "Fridge"))
    page = await submit(hass, page, device_2=fridge, device_3=kitchen)
    assert page["errors"] == {"base": "upstream_loop"}
    page = await submit(hass, page, device_3=kitchen)
    assert page["step_id"] == "energy_review"
    assert "↳ Kitchen" in (page["description_placeholders"] or {})["devices"]
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("frontend", ["opens the next flow", "opens a new one"])
async def test_r29_the_set_up_leads_to_the_dashboard(  # a fixture a line
    frontend: str,
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    enable_custom_integrations: None,
    forgiving_loop: None,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Behind the last page of the set-up the dialog goes on with what the meters are for; clicked through, all is there."""
    freezer.move_to(AFTERNOON)
    hass.config.latitude, hass.config.longitude = 45.5, 11.0
    assert await async_setup_component(hass, "energy", {})
    done, _ = await click_through(hass, await to_codes(hass, gateway))
    kind, flow_id = done["next_flow"]
    assert kind is FlowType.OPTIONS_FLOW
    options = hass.config_entries.options
    if frontend == "opens the next flow":
        page = await options.async_configure(flow_id)
    else:
        page = await options.async_init(done["result"].entry_id)
        assert [flow["flow_id"] for flow in options.async_progress()] == [page["flow_id"]]
    page = await through(hass, page, "energy")
    page = await submit(hass, page, **suggested(page))
    assert page["step_id"] == "energy_review"
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    data = (await manager_of(hass)).data
    assert data is not None
    sources = {f"{source['type']}: {source['name']}" for source in data["energy_sources"]}
    # The export of the operator's meter has no certain code yet, so the meter of the house is the grid.
    assert sources == {"grid: Main", "solar: Solar"}
    names = {device["name"] for device in data["device_consumption"]}
    assert {"Heat pump", "Wallbox", "Kitchen"} <= names <= {load.label for load in gateway.site.loads.values()}
    assert (await options.async_init(done["result"].entry_id))["type"] is FlowResultType.MENU
    assert await hass.config_entries.async_unload(done["result"].entry_id)


async def test_gas_and_water(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """One meter of each is proposed, by the name of its load."""
    site = gateway.site
    codes = {
        str(site.signals[site.find(quantity)].si): f"{key}/m³"
        for quantity, key in (("gas_volume", "gas"), ("water_volume", "water"))
    }
    options = {**entry.options, "codes": {**entry.options["codes"], **codes}}
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    page = await to_roles(hass, entry)
    proposed = suggested(page)
    assert [choices(page, kind)[proposed[kind][0]] for kind in ("gas", "water")] == ["Gas", "Water"]
    page = await submit(hass, page, gas=proposed["gas"], water=proposed["water"])
    words = page["description_placeholders"] or {}
    assert (words["gas"], words["water"]) == ("- ⬇ Gas Gas", "- ⬇ Water Water")
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    assert await hass.config_entries.async_unload(entry.entry_id)


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
