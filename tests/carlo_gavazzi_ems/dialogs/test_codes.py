"""Naming codes: at set-up, in the options, behind the repair; what is chosen, and what is never guessed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
import logging
import re
from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs import codes as codes_dialog
from custom_components.carlo_gavazzi_ems.dialogs.naming import MEANINGS, QuantityNames
from custom_components.carlo_gavazzi_ems.signals.identify import LAWS, Candidate, Finding, Series
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from simulator import Drop, Gateway, Identity, SiteKind, Status, build_site
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.test_config_flow import suggested as suggested_labels
from tests.carlo_gavazzi_ems.test_sensor import entity_id
from tests.carlo_gavazzi_ems.test_translations import TRANSLATIONS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")

type Flow = ConfigFlowResult

NAMES: Final = QuantityNames(
    {
        quantity.key: TRANSLATIONS["entity"]["sensor"][quantity.translation_key]["name"].format(**quantity.placeholders)
        for quantity in QUANTITIES.values()
    }
)


def finding(code: int, *texts: str, certain: bool = False, assumption: str | None = None) -> Finding:
    """Return what was found about a code: these, the first one most likely."""
    candidates = tuple(
        Candidate(text=text, confidence=0.9 - i / 10, law="phases_add_up") for i, text in enumerate(texts)
    )
    return Finding(code=code, candidates=candidates, certain=certain, assumption=assumption)


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[int, Finding]:
    """What is found out, as a test wants it, from ten minutes of history."""
    found: dict[int, Finding] = {}

    def identify(
        series: Iterable[Series], known: Mapping[int, str], phase_open: Collection[int] = (), **_: object
    ) -> dict[int, Finding]:
        codes = {one.code for one in series} - known.keys() | (set(phase_open) & found.keys())
        return {code: found.get(code, finding(code)) for code in codes}

    monkeypatch.setattr(codes_dialog, "identify", identify)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.dialogs.observation.SPAN", timedelta(minutes=10))
    return found


async def through_progress(hass: HomeAssistant, flow: Flow) -> Flow:
    """Wait for the end of the progress bar."""
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        assert (flow["step_id"], flow["progress_action"]) == ("identify", "identify")
        await hass.async_block_till_done(wait_background_tasks=True)
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
    return flow


async def to_codes(hass: HomeAssistant, gateway: Gateway) -> Flow:
    """Set up a gateway as far as the codes, or to the end where there is none to name."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    data = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    assert flow["step_id"] == "certificate"
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    return await through_progress(hass, flow)


def labels(form: Flow) -> dict[int, str]:
    """Return the field of each code in a form."""
    return {int(label.split(" ")[0]): field for field, label in shown(form).items()}


def shown(form: Flow) -> dict[str, str]:
    """Return what each field of a form is called."""
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
    """Return what there is to pick from for a code, as it is read."""
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
    """Return the code by which the gateway marks a quantity."""
    return gateway.site.signals[gateway.site.find(quantity)].si


async def test_r27_only_what_is_certain_is_chosen(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """A certain proposal is preselected; a likely one only stands first in the list."""
    power, energy = code_of(gateway, "active_power"), code_of(gateway, "energy_import")
    findings[power] = finding(power, "active_power/kW", certain=True)
    findings[energy] = finding(energy, "gas/m³", "energy_import/kWh")
    form = await to_codes(hass, gateway)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "codes")
    assert suggested(form) == {labels(form)[power]: "active_power/kW"}
    assert options(form, energy)[:2] == ["gas/m³", "energy_import/kWh"]
    assert len(options(form, energy)) == len(set(options(form, energy))) > 150
    assert 29 not in labels(form)
    done = await press(hass, form, suggested(form))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["options"] == {
        "codes": {str(power): "active_power/kW"},
        "evidence": {str(power): {"confidence": 0.9, "law": "phases_add_up"}},
    }


