"""Helpers that read the pages about the Energy dashboard."""

from typing import Any

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway

from .import_pages import open_page, through

AFTERNOON = "2026-06-17 17:00:00+00:00"


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
    """Return the suggested values of a form."""
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
