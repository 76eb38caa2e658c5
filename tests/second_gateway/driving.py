"""Drives Home Assistant through the set-up of the second gateway, and reads its sensors in the model's units."""

from typing import Any, Final, cast

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from . import Gateway, Signal

#: The model's unit behind each unit that a sensor may show, and how much of it one is.
UNITS: Final = {
    "W": ("W", 1.0),
    "kW": ("W", 1e3),
    "Wh": ("J", 3600.0),
    "kWh": ("J", 3.6e6),
    "var": ("var", 1.0),
    "kvar": ("var", 1e3),
    "VA": ("VA", 1.0),
    "kVA": ("VA", 1e3),
    "varh": ("vars", 3600.0),
    "kvarh": ("vars", 3.6e6),
    "V": ("V", 1.0),
    "A": ("A", 1.0),
    "Hz": ("Hz", 1.0),
    "h": ("s", 3600.0),
    "m³": ("m3s", 1.0),
}


async def click_through(hass: HomeAssistant, result: ConfigFlowResult) -> tuple[ConfigFlowResult, list[str]]:
    """Take what each page suggests, until the dialog has ended; return its end and the pages it showed."""
    pages: list[str] = []
    while result["type"] not in {FlowResultType.CREATE_ENTRY, FlowResultType.ABORT}:
        answer: dict[str, Any] | None = None
        if result["type"] is FlowResultType.FORM:
            assert not result["errors"], (pages, result)
            pages.append(result["step_id"])
            assert len(pages) < 20, pages
            schema = result["data_schema"]
            answer = {
                str(key): (key.description or {})["suggested_value"]
                for key in (schema.schema if schema else {})
                if "suggested_value" in (key.description or {})
            }
        elif result["type"] is FlowResultType.MENU:
            pages.append(result["step_id"])
            answer = {"next_step_id": next(iter(cast("list[str]", result["menu_options"])))}
        else:
            await hass.async_block_till_done(wait_background_tasks=True)
        result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    return result, pages


async def set_up(hass: HomeAssistant, gateway: Gateway) -> tuple[ConfigEntry, list[str]]:
    """Set up the integration as a person does who changes nothing."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    typed = {
        CONF_HOST: f"{gateway.host}:{gateway.port}",
        CONF_USERNAME: gateway.username,
        CONF_PASSWORD: gateway.password,
    }
    result = await hass.config_entries.flow.async_configure(form["flow_id"], typed)
    done, pages = await click_through(hass, result)
    assert done["type"] is FlowResultType.CREATE_ENTRY, done
    await hass.async_block_till_done(wait_background_tasks=True)
    entry: ConfigEntry = done["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry, pages


def sensors(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> dict[int, tuple[er.RegistryEntry, Signal]]:
    """Return the entities of signals by UID."""
    prefix = f"{gateway.identity.serial}_"
    found: dict[int, tuple[er.RegistryEntry, Signal]] = {}
    for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        uid = item.unique_id.removeprefix(prefix)
        if item.unique_id.startswith(prefix) and uid.isdecimal():
            found[int(uid)] = item, gateway.site.signals[int(uid)]
    return found


def shown(hass: HomeAssistant, entity_id: str) -> float:
    """Return a sensor's value in the model's unit."""
    state = hass.states.get(entity_id)
    assert state is not None
    return float(state.state) * UNITS[state.attributes["unit_of_measurement"]][1]


async def unload(hass: HomeAssistant, entry: ConfigEntry, gateway: Gateway) -> None:
    """End the connection before the gateway goes."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert gateway.in_flight == 0


def sampled(gateway: Gateway, signal: Signal, when: float) -> float:
    """Return the instant of the sample that a signal shows at an instant."""
    return gateway.timeline.sample(gateway.site.loads[signal.load], when)
