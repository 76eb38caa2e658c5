"""Features of newer Home Assistant releases, and their replacement on older ones: the same result on each."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.ha_release import ISSUES_OF_ENTRIES
from simulator import Gateway, RefuseLogins

from .conftest import SetUp
from .resident import state_of
from .test_repairs import new_certificate


async def shown_issues(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> set[str]:
    """Return the issues that the page Repairs shows, by translation key."""
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "repairs/list_issues"})
    answer = await client.receive_json()
    return {issue["translation_key"] for issue in answer["result"]["issues"] if issue["domain"] == DOMAIN}


@pytest.mark.parametrize("loaded", [True, False])
async def test_repairs_of_a_disabled_gateway_are_hidden(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    *,
    loaded: bool,
) -> None:
    """Their "Fix" would fail; they return when the gateway is enabled, and go when it is removed, loaded or not."""
    entry = await set_up(gateway)
    await new_certificate(gateway)
    if loaded:
        await entry.runtime_data.realtime.async_refresh()
    else:
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "certificate_changed" in await shown_issues(hass, hass_ws_client)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert await shown_issues(hass, hass_ws_client) == set()
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await hass.async_block_till_done()
    assert "certificate_changed" in await shown_issues(hass, hass_ws_client)
    await hass.config_entries.async_remove(entry.entry_id)
    assert [issue for issue in issue_registry.issues.values() if issue.domain == DOMAIN] == []


async def test_an_entity_is_renamed_in_place(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Since 2026.11 the same object goes on under its new entity_id; before, it was added anew. It shows the same."""
    await set_up(gateway)
    uid = gateway.site.find("voltage_l1")
    before = state_of(hass, gateway, uid)
    entity = hass.data["entity_components"]["sensor"].get_entity(before.entity_id)
    assert entity is not None
    entity_registry.async_update_entity(before.entity_id, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    after = hass.states.get("sensor.renamed")
    assert after is not None
    assert (after.state, after.attributes) == (before.state, before.attributes)
    assert hass.states.get(before.entity_id) is None
    if hasattr(Entity, "async_entity_id_changed"):
        assert hass.data["entity_components"]["sensor"].get_entity("sensor.renamed") is entity


async def test_a_locked_account_at_set_up_is_tried_when_the_lock_ends(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Since 2026.11 one attempt is made, then; before, Home Assistant tries at its own pace, and none is sent."""
    gateway.faults.add(RefuseLogins(code=429, retry_after=900, times=1))
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    sent = len(gateway.requests)
    attempts = 0

    @callback
    def changed(change: ConfigEntryChange, changed: ConfigEntry) -> None:
        nonlocal attempts
        attempts += changed.state is ConfigEntryState.SETUP_IN_PROGRESS

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)

    async def pass_by(seconds: int) -> None:
        for _ in range(0, seconds, 50):
            freezer.tick(50)
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=entry.state is not ConfigEntryState.LOADED)

    await pass_by(850)
    assert len(gateway.requests) == sent
    assert (attempts == 0) is ISSUES_OF_ENTRIES
    await pass_by(100 if ISSUES_OF_ENTRIES else 1200)
    assert entry.state is ConfigEntryState.LOADED
    if ISSUES_OF_ENTRIES:
        assert attempts == 1
