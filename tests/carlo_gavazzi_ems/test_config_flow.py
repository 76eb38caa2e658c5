"""The dialogs, against a gateway over HTTPS."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.carlo_gavazzi_ems.api import fetch_certificate
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.trust import CHANGED, readable_fingerprint
from simulator import (
    CertificateSpec,
    Gateway,
    Site,
)
from tests.carlo_gavazzi_ems.config_pages import placeholders_of, start, submit, typed

from .conftest import PASSWORD, USERNAME, SetUp
from .texts.hostile import HOSTILE, is_plain

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "short_past")


async def test_from_an_address_to_an_entry(hass: HomeAssistant, gateway: Gateway) -> None:
    """Host and credentials, the certificate, done."""
    flow = await start(hass)
    assert (flow["type"], flow["step_id"], flow["errors"]) == (FlowResultType.FORM, "user", {})
    shown = await submit(hass, flow, typed(gateway))
    assert (shown["type"], shown["step_id"]) == (FlowResultType.FORM, "certificate")
    assert gateway.requests == []
    done = await submit(hass, shown, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == f"EMS {gateway.identity.serial_number[-4:]}"
    assert done["data"] == {
        CONF_HOST: gateway.host,
        CONF_PORT: gateway.port,
        CONF_FINGERPRINT: gateway.fingerprint,
        CONF_PUBLIC_KEY: (
            await fetch_certificate(async_get_clientsession(hass), gateway.host, gateway.port)
        ).public_key,
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    }
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.unique_id, entry.state) == (gateway.identity.serial_number, ConfigEntryState.LOADED)


async def test_r13_the_certificate_is_shown_before_anything_is_sent(hass: HomeAssistant, gateway: Gateway) -> None:
    """Fingerprint, subject and dates are shown once; until consent no request has reached the gateway."""
    shown = await submit(hass, await start(hass), typed(gateway))
    placeholders = shown["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert placeholders["host"] == f"{gateway.host}:{gateway.port}"
    assert "CN=ems.local" in placeholders["subject"]
    assert placeholders["not_before"] < placeholders["not_after"]
    assert gateway.requests == []
    hass.config_entries.flow.async_abort(shown["flow_id"])
    assert gateway.requests == []


async def test_r13_a_slip_in_the_password_does_not_ask_for_the_certificate_again(
    hass: HomeAssistant, gateway: Gateway
) -> None:
    """What was confirmed stays confirmed while the dialog is open."""
    shown = await submit(hass, await start(hass), typed(gateway, password="wrong"))
    failed = await submit(hass, shown, {})
    assert (failed["step_id"], failed["errors"]) == ("user", {"base": "invalid_auth"})
    done = await submit(hass, failed, typed(gateway))
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_r13_the_certificate_changes_while_the_dialog_is_open(hass: HomeAssistant, gateway: Gateway) -> None:
    """What was shown is what is pinned: another certificate in between is shown beside it, as a changed one."""
    shown = await submit(hass, await start(hass), typed(gateway))
    old = gateway.fingerprint
    await gateway.rotate_certificate()
    again = await submit(hass, shown, {})
    assert (again["type"], again["step_id"]) == (FlowResultType.FORM, CHANGED)
    assert placeholders_of(again)["old_fingerprint"] == readable_fingerprint(old)
    placeholders = again["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == readable_fingerprint(gateway.fingerprint)
    assert gateway.requests == []
    done = await submit(hass, again, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"][CONF_FINGERPRINT] == gateway.fingerprint


async def test_r13_markup_in_a_certificate_is_text(hass: HomeAssistant, site: Site, socket_enabled: None) -> None:
    """The subject is the gateway's text: its markup is not rendered in the dialog."""
    evil = CertificateSpec(common_name=HOSTILE[:60].replace("\x00", ""))
    async with Gateway(site, username=USERNAME, password=PASSWORD, certificate=evil) as gateway:
        shown = await submit(hass, await start(hass), typed(gateway))
    placeholders = shown["description_placeholders"]
    assert placeholders is not None
    assert "(click)(http: //x.example) /(img" in placeholders["subject"]
    assert is_plain(placeholders["subject"])
    hass.config_entries.flow.async_abort(shown["flow_id"])


async def test_r15_a_gateway_that_is_set_up_already(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The same gateway is not set up twice."""
    await set_up(gateway)
    result = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_dialog_that_was_left_half_way(hass: HomeAssistant, gateway: Gateway) -> None:
    """A closed browser leaves it behind; a new one goes through all the same, and ends the old one."""
    left = await submit(hass, await start(hass), typed(gateway))
    left = await hass.config_entries.flow.async_configure(left["flow_id"], {})
    await hass.async_block_till_done()
    assert (left["type"], left["step_id"]) == (FlowResultType.SHOW_PROGRESS, "identify")
    certificate = await submit(hass, await start(hass), typed(gateway))
    done = await submit(hass, certificate, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []
