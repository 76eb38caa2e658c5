"""R16: a gateway that is new is offered, once."""

import asyncio

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from simulator import Gateway, Html, Identity, Status
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import requests

from .announcing import ELSEWHERE, announce, outcome, submit, typed

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "quick_discovery")


async def test_r16_a_new_gateway_is_offered_with_its_address(hass: HomeAssistant, gateway: Gateway) -> None:
    """The offer shows the host, the form has it filled in; nothing secret is sent before the certificate is trusted."""
    form = await announce(hass, gateway.identity.mac)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "user")
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "127.0.0.1"}
    schema = form["data_schema"]
    assert schema is not None
    shown = {str(key): (key.description or {}).get("suggested_value") for key in schema.schema}
    assert shown == {CONF_HOST: f"127.0.0.1:{gateway.port}", CONF_USERNAME: None, CONF_PASSWORD: None}
    assert [request.path for request in gateway.requests] == ["/ver"]
    page = await submit(hass, form, typed(gateway))
    assert page["step_id"] == "certificate"
    assert [request.path for request in gateway.requests] == ["/ver"]
    done = await submit(hass, page, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.unique_id, entry.state) == (gateway.identity.serial_number, ConfigEntryState.LOADED)
    assert (entry.data[CONF_PORT], entry.data[CONF_FINGERPRINT]) == (gateway.port, gateway.fingerprint)


async def test_r16_the_same_gateway_is_offered_once(hass: HomeAssistant, gateway: Gateway) -> None:
    """Announced again, also while the first look is still going on: one offer; at a new address it takes its place."""
    first, second = await asyncio.gather(*(announce(hass, gateway.identity.mac) for _ in range(2)))
    assert sorted(result["type"] for result in (first, second)) == [FlowResultType.ABORT, FlowResultType.FORM]
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_in_progress"
    assert len(hass.config_entries.flow.async_progress()) == 1
    (flow,) = hass.config_entries.flow.async_progress()
    flow["context"]["title_placeholders"] = {"name": ELSEWHERE}
    renewed = await announce(hass, gateway.identity.mac)
    assert renewed["type"] is FlowResultType.FORM
    assert [flow["flow_id"] for flow in hass.config_entries.flow.async_progress()] == [renewed["flow_id"]]


async def test_r16_what_was_ignored_is_not_offered_again(hass: HomeAssistant, gateway: Gateway) -> None:
    """A person who does not want it is asked once."""
    form = await announce(hass, gateway.identity.mac)
    (flow,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "127.0.0.1"},
    )
    assert form["flow_id"] not in {flow["flow_id"] for flow in hass.config_entries.flow.async_progress()}
    gateway.requests.clear()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"
    assert gateway.requests == []


async def test_r16_a_set_up_by_hand_ends_the_offer(hass: HomeAssistant, gateway: Gateway) -> None:
    """While the offer waits the person types the address: afterwards there is one entry and no offer."""
    await announce(hass, gateway.identity.mac)
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    done = await submit(hass, await submit(hass, form, typed(gateway)), {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.flow.async_progress()
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"


async def test_r16_an_entry_at_the_address_that_never_loaded_is_no_new_gateway(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Its MAC address is not known yet, its address is."""
    gateway.faults.add(Status(code=500))
    await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    assert outcome(await announce(hass, gateway.identity.mac)) == "already_configured"


async def test_r16_another_product_of_the_maker_is_not_offered(hass: HomeAssistant, gateway: Gateway) -> None:
    """It has the same first bytes in its MAC address, and does not answer as a gateway does."""
    gateway.faults.add(Html())
    assert outcome(await announce(hass, gateway.identity.mac)) == "no_gateway"
    assert requests(gateway, "/ver") == 3
    assert not hass.config_entries.flow.async_progress()


async def test_r16_a_gateway_that_is_starting_is_waited_for(hass: HomeAssistant, gateway: Gateway) -> None:
    """It asks for its address before it answers requests."""
    gateway.faults.add(Status(code=503, times=2))
    assert (await announce(hass, gateway.identity.mac))["type"] is FlowResultType.FORM


async def test_r16_a_gateway_of_another_version_is_offered(hass: HomeAssistant, gateway: Gateway) -> None:
    """It is one all the same; the dialog says what is wrong."""
    gateway.identity = Identity(mac=gateway.identity.mac, api_version=2)
    form = await announce(hass, gateway.identity.mac)
    page = await submit(hass, await submit(hass, form, typed(gateway)), {})
    assert page["errors"] == {"base": "unsupported_version"}
