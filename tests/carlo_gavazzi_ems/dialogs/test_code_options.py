"""Codes after the set-up: corrected in the options, exchanged as text, named in the repair."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_clock_checked
from custom_components.carlo_gavazzi_ems.signals.identify import LAWS, Finding
from simulator import Drop, Gateway
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.dialogs.code_pages import (
    choose,
    code_of,
    finding,
    labels,
    open_options,
    press,
    suggested,
    to_findings,
)
from tests.carlo_gavazzi_ems.resident import entity_id

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


async def test_r28_a_code_is_corrected_in_the_options(
    hass: HomeAssistant,
    gateway: Gateway,
    findings: dict[int, Finding],
    set_up: SetUp,
) -> None:
    """The options show what is confirmed; a correction tells what it does, and changes the same entity at once."""
    uid = gateway.site.find("energy_import")
    code = gateway.site.signals[uid].si
    entry = await set_up(gateway, options={"codes": {str(code): "energy_import/Wh"}, "scan_interval": 30})
    before = entity_id(hass, gateway, uid)
    form = await open_options(hass, entry.entry_id, "name_codes")
    assert suggested(form) == {labels(form)[code]: "energy_import/Wh", labels(form)[29]: "voltage/V"}
    warning = await choose(hass, form, suggested(form) | {labels(form)[code]: "energy_import/kWh"})
    assert warning["step_id"] == "corrected"
    assert warning["description_placeholders"] == {"codes": f"- {code}: Energy import · Wh → Energy import · kWh"}
    assert entry.options["codes"] == {str(code): "energy_import/Wh"}
    await choose(hass, warning, {})
    assert entry.options == {"codes": {str(code): "energy_import/kWh"}, "evidence": {}, "scan_interval": 30}
    state = hass.states.get(before)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "kWh"
    assert entity_id(hass, gateway, uid) == before


async def test_r28_a_name_is_taken_back(
    hass: HomeAssistant,
    gateway: Gateway,
    findings: dict[int, Finding],
    set_up: SetUp,
) -> None:
    """An emptied field makes the code unnamed again; a documented code keeps its meaning."""
    uid = gateway.site.find("energy_import")
    code = gateway.site.signals[uid].si
    entry = await set_up(gateway, options={"codes": {str(code): "energy_import/kWh"}})
    form = await open_options(hass, entry.entry_id, "name_codes")
    warning = await choose(hass, form, {})
    assert warning["description_placeholders"] == {"codes": f"- {code}: Energy import · kWh → —"}
    await choose(hass, warning, {})
    assert entry.options["codes"] == {}
    state = hass.states.get(entity_id(hass, gateway, uid))
    assert state is not None
    assert "unit_of_measurement" not in state.attributes


async def test_the_table_as_text(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """The table is given to be shared, and taken; what cannot be read changes nothing and is named."""
    entry = await set_up(gateway, options={"codes": {"45": "active_power/kW", "46": "frequency/Hz"}})
    form = await open_options(hass, entry.entry_id, "table")
    text = suggested(form)["table"]
    assert "45 = active_power/kW" in text
    bad = await choose(hass, form, {"table": f"{text}\n47 = watts\n"})
    assert bad["errors"] == {"table": "unreadable_table"}
    placeholders = bad["description_placeholders"]
    assert placeholders is not None
    assert "47 = watts" in placeholders["problems"]
    assert suggested(bad)["table"].endswith("47 = watts\n")
    assert entry.options["codes"] == {"45": "active_power/kW", "46": "frequency/Hz"}
    warning = await choose(hass, bad, {"table": "45 = active_power/W\n48 = temperature/°C\n"})
    assert warning["step_id"] == "corrected"
    await choose(hass, warning, {})
    assert entry.options["codes"] == {"45": "active_power/W", "48": "temperature/°C"}


async def test_options_of_a_gateway_that_is_away(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Codes can be named only if there are values to show."""
    gateway.faults.add(Drop())
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    result = await open_options(hass, entry.entry_id, "name_codes")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_r28_the_options_name_the_codes_that_wait(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Skipped codes do not create a repair."""
    codes = sorted({signal.si for signal in gateway.site.signals.values()} - {29})
    entry = await set_up(gateway, options={"codes": {str(code): "frequency/Hz" for code in codes[2:]}})
    assert not issue_registry.issues
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["description_placeholders"] == {"codes": f"{codes[0]}, {codes[1]}", "recognised": "0", "how_far": ""}


async def test_removing_the_entry_takes_its_repairs_away(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Repairs of a removed gateway are deleted."""
    entry = await set_up(gateway)
    async_clock_checked(hass, entry, 600)
    assert issue_registry.issues
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issue_registry.issues


async def test_the_report_to_share(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The diagnostics list each code with quantity, unit, source, what spoke for it, and a few values."""
    code = code_of(gateway, "active_power")
    findings[code] = finding(code, "active_power/kW", certain=True)
    form = await to_findings(hass, gateway)
    await press(hass, form, {})
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    report = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    codes = report["codes"]
    assert isinstance(codes, dict)
    named, documented = codes[str(code)], codes["29"]
    assert isinstance(named, dict)
    assert isinstance(documented, dict)
    values = named.pop("values")
    assert isinstance(values, list)
    assert 0 < len(values) <= 5
    assert named == {
        "quantity": "active_power",
        "unit": "kW",
        "source": "confirmed",
        "confidence": 0.9,
        "law": "phases_add_up",
        "law_in_words": LAWS["phases_add_up"],
    }
    assert (documented["quantity"], documented["source"]) == ("voltage", "documented")
