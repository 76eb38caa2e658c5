"""The pages of findings and of doubts: what they show, what they save, and what they never save."""

import re

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.identify import Candidate, Finding
from simulator import Gateway, SiteKind
from tests.carlo_gavazzi_ems.config_pages import placeholders_of, suggested
from tests.carlo_gavazzi_ems.dialogs.code_pages import Flow, code_of, finding, press, to_findings

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


def found(form: Flow) -> list[str]:
    """Return the lines of the page of findings."""
    assert form["step_id"] == "findings"
    return [line for line in placeholders_of(form)["found"].split("\n") if line]


def answers(form: Flow) -> dict[str, list[str]]:
    """Return the options of each field of the page of doubts."""
    assert form["step_id"] == "doubts"
    schema = form["data_schema"]
    assert schema is not None
    fields = {str(marker): selector for marker, selector in schema.schema.items()}
    assert not any(selector.config["custom_value"] for selector in fields.values())
    return {field: [option["value"] for option in selector.config["options"]] for field, selector in fields.items()}


def doubt(code: int, *shares: tuple[str, float], law: str = "energy_is_integral_of_power") -> Finding:
    """Return a finding in doubt: meanings with their confidence, the likeliest first."""
    candidates = tuple(Candidate(text=text, confidence=share, law=law) for text, share in shares)
    return Finding(code=code, candidates=candidates)


