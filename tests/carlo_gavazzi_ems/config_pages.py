"""Helpers that fill in the pages of the config flow."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway

from .conftest import PASSWORD, USERNAME


def typed(gateway: Gateway, **changes: str) -> dict[str, str]:
    """Return what a person types."""
    return {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: USERNAME,
        CONF_PASSWORD: PASSWORD,
    } | changes


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Press "Add integration"."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, data: Mapping[str, Any]) -> ConfigFlowResult:
    """Press "Submit", take what was recognised, and leave the doubts open."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], dict(data))
    await hass.async_block_till_done()
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    if result["type"] is FlowResultType.FORM and result["step_id"] in {"findings", "doubts"}:
        return await submit(hass, result, {})
    await hass.async_block_till_done()
    return result


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what the form shows in its fields."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in schema.schema
        if marker.description and "suggested_value" in marker.description
    }


def placeholders_of(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return the placeholders of a page."""
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    return placeholders
