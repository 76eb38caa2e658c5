"""Naming codes while the gateway, its history or the identification fails, or while Home Assistant stops."""

import logging

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.recognition import identifying
from custom_components.carlo_gavazzi_ems.signals.identify import Finding
from simulator import Drop, Gateway, Status
from tests.carlo_gavazzi_ems.config_pages import placeholders_of
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.dialogs.code_pages import (
    labels,
    press,
    suggested,
    to_codes,
    to_findings,
)

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


@pytest.mark.parametrize("fault", [Status(code=404, path="/v1/signals/history"), Drop(path="/v1/signals/history")])
async def test_r27_a_gateway_without_history_goes_on(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], fault: Status
) -> None:
    """Without history less is recognised, and the set-up goes on all the same."""
    gateway.faults.add(fault)
    form = await to_findings(hass, gateway)
    assert form["step_id"] == "findings"
    assert placeholders_of(form)["recognised"] == "1"  # the documented one
    assert (await press(hass, form, {}))["type"] is FlowResultType.CREATE_ENTRY


async def test_r27_a_gateway_that_goes_away_meanwhile(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The gateway is gone when its lists are to be read: the dialog says so, and makes no entry that would wait."""
    gateway.faults.add(Drop(path="/v1/loads"))
    form = await to_findings(hass, gateway)
    assert (form["step_id"], form["errors"]) == ("user", {"base": "cannot_connect"})
    hass.config_entries.flow.async_abort(form["flow_id"])


async def test_r27_a_fault_in_identification_costs_proposals_only(
    hass: HomeAssistant,
    gateway: Gateway,
    findings: dict[int, Finding],
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug in there is logged; the set-up goes on, and in the options the person picks by hand."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(identifying, "identify", fail)
    form = await to_findings(hass, gateway)
    assert (form["step_id"], placeholders_of(form)["recognised"]) == ("findings", "1")
    assert "The codes could not be identified" in caplog.text
    hass.config_entries.flow.async_abort(form["flow_id"])
    form = await to_codes(hass, gateway, set_up)
    assert len(labels(form)) > 20
    assert suggested(form) == {labels(form)[29]: "voltage/V"}
    hass.config_entries.options.async_abort(form["flow_id"])


async def test_r27_closing_the_dialog_ends_the_reading(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """A dialog that is closed while history is read ends the requests, without an error."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    data = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await hass.async_block_till_done()
    asked = len(gateway.requests)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(gateway.requests) == asked
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_r27_home_assistant_stops_while_history_is_read(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not wait for the reading; incomplete history is not used, and nothing is logged as an error."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    data = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    caplog.clear()
    await hass.async_stop(force=True)
    # A browser that asks once more gets the same.
    again = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    assert hass.config_entries.async_entries(DOMAIN) == []
    ours = ("homeassistant", "custom_components")
    assert not [item for item in caplog.records if item.levelno >= logging.WARNING and item.name.startswith(ours)]
