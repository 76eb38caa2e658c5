"""New credentials, a new address, and the polling page of the options."""

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT
from custom_components.carlo_gavazzi_ems.dialogs.trust import KEY_UNKNOWN, readable_fingerprint
from simulator import Gateway, Identity
from tests.carlo_gavazzi_ems.config_pages import placeholders_of, submit, suggested, typed

from .conftest import PASSWORD, USERNAME, SetUp

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "short_past")


async def test_r15_another_certificate_while_new_credentials_are_asked_for(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """It is shown before the new password is sent to it."""
    entry = await set_up(gateway)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    await gateway.stop()
    await gateway.rotate_certificate()
    await gateway.start()
    gateway.requests.clear()
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    old = entry.data[CONF_FINGERPRINT]
    shown = await submit(hass, form, {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD})
    assert shown["step_id"] == KEY_UNKNOWN
    assert placeholders_of(shown)["old_fingerprint"] == readable_fingerprint(old)
    assert placeholders_of(shown)["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert gateway.requests == []
    done = await submit(hass, shown, {})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint


async def test_r08_new_credentials(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The password was changed on the gateway: the dialog takes the new one, everything else stays."""
    entry = await set_up(gateway)
    before = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    gateway.password = "new password"
    gateway.reboot()
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["step_id"] == "reauth_confirm"
    assert suggested(form) == {CONF_USERNAME: USERNAME}
    assert form["description_placeholders"] == {"gateway": entry.title, "name": entry.title}
    wrong = await submit(hass, form, {CONF_USERNAME: USERNAME, CONF_PASSWORD: "wrong"})
    assert (wrong["step_id"], wrong["errors"]) == ("reauth_confirm", {"base": "invalid_auth"})
    done = await submit(hass, wrong, {CONF_USERNAME: USERNAME, CONF_PASSWORD: "new password"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_PASSWORD] == "new password"
    assert entry.data[CONF_FINGERPRINT] == gateway.fingerprint
    assert before == er.async_entries_for_config_entry(entity_registry, entry.entry_id)


async def test_r16_a_new_address(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The gateway has moved: its new address and certificate, the same entities."""
    entry = await set_up(gateway)
    before = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    async with Gateway(gateway.site, username=USERNAME, password=PASSWORD, identity=gateway.identity) as moved:
        form = await entry.start_reconfigure_flow(hass)
        assert suggested(form) == {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME}
        shown = await submit(hass, form, typed(moved))
        assert shown["step_id"] == KEY_UNKNOWN
        assert moved.requests == []
        done = await submit(hass, shown, {})
        assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.state is ConfigEntryState.LOADED
        assert (entry.data[CONF_PORT], entry.data[CONF_FINGERPRINT]) == (moved.port, moved.fingerprint)
        assert before == er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r16_the_address_of_another_gateway(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Another gateway at the new address changes nothing."""
    entry = await set_up(gateway)
    before = dict(entry.data)
    async with Gateway(
        gateway.site, username=USERNAME, password=PASSWORD, identity=Identity(serial_number="BX10000042")
    ) as other:
        form = await entry.start_reconfigure_flow(hass)
        page = await submit(hass, await submit(hass, form, typed(other)), {})
        assert (page["type"], page["step_id"]) == (FlowResultType.MENU, "other_gateway")
        assert dict(entry.data) == before
        result = await submit(hass, page, {"next_step_id": "keep"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "other_gateway")
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["gateway"] == entry.title
    assert dict(entry.data) == before


async def test_r15_a_new_address_that_is_none(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """An invalid address returns to the form."""
    entry = await set_up(gateway)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), typed(gateway, host="ems local"))
    assert (result["step_id"], result["errors"]) == ("reconfigure", {CONF_HOST: "invalid_host"})


async def polling_form(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Open the options and choose how often to poll."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "init")
    return await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "polling"})


@pytest.mark.parametrize("seconds", [2, 300])
async def test_how_often_to_poll(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, seconds: int) -> None:
    """The option is kept beside the others, and holds at once."""
    entry = await set_up(gateway, options={"codes": {"45": "active_power/kW"}})
    form = await polling_form(hass, entry)
    assert form["step_id"] == "polling"
    await hass.config_entries.options.async_configure(form["flow_id"], {"scan_interval": seconds})
    await hass.async_block_till_done()
    assert entry.options == {
        "codes": {"45": "active_power/kW"},
        "scan_interval": seconds,
        "throttle": 1.0,
        "repair_gaps": True,
        "raw_answers": False,
    }
    interval = entry.runtime_data.realtime.update_interval
    assert interval is not None
    assert interval.total_seconds() == seconds


@pytest.mark.parametrize("seconds", [1, 301, "often"])
async def test_an_interval_that_is_none(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, seconds: object) -> None:
    """Faster or slower than offered is refused."""
    entry = await set_up(gateway)
    form = await polling_form(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], {"scan_interval": seconds})
    assert entry.options == {}
