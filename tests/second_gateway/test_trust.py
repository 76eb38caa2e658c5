"""Trust in certificates and replacement of the gateway, with the second gateway."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, RENEWED

from . import Gateway
from .certificate import NO_END, Certificate
from .driving import set_up, unload

pytestmark = pytest.mark.usefixtures("socket_enabled", "enable_custom_integrations", "quiet_handshakes")


@pytest.fixture
def kind() -> str:
    """A small site."""
    return "flat"


@pytest.fixture
def quiet_handshakes(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client close the connection during the handshake, and read minutes of history."""
    report = hass.loop.get_exception_handler()
    assert report is not None

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "incoming connection" not in context["message"]:
            report(loop, context)

    hass.loop.set_exception_handler(handle)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Press "Reconfigure"."""
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


@pytest.mark.parametrize("step", [RENEWED, CHANGED])
@pytest.mark.timeout(300)
async def test_a_changed_certificate(hass: HomeAssistant, gateway_now: Gateway, step: str) -> None:
    """A certificate without end is pinned in Kiribati; the next one is called renewed or changed, and gets nothing."""
    await hass.config.async_set_time_zone("Pacific/Kiritimati")
    gateway = gateway_now
    gateway.certificate = Certificate(ends=NO_END)
    async with gateway:
        entry, _ = await set_up(hass, gateway)
        await hass.config_entries.async_unload(entry.entry_id)
        port = gateway.port
    gateway.certificate = Certificate(gateway.certificate.key if step == RENEWED else None, ends=NO_END)
    gateway.port = port
    gateway.requests.clear()
    async with gateway:
        form = await reconfigure(hass, entry)
        answer = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: gateway.username}
        page = await hass.config_entries.flow.async_configure(form["flow_id"], answer)
        assert (page["type"], page["step_id"]) == (FlowResultType.FORM, step)
        assert gateway.requests == []
        done = await hass.config_entries.flow.async_configure(page["flow_id"], {})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.state is ConfigEntryState.LOADED
        await unload(hass, entry, gateway)


@pytest.mark.timeout(300)
async def test_a_gateway_that_replaces_another(hass: HomeAssistant, gateway_now: Gateway) -> None:
    """Every entity goes on under the new serial number."""
    async with gateway_now as gateway:
        entry, _ = await set_up(hass, gateway)
        before = {item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
        gateway.identity.serial = "BX20000099"
        form = await reconfigure(hass, entry)
        answer = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: gateway.username}
        page = await hass.config_entries.flow.async_configure(form["flow_id"], answer)
        assert page["type"] is FlowResultType.MENU
        await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "replace"})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, "BX20000099")
        items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        assert {item.entity_id for item in items} == before
        assert {item.unique_id.partition("_")[0] for item in items} == {"BX20000099"}
        await unload(hass, entry, gateway)
