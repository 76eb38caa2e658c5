"""Naming all codes in the options: what is preselected, what is saved, and what is never guessed."""

from collections.abc import Iterable
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.naming import MEANINGS
from custom_components.carlo_gavazzi_ems.recognition import identifying
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series
from simulator import Gateway, Identity, SiteKind
from tests.carlo_gavazzi_ems.config_pages import suggested as suggested_labels
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME, SetUp
from tests.carlo_gavazzi_ems.dialogs.code_pages import (
    NAMES,
    choose,
    code_of,
    finding,
    labels,
    meaning,
    open_options,
    options,
    picker_of,
    shown,
    suggested,
    to_codes,
    to_findings,
)
from tests.carlo_gavazzi_ems.resident import entity_id

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


async def test_r27_only_what_is_certain_is_preselected(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """A certain proposal is preselected; a likely one only stands first in the list."""
    power, energy = code_of(gateway, "active_power"), code_of(gateway, "energy_import")
    findings[power] = finding(power, "active_power/kW", certain=True)
    findings[energy] = finding(energy, "gas/m³", "energy_import/kWh")
    form = await to_codes(hass, gateway, set_up)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "codes")
    assert suggested(form) == {labels(form)[power]: "active_power/kW", labels(form)[29]: "voltage/V"}
    assert options(form, energy)[:2] == ["gas/m³", "energy_import/kWh"]
    assert len(options(form, energy)) == len(set(options(form, energy))) > 150
    done = await choose(hass, form, suggested(form))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"] == {
        "codes": {str(power): "active_power/kW"},
        "evidence": {str(power): {"confidence": 0.9, "law": "phases_add_up"}},
    }


@pytest.mark.parametrize("pick", ["voltage_l1/V", "voltage/V"])
async def test_r27_the_phase_of_a_documented_code_is_asked_once(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp, pick: str
) -> None:
    """The document does not say which voltage code 29 is: where it is known for sure, a person confirms it once."""
    findings[29] = finding(29, "voltage_l1/V", certain=True, assumption="phase_order")
    form = await to_codes(hass, gateway, set_up)
    assert suggested(form) == {labels(form)[29]: "voltage_l1/V"}
    (label,) = (text for text in picker_of(form, 29) if meaning(text) == pick)
    done = await choose(hass, form, {labels(form)[29]: label})
    # No page about statistics: the unit does not change.
    assert (done["type"], done["data"]["codes"]) == (FlowResultType.CREATE_ENTRY, {"29": pick})
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    form = await open_options(hass, entry.entry_id, "name_codes")
    assert suggested(form) == {labels(form)[29]: pick}


