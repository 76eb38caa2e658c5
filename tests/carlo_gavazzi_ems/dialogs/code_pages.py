"""Helpers that read and fill in the pages about codes."""

from collections.abc import Mapping
import re
from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.naming import MEANINGS, QuantityNames
from custom_components.carlo_gavazzi_ems.signals.identify import Candidate, Finding
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from simulator import Gateway
from tests.carlo_gavazzi_ems.config_pages import suggested as suggested_labels
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.test_translations import TRANSLATIONS

type Flow = ConfigFlowResult


NAMES: Final = QuantityNames(
    {
        quantity.translation_key: TRANSLATIONS["entity"]["sensor"][quantity.translation_key]["name"]
        for quantity in QUANTITIES.values()
    }
)


def finding(code: int, *texts: str, certain: bool = False, assumption: str | None = None) -> Finding:
    """Return a finding with these candidates, the likeliest first."""
    candidates = tuple(
        Candidate(text=text, confidence=0.9 - i / 10, law="phases_add_up") for i, text in enumerate(texts)
    )
    return Finding(code=code, candidates=candidates, certain=certain, assumption=assumption)


async def through_progress(hass: HomeAssistant, flow: Flow) -> Flow:
    """Wait for the end of the progress bar."""
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        assert (flow["step_id"], flow["progress_action"]) == ("identify", "identify")
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
    return flow


async def to_findings(hass: HomeAssistant, gateway: Gateway) -> Flow:
    """Go through the set-up to the page of findings, or to the end if every code has a name."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    data = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    assert flow["step_id"] == "certificate"
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    return await through_progress(hass, flow)


async def to_codes(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, **changes: Any) -> Flow:
    """Set up a gateway, and open the pages of all codes in its options."""
    return await open_options(hass, (await set_up(gateway, **changes)).entry_id, "name_codes")


def labels(form: Flow) -> dict[int, str]:
    """Return the field of each code in a form."""
    return {int(label.split(" ")[0]): field for field, label in shown(form).items()}


def shown(form: Flow) -> dict[str, str]:
    """Return the label of each field of a form."""
    placeholders = form["description_placeholders"] or {}
    schema = form["data_schema"]
    assert schema is not None
    fields = {str(marker) for marker in schema.schema}
    assert fields == {field for field in placeholders if field.startswith("code_")}
    return {field: placeholders[field] for field in sorted(fields, key=lambda field: int(field.split("_")[1]))}


def meaning(label: str) -> str:
    """Return the meaning of an entry of a list, `energy_import/kWh` for `Energy import · kWh · 99%`."""
    plain = re.sub(r" · \d+%( \*)?$", "", label)
    return {NAMES.of(*pair): text for text, pair in MEANINGS.items()}.get(plain, label)


def suggested(form: Flow) -> dict[str, str]:
    """Return the meanings that a form shows in its fields."""
    return {field: meaning(label) for field, label in suggested_labels(form).items()}


def options(form: Flow, code: int) -> list[str]:
    """Return the meanings to pick from for a code, in their order."""
    return [meaning(label) for label in picker_of(form, code)]


def picker_of(form: Flow, code: int) -> list[str]:
    """Return the options of the list for a code, as shown."""
    schema = form["data_schema"]
    assert schema is not None
    listed: list[str] = schema.schema[labels(form)[code]].config["options"]
    return listed


async def press(hass: HomeAssistant, form: Flow, data: Mapping[str, Any]) -> Flow:
    """Submit a form of the set-up."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], dict(data))
    await hass.async_block_till_done()
    return result


def code_of(gateway: Gateway, quantity: str) -> int:
    """Return the gateway's code of a quantity."""
    return gateway.site.signals[gateway.site.find(quantity)].si


async def open_options(hass: HomeAssistant, entry_id: str, step: str) -> Flow:
    """Open the options and choose from the menu."""
    menu = await hass.config_entries.options.async_init(entry_id)
    flow = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": step})
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"])
    return flow


async def choose(hass: HomeAssistant, form: Flow, data: Mapping[str, Any]) -> Flow:
    """Submit a form of the options."""
    result = await hass.config_entries.options.async_configure(form["flow_id"], dict(data))
    await hass.async_block_till_done()
    return result
