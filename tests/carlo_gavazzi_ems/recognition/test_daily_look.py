"""The daily look in the week after the set-up: when it runs, what it saves, and what it does not change."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest

from simulator import Gateway, SiteKind
from tests.carlo_gavazzi_ems.config_pages import placeholders_of
from tests.carlo_gavazzi_ems.conftest import SetUp, make_site
from tests.carlo_gavazzi_ems.dialogs.code_pages import choose, code_of, labels, open_options, picker_of
from tests.carlo_gavazzi_ems.recognition.days import Identification, pass_days, pass_hours, recognised
from tests.carlo_gavazzi_ems.resident import our_log, requests, restart

HISTORY = "/v1/signals/history"


async def test_r26_what_was_idle_at_first_is_found_when_it_runs(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """On the third day a power is certain: the options say so and offer it, and nothing is named before a person does."""
    power, energy = code_of(gateway, "active_power"), code_of(gateway, "energy_import")
    entry = await set_up(gateway, options={"codes": {str(energy): "energy_import/kWh"}})
    await pass_days(hass, freezer, 2)
    assert await recognised(hass, entry) == 0
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    identification.certain = {}
    await restart(hass, entry)
    assert await recognised(hass, entry) == 1
    assert entry.options == {"codes": {str(energy): "energy_import/kWh"}}
    assert not issue_registry.issues
    await pass_days(hass, freezer, 1)

    form = await open_options(hass, entry.entry_id, "name_recognised")
    assert form["step_id"] == "findings"
    page = placeholders_of(form)
    assert (page["recognised"], page["found"].count("\n- ")) == ("3", 1)  # with the documented one
    assert "**Power**\n\n- Active power: " in page["found"]
    assert " kW (" in page["found"]
    assert "Energy import" not in page["found"]  # it has its name
    done = await choose(hass, form, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["codes"][str(power)] == "active_power/kW"
    assert entry.options["evidence"][str(power)] == {"confidence": 0.9, "law": "phases_add_up"}
    assert await recognised(hass, entry) == 0


async def test_r26_one_look_a_day_for_a_week(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """The set-up has seen the first day. Neither restarts nor hours bring another look, and after a week there is none."""
    entry = await set_up(gateway)
    await pass_hours(hass, freezer, 23)
    assert identification.looks == 0
    for day in range(1, 11):
        await pass_hours(hass, freezer, 2)
        assert identification.looks == min(day, 7)
        assert identification.rows[-1] > 0
        await restart(hass, entry)
        await pass_hours(hass, freezer, 2)
        await pass_hours(hass, freezer, 20)
        assert identification.looks == min(day, 7)


async def test_r26_days_that_home_assistant_was_off_are_not_made_up_for(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """After three days without Home Assistant there is one look; after a week without it, none."""
    entry = await set_up(gateway)
    await hass.config_entries.async_unload(entry.entry_id)
    await pass_hours(hass, freezer, 3 * 24 + 1)
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_hours(hass, freezer, 1.1)
    assert identification.looks == 1
    await hass.config_entries.async_unload(entry.entry_id)
    await pass_hours(hass, freezer, 7 * 24)
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_hours(hass, freezer, 1.1)
    assert identification.looks == 1


async def test_r26_without_doubt_nothing_is_read(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """Every code has a name or was recognised."""
    power = code_of(gateway, "active_power")
    others = {signal.si for signal in gateway.site.signals.values()} - {power, 29}
    await set_up(gateway, options={"codes": {str(code): "frequency/Hz" for code in others}})
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    assert identification.looks == 1
    asked = requests(gateway, HISTORY)
    await pass_days(hass, freezer, 1)
    assert identification.looks == 1
    assert requests(gateway, HISTORY) == asked


async def test_r26_what_was_recognised_is_evidence_for_the_rest(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """Phases that follow from one whose number was assumed are marked as it is, in later looks and in the form."""
    power, current, energy = (code_of(gateway, name) for name in ("active_power", "current_l1", "energy_import"))
    entry = await set_up(gateway)
    identification.certain, identification.assumption = {power: "active_power_l2/kW"}, "phase_order"
    await pass_days(hass, freezer, 1)
    identification.certain, identification.assumption = {current: "current_l1/A", energy: "energy_import/kWh"}, None
    await pass_days(hass, freezer, 1)
    assert identification.known[1][power] == "active_power_l2/kW"
    assert await recognised(hass, entry) == 3
    form = await open_options(hass, entry.entry_id, "name_recognised")
    lines = placeholders_of(form)["found"].splitlines()
    assert [line.endswith("\\*") for line in lines if line.startswith("- ")] == [False, True, True]
    assert any(line.startswith("\\* The values do not show which of the phases is L1.") for line in lines)


async def test_r26_a_name_makes_what_was_recognised_void(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """It was found with the former names. A recognised code that a person leaves unnamed is not offered for ever."""
    power, energy = code_of(gateway, "active_power"), code_of(gateway, "energy_import")
    entry = await set_up(gateway)
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    assert await recognised(hass, entry) == 1
    form = await open_options(hass, entry.entry_id, "name_codes")
    names = {text: label for label in picker_of(form, energy) for text in [label.split(" · ")[0]]}
    await choose(hass, form, {labels(form)[energy]: names["Energy import"]})
    assert await recognised(hass, entry) == 0
    identification.certain = {}
    await pass_days(hass, freezer, 1)
    assert await recognised(hass, entry) == 0


@pytest.mark.parametrize(
    "damage", ["{", '{"day": 1}', '{"day": 1, "named": {}, "findings": {"5": {"text": "power/V"}}}']
)
async def test_r26_a_damaged_file_costs_what_was_recognised(
    hass: HomeAssistant,
    hass_storage: dict[str, dict[str, object]],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    """It is logged once, and the next look starts without it."""
    power = code_of(gateway, "active_power")
    entry = await set_up(gateway)
    identification.certain = {power: "active_power/kW"}
    await pass_days(hass, freezer, 1)
    key = f"carlo_gavazzi_ems.{entry.entry_id}.recognised"
    hass_storage[key] = {**hass_storage[key], "data": damage}
    await restart(hass, entry)
    assert await recognised(hass, entry) == 0
    assert sum("codes recognised since the set-up cannot be used" in text for _, text in our_log(caplog)) == 1
    await pass_days(hass, freezer, 1)
    assert await recognised(hass, entry) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage


async def test_r26_many_loads_are_looked_at_in_turn(
    hass: HomeAssistant,
    socket_enabled: None,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    identification: Identification,
) -> None:
    """Few loads a day, each as a whole, and others on the next day."""
    site = make_site(SiteKind.LOAD_TEST, signals=400)
    assert len(site.loads) > 9
    async with Gateway(site, username="homeassistant", password="correct horse") as gateway:
        entry = await set_up(gateway)
        await pass_days(hass, freezer, 2)
        assert await hass.config_entries.async_unload(entry.entry_id)
    first, second = identification.loads
    assert len(first) == len(second) == 8
    assert first | second == set(site.loads)
