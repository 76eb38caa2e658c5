"""The offer for the Energy dashboard: what it asks, what it shows, and what Home Assistant makes of it."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.validate import async_validate
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_load_integrations
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.ha_release import HOME_SOURCE
from simulator import Gateway, SiteKind, Status
from tests.carlo_gavazzi_ems.conftest import SetUp

from .energy_pages import choices, manager_of, stat, suggested, to_roles, uid_of
from .import_pages import open_page, submit

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=1)


async def test_r29_a_house(
    entry: MockConfigEntry,
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
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
    assert (page["description_placeholders"] or {})["added"].startswith(
        "**Grid**\n\n- Main: ⬇ Energy import, ⬆ Energy export, ⚡ Active power\n\n"
        "**Solar**\n\n- Solar: ⬇ Energy export, ⚡ - Active power\n\n"
        "**Devices**\n\n- Heat pump: Energy import, ⚡ Active power\n- Wallbox: "
    )
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    await assert_in_place(hass, gateway, before)
    shown = await powers_of_the_sun(hass, gateway, entry)
    freezer.tick(60)
    assert (await powers_of_the_sun(hass, gateway, entry))[0] != shown[0]
    page = await to_roles(hass, entry)
    assert not choices(page, "devices").keys() & set(wanted)
    data = deepcopy(manager.data)
    page = await submit(hass, page, grid=[main], solar=[f"{solar}/export"])
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "energy_complete")
    assert manager.data == data
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def powers_of_the_sun(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> tuple[float, float]:
    """Poll; return the power of the solar meter and the production, which is the same turned round."""
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    shown = (stat(hass, gateway, "Solar", "active_power"), "sensor.solar_power_production")
    power, production = (float(state.state) for one in shown if (state := hass.states.get(one)) is not None)
    assert production == max(0.0, -power)
    return power, production


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


async def test_the_whole_house(entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway) -> None:
    """Where the release has such a source, a meter can be chosen as that; it is no device then."""
    page = await to_roles(hass, entry)
    assert page["data_schema"] is not None
    assert ("home" in page["data_schema"].schema) is HOME_SOURCE
    if not HOME_SOURCE:
        return
    fridge = uid_of(gateway, "Fridge")
    page = await submit(hass, page, home=fridge, devices=[fridge])
    added = (page["description_placeholders"] or {})["added"]
    assert added == "**Whole house**\n\n- Fridge: ⬇ Energy import, ⚡ Active power"
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    data = (await manager_of(hass)).data
    assert data is not None
    assert data["energy_sources"] == [
        {
            "type": "home",
            "stat_energy_to": stat(hass, gateway, "Fridge", "energy_import"),
            "stat_rate": stat(hass, gateway, "Fridge", "active_power"),
            "name": "Fridge",
        }
    ]
    page = await to_roles(hass, entry)
    assert page["data_schema"] is not None
    assert "home" not in page["data_schema"].schema


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
    assert "Heat pump" not in (again["description_placeholders"] or {})["added"]
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


async def test_r23_a_solar_meter_without_a_label(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Its device has a name of the language, its sensors have ids of none; the dashboard gets the one that there will be."""
    hass.config.language = "de"
    await async_load_integrations(hass, {DOMAIN})
    solar = int(uid_of(gateway, "Solar"))
    for uid in (solar, gateway.site.loads[solar].did):
        gateway.site.rename(uid, "")
    options = dict(entry.options)
    await hass.config_entries.async_remove(entry.entry_id)
    entry = await set_up(gateway, options=options)
    page = await to_roles(hass, entry)
    assert choices(page, "solar")[f"{solar}/export"].startswith(f"Messpunkt {solar} · ")
    page = await submit(hass, page, **suggested(page))
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    data = (await manager_of(hass)).data
    assert data is not None
    (source,) = (source for source in data["energy_sources"] if source["type"] == "solar")
    assert hass.states.get(str(source["stat_rate"])) is not None
    assert await hass.config_entries.async_unload(entry.entry_id)


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
    assert "- Fridge: Energy import, ⚡ Active power, ↳ Kitchen" in (page["description_placeholders"] or {})["added"]
    assert await hass.config_entries.async_unload(entry.entry_id)


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
    added = (page["description_placeholders"] or {})["added"]
    assert added == "**Gas**\n\n- Gas: ⬇ Gas\n\n**Water**\n\n- Water: ⬇ Water"
    assert (await submit(hass, page))["type"] is FlowResultType.CREATE_ENTRY
    assert await hass.config_entries.async_unload(entry.entry_id)