async def test_r27_a_row_shows_load_and_live_value(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """Each field tells code, load and the value there now."""
    form = await to_codes(hass, gateway, set_up)
    loads = {load.label for load in gateway.site.loads.values()}
    codes = {signal.si for signal in gateway.site.signals.values()}
    for label in shown(form).values():
        code, load, value = label.split(" · ")
        assert (int(code) in codes, load in loads) == (True, True)
        float(value)
    hass.config_entries.options.async_abort(form["flow_id"])


async def test_r27_the_entities_get_what_was_chosen(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """What the person picks by hand is the unit of the sensors."""
    uid = gateway.site.find("energy_import")
    quantity, unit = gateway.site.truth(uid)
    form = await to_codes(hass, gateway, set_up)
    picked = {labels(form)[gateway.site.signals[uid].si]: f"{quantity}/{unit}"}
    await choose(hass, form, suggested(form) | picked)
    state = hass.states.get(entity_id(hass, gateway, uid))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == unit
    assert state.attributes["device_class"] == "energy"


async def test_r27_only_what_is_in_the_list_is_taken(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """A list that can be searched lets people type; anything else is refused, and what was picked survives."""
    form = await to_codes(hass, gateway, set_up)
    known = suggested_labels(form)
    voltage, current = [field for field in shown(form) if field not in known][:2]
    again = await choose(hass, form, known | {voltage: "Voltage L2 · V", current: "volts"})
    assert (again["type"], again["errors"]) == (FlowResultType.FORM, {current: "unknown_meaning"})
    assert suggested_labels(again) == known | {voltage: "Voltage L2 · V", current: "volts"}
    done = await choose(hass, again, known | {voltage: "Voltage L2 · V"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert set(done["data"]["codes"].values()) == {"voltage_l2/V"}


def test_r27_no_two_meanings_read_alike() -> None:
    """A choice is identified by its text."""
    assert len({NAMES.of(*pair) for pair in MEANINGS.values()}) == len(MEANINGS)


async def test_r27_an_assumption_is_told(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """Where the order of phases is assumed, the proposal is marked."""
    code = code_of(gateway, "active_power")
    findings[code] = finding(code, "active_power_l2/kW", certain=True, assumption="phase_order")
    form = await to_codes(hass, gateway, set_up)
    first, second, *_ = picker_of(form, code)
    assert first == "Active power L2 · kW · 90% *"
    assert not second.endswith("*")
    done = await choose(hass, form, suggested(form))
    assert done["data"]["codes"] == {str(code): "active_power_l2/kW"}


@pytest.mark.site(SiteKind.HOUSE, seed=3)
async def test_r27_more_than_forty_codes_come_in_pages(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], set_up: SetUp
) -> None:
    """All codes of a house are asked page by page, and nothing of the first page is lost."""
    codes = sorted({signal.si for signal in gateway.site.signals.values()})
    findings.update({code: finding(code, "frequency/Hz", certain=True) for code in codes if code != 29})
    form = await to_codes(hass, gateway, set_up)
    seen: list[int] = []
    while form["type"] is FlowResultType.FORM:
        placeholders = form["description_placeholders"] or {}
        page = (placeholders["page"], placeholders["pages"])
        assert page == (str(len(seen) // 40 + 1), str(-(-len(codes) // 40)))
        seen += labels(form)
        assert len(labels(form)) <= 40
        form = await choose(hass, form, suggested(form))
    assert seen == codes
    assert set(form["data"]["codes"]) == {str(code) for code in codes if code != 29}


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
        done = await to_findings(hass, other)
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert done["options"]["codes"] == named
        await hass.async_block_till_done()
        second = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "BX19999999")
        assert second is not None
        assert await hass.config_entries.async_unload(second.entry_id)


async def test_r26_connection_and_label_are_evidence(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identification is told how each device is connected, and what each load is called."""
    given: list[Series] = []

    def identify(series: Iterable[Series], *_: object, **__: object) -> dict[int, Finding]:
        given.extend(series)
        return {}

    monkeypatch.setattr(identifying, "identify", identify)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    await to_findings(hass, gateway)
    site = gateway.site
    assert given
    for one in given:
        signal = site.signals[one.uid]
        assert (one.system, one.label) == (site.devices[signal.did].system, site.loads[signal.lid].label)
    assert all(one.system and one.label for one in given)


async def test_r26_what_a_day_does_not_tell_a_week_may(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names codes later waits for more history of the loads whose codes are in doubt; what is found then counts."""
    rows: list[int] = []
    power = code_of(gateway, "active_power")

    def identify(series: Iterable[Series], *_: object, **__: object) -> dict[int, Finding]:
        rows.append(sum(len(one.times) for one in series))
        return {power: finding(power, "active_power/kW", certain=len(rows) == 2)}

    monkeypatch.setattr(identifying, "identify", identify)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.MORE_TIME_BUDGET", 100.0)
    await to_findings(hass, gateway)
    assert len(rows) == 1  # the set-up does not
    rows.clear()
    form = await open_options(hass, (await set_up(gateway)).entry_id, "name_codes")
    assert len(rows) == 2
    assert rows[1] > rows[0]  # the number of loads with more evidence depends on the time of day
    assert suggested(form)[labels(form)[power]] == "active_power/kW"
