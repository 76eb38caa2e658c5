"""The set-up leads to the pages about the Energy dashboard, where there is one and the codes have names."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowContext, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.dialogs.energy import ENERGY_PAGE, OLDER_HISTORY_PAGE, async_lead_on
from simulator import Gateway, SiteKind, Status
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.second_gateway.driving import click_through

from .code_pages import to_findings
from .energy_pages import manager_of, suggested, to_roles, uid_of
from .import_pages import open_page, submit, through

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=1)


async def lead_on(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Begin with the pages behind the set-up, and wait for the first one."""
    flow_id = await async_lead_on(hass, entry)
    assert flow_id is not None
    return await through(hass, await hass.config_entries.options.async_configure(flow_id), "energy")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("frontend", ["opens the next flow", "opens a new one"])
async def test_r29_the_set_up_leads_to_the_dashboard(  # a fixture a line
    frontend: str,
    energy_dashboard: None,
    hass: HomeAssistant,
    enable_custom_integrations: None,
    forgiving_loop: None,
    gateway: Gateway,
) -> None:
    """Behind the last page of the set-up the dialog goes on with what the meters are for; clicked through, all is there."""
    done, pages = await click_through(hass, await to_findings(hass, gateway))
    # With the button and its choice, address, certificate, the page of energy and Finish, that is eight clicks.
    assert pages == ["findings", "doubts"]
    kind, flow_id = done["next_flow"]
    assert kind is FlowType.OPTIONS_FLOW
    options = hass.config_entries.options
    if frontend == "opens the next flow":
        page = await options.async_configure(flow_id)
    else:
        page = await options.async_init(done["result"].entry_id)
        assert [flow["flow_id"] for flow in options.async_progress()] == [page["flow_id"]]
    page = await through(hass, page, "energy")
    assert page["step_id"] == "energy_review"
    left_out = "Left out, because the grid meter counts the same: Smart meter."
    assert (page["description_placeholders"] or {})["left_out"] == f"\n\n{left_out}"
    assert (await submit(hass, page, **suggested(page)))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    data = (await manager_of(hass)).data
    assert data is not None
    sources = {f"{source['type']}: {source['name']}" for source in data["energy_sources"]}
    # The code of the export of the grid operator's meter is not certain yet, so the meter of the house is the grid.
    assert sources == {"grid: Main", "solar: Solar"}
    names = {device["name"] for device in data["device_consumption"]}
    assert {"Heat pump", "Wallbox", "Kitchen"} <= names <= {load.label for load in gateway.site.loads.values()}
    # The same page has asked for older history, which is filled in once there is a recorded hour.
    assert done["result"].runtime_data.history.backfill.is_active
    assert (await options.async_init(done["result"].entry_id))["type"] is FlowResultType.MENU
    assert await hass.config_entries.async_unload(done["result"].entry_id)


async def test_the_roles_may_be_chosen_all_the_same(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway
) -> None:
    """The switch adds nothing and leads to the page of roles; what was wished for beside it is not forgotten."""
    page = await lead_on(hass, entry)
    assert page["step_id"] == "energy_review"
    page = await submit(hass, page, **suggested(page) | {"choose": True, "fill_in": False})
    assert page["step_id"] == "energy_roles"
    assert (await manager_of(hass)).data is None
    chosen = suggested(page)
    fridge, meter = uid_of(gateway, "Fridge"), uid_of(gateway, "Smart meter")
    devices = [meter, *(uid for uid in chosen["devices"] if uid != fridge)]
    page = await submit(hass, page, **chosen | {"devices": devices})
    assert page["step_id"] == "energy_review"
    assert suggested(page).keys() == {"fill_in", "start"}
    assert suggested(page)["fill_in"] is False
    assert (page["description_placeholders"] or {})["left_out"] == ""
    assert (await submit(hass, page, **suggested(page)))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    data = (await manager_of(hass)).data
    assert data is not None
    names = {device["name"] for device in data["device_consumption"]}
    assert {"Smart meter 1", "Smart meter 2", "Heat pump"} <= names
    assert "Fridge" not in names
    assert not entry.runtime_data.history.backfill.is_active
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("reason", ["no history", "a grid of its own"])
async def test_what_is_left_to_decide_is_asked(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, reason: str
) -> None:
    """Where not every meter has its place by itself, the set-up leads to the page of roles."""
    if reason == "no history":
        gateway.faults.add(Status(path="/v1/signals/history", code=500))
    else:
        own: Any = {"type": "grid", "stat_energy_from": "sensor.mine", "cost_adjustment_day": 0.0}
        await (await manager_of(hass)).async_update({"energy_sources": [own], "device_consumption": []})
    assert (await lead_on(hass, entry))["step_id"] == "energy_roles"
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("is_by_set_up", [True, False])
async def test_a_gateway_that_is_set_up_again(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, set_up: SetUp, *, is_by_set_up: bool
) -> None:
    """What the dashboard has from the first time is in its place, and the production that it shows is there again."""
    page = await lead_on(hass, entry)
    assert (await submit(hass, page, **suggested(page)))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.solar_power_production") is not None
    codes = entry.options["codes"]
    await hass.config_entries.async_remove(entry.entry_id)
    again = await set_up(gateway, options={"codes": codes})
    assert hass.states.get("sensor.solar_power_production") is None
    if is_by_set_up:
        # Only older history is asked for.
        assert (await lead_on(hass, again))["step_id"] == "older_history"
    else:
        page = await to_roles(hass, again)
        assert (await submit(hass, page, **suggested(page)))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.solar_power_production") is not None
    assert await hass.config_entries.async_unload(again.entry_id)


@pytest.mark.parametrize("first", [ENERGY_PAGE, OLDER_HISTORY_PAGE])
async def test_a_page_that_was_open_while_the_gateway_went(
    entry: MockConfigEntry, hass: HomeAssistant, first: Mapping[str, str]
) -> None:
    """Whoever comes back to the last page when the integration is not loaded is told so, and nothing is added."""
    page = await hass.config_entries.options.async_init(
        entry.entry_id, context=ConfigFlowContext(source="set_up"), data={**first}
    )
    page = await through(hass, page, "energy")
    assert page["step_id"] in {"energy_review", "older_history"}
    assert await hass.config_entries.async_unload(entry.entry_id)
    page = await submit(hass, page, **suggested(page))
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert (await manager_of(hass)).data is None


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