@pytest.mark.parametrize("pick", ["voltage_l1/V", "voltage/V"])
async def test_r27_the_phase_of_a_documented_code_is_asked_once(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], pick: str
) -> None:
    """The document does not say which voltage code 29 is: where it is known for sure, a person confirms it once."""
    findings[29] = finding(29, "voltage_l1/V", certain=True, assumption="phase_order")
    form = await to_codes(hass, gateway)
    assert suggested(form) == {labels(form)[29]: "voltage_l1/V"}
    (label,) = (text for text in picker_of(form, 29) if meaning(text) == pick)
    done = await press(hass, form, {labels(form)[29]: label})
    # No page about statistics: the unit is what it was.
    assert (done["type"], done["options"]["codes"]) == (FlowResultType.CREATE_ENTRY, {"29": pick})
    assert "corrected" not in done["options"]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    form = await open_options(hass, entry.entry_id, "name_codes")
    assert suggested(form) == {labels(form)[29]: pick}


async def test_r27_a_row_shows_load_and_live_value(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """Each field tells code, load and the value there now."""
    form = await to_codes(hass, gateway)
    loads = {load.label for load in gateway.site.loads.values()}
    codes = {signal.si for signal in gateway.site.signals.values()}
    for label in shown(form).values():
        code, load, value = label.split(" · ")
        assert (int(code) in codes, load in loads) == (True, True)
        float(value)
    hass.config_entries.flow.async_abort(form["flow_id"])


async def test_r27_the_entities_get_what_was_chosen(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """What the person picks by hand is the unit of the sensors."""
    uid = gateway.site.find("energy_import")
    quantity, unit = gateway.site.truth(uid)
    form = await to_codes(hass, gateway)
    await press(hass, form, {labels(form)[gateway.site.signals[uid].si]: f"{quantity}/{unit}"})
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == unit
    assert state.attributes["device_class"] == "energy"


async def test_r27_only_what_is_in_the_list_is_taken(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """A list that can be searched lets people type; anything else is refused, and what was picked survives."""
    form = await to_codes(hass, gateway)
    voltage, current = list(shown(form))[:2]
    again = await press(hass, form, {voltage: "Voltage L2 · V", current: "volts"})
    assert (again["type"], again["errors"]) == (FlowResultType.FORM, {current: "unknown_meaning"})
    assert suggested_labels(again) == {voltage: "Voltage L2 · V", current: "volts"}
    done = await press(hass, again, {voltage: "Voltage L2 · V"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert set(entry.options["codes"].values()) == {"voltage_l2/V"}


def test_r27_no_two_meanings_read_alike() -> None:
    """What is picked is known by how it reads."""
    assert len({NAMES.of(*pair) for pair in MEANINGS.values()}) == len(MEANINGS)


async def test_r27_an_assumption_is_told(hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]) -> None:
    """Where the order of phases is assumed, the proposal is marked."""
    code = code_of(gateway, "active_power")
    findings[code] = finding(code, "active_power_l2/kW", certain=True, assumption="phase_order")
    form = await to_codes(hass, gateway)
    first, second, *_ = picker_of(form, code)
    assert first == "Active power L2 · kW · 90% *"
    assert not second.endswith("*")
    done = await press(hass, form, suggested(form))
    assert done["options"]["codes"] == {str(code): "active_power_l2/kW"}


async def test_r27_more_than_forty_codes_come_in_pages(
    hass: HomeAssistant, findings: dict[int, Finding], socket_enabled: None
) -> None:
    """A house with many codes is asked page by page, and nothing of the first page is lost."""
    site = build_site(SiteKind.HOUSE, seed=3)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        codes = sorted({signal.si for signal in site.signals.values()} - {29})
        findings.update({code: finding(code, "frequency/Hz", certain=True) for code in codes})
        form = await to_codes(hass, gateway)
        seen: list[int] = []
        while form["type"] is FlowResultType.FORM:
            placeholders = form["description_placeholders"] or {}
            page = (placeholders["page"], placeholders["pages"])
            assert page == (str(len(seen) // 40 + 1), str(-(-len(codes) // 40)))
            seen += labels(form)
            assert len(labels(form)) <= 40
            form = await press(hass, form, suggested(form))
        assert seen == codes
        assert set(form["options"]["codes"]) == {str(code) for code in codes}
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r27_confirmed_codes_serve_the_next_gateway(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """What was confirmed on one gateway is not asked on the next."""
    table = {
        str(signal.si): "/".join(filter(None, gateway.site.truth(uid))) for uid, signal in gateway.site.signals.items()
    }
    named = dict.fromkeys(table, "frequency/Hz")
    await set_up(gateway, options={"codes": named})
    twin = Identity(serial_number="BX19999999", mac="00:19:EE:00:00:99")
    async with Gateway(gateway.site, username=USERNAME, password=PASSWORD, identity=twin) as other:
        done = await to_codes(hass, other)
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert done["options"]["codes"] == named
        await hass.async_block_till_done()
        second = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "BX19999999")
        assert second is not None
        assert await hass.config_entries.async_unload(second.entry_id)


@pytest.mark.parametrize("fault", [Status(code=404, path="/v1/signals/history"), Drop(path="/v1/signals/history")])
async def test_r27_a_gateway_without_history_goes_on(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], fault: Status
) -> None:
    """Without history there are fewer proposals, and the form all the same."""
    gateway.faults.add(fault)
    form = await to_codes(hass, gateway)
    assert form["step_id"] == "codes"
    assert labels(form)
    assert (await press(hass, form, {}))["type"] is FlowResultType.CREATE_ENTRY


async def test_r27_a_gateway_that_goes_away_meanwhile(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The gateway is gone when its codes are to be read: the entry is made, its codes wait."""
    gateway.faults.add(Drop(path="/v1/loads"))
    done = await to_codes(hass, gateway)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["options"] == {"codes": {}, "evidence": {}}


async def test_r27_a_fault_in_identification_costs_proposals_only(
    hass: HomeAssistant,
    gateway: Gateway,
    findings: dict[int, Finding],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug in there is logged, and the person picks by hand."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(codes_dialog, "identify", fail)
    form = await to_codes(hass, gateway)
    assert labels(form)
    assert suggested(form) == {}
    assert "The codes could not be identified" in caplog.text
    hass.config_entries.flow.async_abort(form["flow_id"])


async def test_r27_closing_the_dialog_ends_the_reading(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """Whoever closes the dialog while history is read is left in peace, and so is the gateway."""
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
    """It does not wait for the reading, nothing is made of what is half read, and nobody is called to account."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    data = {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.SHOW_PROGRESS
    caplog.clear()
    await hass.async_stop(force=True)
    # A browser that still asks is told nothing new.
    again = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    assert hass.config_entries.async_entries(DOMAIN) == []
    ours = ("homeassistant", "custom_components")
    assert not [item for item in caplog.records if item.levelno >= logging.WARNING and item.name.startswith(ours)]


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


async def test_r28_a_code_is_corrected_in_the_options(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    gateway: Gateway,
    findings: dict[int, Finding],
    set_up: SetUp,
) -> None:
    """The options show what is confirmed; a correction tells what it does, and changes the same entity at once."""
    uid = gateway.site.find("energy_import")
    code = gateway.site.signals[uid].si
    entry = await set_up(gateway, options={"codes": {str(code): "energy_import/Wh"}, "scan_interval": 30})
    before = entity_id(entity_registry, gateway, uid)
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
    assert entity_id(entity_registry, gateway, uid) == before


async def test_r28_a_name_is_taken_back(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
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
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
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
    """Codes can be named where there is something to look at."""
    gateway.faults.add(Drop())
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    result = await open_options(hass, entry.entry_id, "name_codes")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_r28_the_options_name_the_codes_that_wait(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """There is no repair for what a person has just skipped."""
    codes = sorted({signal.si for signal in gateway.site.signals.values()} - {29})
    entry = await set_up(gateway, options={"codes": {str(code): "frequency/Hz" for code in codes[2:]}})
    assert not issue_registry.issues
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["description_placeholders"] == {"codes": f"{codes[0]}, {codes[1]}"}


async def test_the_report_to_share(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The diagnostics list each code with quantity, unit, source, what spoke for it, and a few values."""
    code = code_of(gateway, "active_power")
    findings[code] = finding(code, "active_power/kW", certain=True)
    form = await to_codes(hass, gateway)
    await press(hass, form, suggested(form))
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