async def test_r27_only_what_is_certain_is_chosen(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """Clicking through takes what is certain; what is only likely is asked, and without an answer not taken."""
    power, energy = code_of(gateway, "active_power"), code_of(gateway, "energy_import")
    findings[power] = finding(power, "active_power/kW", certain=True)
    findings[energy] = finding(energy, "energy_import/kWh", "energy_import/Wh")
    form = await to_findings(hass, gateway)
    kinds = len({signal.si for signal in gateway.site.signals.values()})
    page = placeholders_of(form)
    assert (page["recognised"], page["kinds"]) == ("2", str(kinds))
    assert form["last_step"] is False
    form = await press(hass, form, {})
    assert answers(form) == {"doubt_1": ["energy_import/kWh", "energy_import/Wh", "unknown"]}
    assert suggested(form) == {}
    done = await press(hass, form, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["options"] == {
        "codes": {str(power): "active_power/kW"},
        "evidence": {str(power): {"confidence": 0.9, "law": "phases_add_up"}},
    }


@pytest.mark.parametrize("answer", ["energy_import/Wh", "unknown"])
async def test_r27_an_answer_is_taken_with_its_evidence(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding], answer: str
) -> None:
    """An answer names the code; "I do not know" does not."""
    energy = code_of(gateway, "energy_import")
    findings[energy] = finding(energy, "energy_import/kWh", "energy_import/Wh")
    form = await press(hass, await to_findings(hass, gateway), {})
    done = await press(hass, form, {"doubt_1": answer})
    if answer == "unknown":
        assert done["options"] == {"codes": {}, "evidence": {}}
    else:
        assert done["options"]["codes"] == {str(energy): answer}
        assert done["options"]["evidence"] == {str(energy): {"confidence": 0.8, "law": "phases_add_up"}}


async def test_r27_the_phase_of_a_documented_code_is_taken(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The document does not say which voltage code 29 is: where that is certain, the same click takes it."""
    findings[29] = finding(29, "voltage_l1/V", certain=True)
    form = await to_findings(hass, gateway)
    assert found(form)[1].startswith("- Voltage L1: ")
    done = await press(hass, form, {})
    assert done["options"]["codes"] == {"29": "voltage_l1/V"}


@pytest.mark.site(SiteKind.HOUSE, seed=3)
async def test_r27_phases_are_a_line_and_an_assumption_is_told(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """Three codes, one line, with the values of one load; groups without a line are not there."""
    codes = [code_of(gateway, f"current_l{phase}") for phase in (1, 2, 3)]
    for phase, code in enumerate(codes, start=1):
        findings[code] = finding(code, f"current_l{phase}/A", certain=True, assumption="phase_order")
    frequency = code_of(gateway, "frequency")
    findings[frequency] = finding(frequency, "frequency/Hz", certain=True)
    lines = found(await to_findings(hass, gateway))
    assert [line for line in lines if line.startswith("**")] == ["**Voltage and current**", "**Grid**"]
    (current,) = (line for line in lines if line.startswith("- Current"))
    assert current.startswith("- Current L1, L2, L3: ")
    values, _, where = current.removeprefix("- Current L1, L2, L3: ").partition(" A (")
    assert len([float(value) for value in values.split(" / ")]) == 3
    loads = {
        load for load in gateway.site.loads if {signal.si for signal in gateway.site.signals_of_load(load)} & set(codes)
    }
    assert where.endswith(f" and {len(loads) - 1} more) \\*")
    assert lines[-1].startswith("\\* The values do not show which of the phases is L1.")


async def test_r27_one_phase_has_nothing_to_compare(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """An assumed phase is not marked where there is no other."""
    code = code_of(gateway, "active_power")
    findings[code] = finding(code, "active_power_l1/kW", certain=True, assumption="phase_order")
    assert "\\*" not in placeholders_of(await to_findings(hass, gateway))["found"]


async def test_r27_only_doubts_that_matter_are_asked(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """Energy first, then power; not what would be off by default, is a mere guess, or is of no interest to a household."""
    energy, power, partial, hours, guess = (
        code_of(gateway, name)
        for name in ("energy_import", "active_power", "energy_import_partial", "run_hours", "reactive_power")
    )
    findings[power] = doubt(power, ("active_power/kW", 0.7), ("apparent_power/kVA", 0.2))
    findings[energy] = doubt(energy, ("energy_import/kWh", 0.4), ("energy_net/kWh", 0.2), ("gas/m³", 0.1))
    findings[partial] = doubt(partial, ("energy_import_partial/kWh", 0.99))
    findings[hours] = doubt(hours, ("run_hours/h", 0.99))
    findings[guess] = doubt(guess, ("power_import/kW", 0.2))
    form = await press(hass, await to_findings(hass, gateway), {})
    assert answers(form) == {
        "doubt_1": ["energy_import/kWh", "energy_net/kWh", "unknown"],
        "doubt_2": ["active_power/kW", "apparent_power/kVA", "unknown"],
    }
    assert form["last_step"] is True


async def test_r27_what_is_recognised_beside_it_makes_a_doubt_idle(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """A net counter is asked only if no import counter is certain; otherwise it is left to the options."""
    energy, net = code_of(gateway, "energy_import"), code_of(gateway, "energy_net")
    findings[net] = doubt(net, ("energy_net/kWh", 0.99))
    findings[energy] = finding(energy, "energy_import/kWh", certain=True)
    form = await to_findings(hass, gateway)
    assert form["last_step"] is True
    done = await press(hass, form, {})
    assert done["options"]["codes"] == {str(energy): "energy_import/kWh"}


async def test_r27_at_most_eight_questions(hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]) -> None:
    """The rest waits; the page stays short however much is in doubt."""
    codes = {signal.si for signal in gateway.site.signals.values()} - {29}
    assert len(codes) > 10
    findings.update({code: doubt(code, ("active_power/W", 0.7)) for code in codes})
    form = await press(hass, await to_findings(hass, gateway), {})
    assert len(answers(form)) == 8


@pytest.mark.site(SiteKind.HOUSE, seed=3)
async def test_r27_water_is_asked_by_the_name_of_its_load(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """In plain words, with the value of now; gas only because its load is called so, and litres where they may be."""
    water, gas = code_of(gateway, "water_volume"), code_of(gateway, "gas_volume")
    findings[water] = doubt(water, ("water/m³", 0.4), ("gas/m³", 0.2), ("pulse_count", 0.1), law="label_speaks_of_it")
    findings[gas] = doubt(gas, ("gas/m³", 0.4), ("water/m³", 0.2), law="looks_like")
    form = await press(hass, await to_findings(hass, gateway), {})
    assert answers(form) == {"doubt_1": ["water/m³", "gas/m³", "unknown"]}
    load, _, value = placeholders_of(form)["doubt_1"].partition(": ")
    assert load == "Water"
    assert float(value.removesuffix(", rising")) > 0


@pytest.mark.site(SiteKind.HOUSE, seed=3)
async def test_r23_numbers_are_those_of_the_language(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """A German reads 2050.003 m³ of water as two million."""
    hass.config.language = "de"
    water, frequency = code_of(gateway, "water_volume"), code_of(gateway, "frequency")
    findings[water] = doubt(water, ("water/m³", 0.4), law="label_speaks_of_it")
    findings[frequency] = finding(frequency, "frequency/Hz", certain=True)
    form = await to_findings(hass, gateway)
    assert re.search(r"\d,\d", placeholders_of(form)["found"])
    assert not re.search(r"\d\.\d", placeholders_of(form)["found"])
    form = await press(hass, form, {})
    assert re.fullmatch(r"Water: \d+,\d+(, steigend)?", placeholders_of(form)["doubt_1"])


async def test_r27_a_gateway_of_which_nothing_is_recognised_goes_through(
    hass: HomeAssistant, gateway: Gateway, findings: dict[int, Finding]
) -> None:
    """The page has nothing but the documented code, and says so; nothing is named."""
    form = await to_findings(hass, gateway)
    assert found(form)[0] == "**Voltage and current**"
    assert placeholders_of(form)["recognised"] == "1"
    done = await press(hass, form, {})
    assert done["options"]["codes"] == {}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_unload(entry.entry_id)
