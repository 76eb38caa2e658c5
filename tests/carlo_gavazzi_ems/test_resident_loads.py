"""Loads that fall silent, come, and go, and a gateway whose clock is wrong: R5, R17 and R18."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Drop, FreezeLoad, Gateway, HideLoad, SiteKind, Status, WrongClock
from testbed.site_codes import codes_of

from .conftest import SetUp, signal_entries
from .resident import entity_id, poll, state_of

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


async def test_r05_a_silent_sub_meter(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, load: int
) -> None:
    """Measured values go, counters stay, its connectivity sensor says off; others are untouched; all comes back."""
    await set_up(gateway, options={"codes": codes_of(gateway.site)})
    power, energy = gateway.site.find("active_power", load), gateway.site.find("energy_import", load)
    others = [uid for uid in gateway.site.loads if uid != load]
    await poll(hass, freezer, times=3)
    counted = state_of(hass, gateway, energy).state
    before = {state.entity_id for state in hass.states.async_all("sensor") if state.state == STATE_UNAVAILABLE}
    gateway.faults.add(FreezeLoad(load=load))
    await poll(hass, freezer, times=11)
    assert state_of(hass, gateway, power).state != STATE_UNAVAILABLE
    await poll(hass, freezer, times=3)
    assert state_of(hass, gateway, power).state == STATE_UNAVAILABLE
    assert float(state_of(hass, gateway, energy).state) == pytest.approx(float(counted), abs=1)
    assert state_of(hass, gateway, f"load_{load}_connectivity", "binary_sensor").state == STATE_OFF
    silent = {entity_id(hass, gateway, signal.uid) for signal in gateway.site.signals_of_load(load)}
    gone = {state.entity_id for state in hass.states.async_all("sensor") if state.state == STATE_UNAVAILABLE}
    assert gone - before <= silent
    for other in others:
        assert state_of(hass, gateway, f"load_{other}_connectivity", "binary_sensor").state == STATE_ON
    gateway.faults.clear()
    await poll(hass, freezer)
    assert state_of(hass, gateway, power).state != STATE_UNAVAILABLE
    assert state_of(hass, gateway, f"load_{load}_connectivity", "binary_sensor").state == STATE_ON


async def test_r05_the_clock_of_the_gateway_plays_no_part(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Years off, and set right while it runs: no value is ever old."""
    fault = gateway.faults.add(WrongClock(offset=-5 * 365 * 86_400.0))
    await set_up(gateway)
    await poll(hass, freezer, times=3)
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}
    gateway.faults.remove(fault)
    await poll(hass, freezer, times=3)
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}
    assert {state.state for state in hass.states.async_all("binary_sensor")} == {STATE_ON}


@pytest.mark.parametrize(("offset", "key"), [(300.0, "clock_ahead"), (-300.0, "clock_behind")])
async def test_a_wrong_clock_is_put_before_a_person(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    offset: float,
    key: str,
) -> None:
    """Off by more than two minutes: a repair says by how much, and goes when the clock is right."""
    fault = gateway.faults.add(WrongClock(offset=offset))
    entry = await set_up(gateway)
    issue = issue_registry.async_get_issue(DOMAIN, f"clock_wrong_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_key == key
    assert issue.translation_placeholders == {"gateway": entry.title, "minutes": "5"}
    gateway.faults.remove(fault)
    gateway.faults.add(Status(path="/v1/date", code=500))
    await poll(hass, freezer, 601)
    assert issue_registry.async_get_issue(DOMAIN, f"clock_wrong_{entry.entry_id}") is not None
    gateway.faults.clear()
    gateway.faults.add(WrongClock(offset=60))
    await poll(hass, freezer, 601)
    assert issue_registry.async_get_issue(DOMAIN, f"clock_wrong_{entry.entry_id}") is None


async def test_the_gateway_s_own_sensors(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Last seen and clock offset are there for those who want them; last seen stays while the gateway is away."""
    entry = await set_up(gateway)
    for key in ("last_seen", "clock_offset"):
        item = entity_registry.async_get(entity_id(hass, gateway, key))
        assert item is not None
        assert item.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        entity_registry.async_update_entity(item.entity_id, disabled_by=None)
    gateway.faults.add(WrongClock(offset=-45))
    # Home Assistant reloads the entry half a minute after an entity was enabled.
    await poll(hass, freezer, 31)
    assert entry.state is ConfigEntryState.LOADED
    await poll(hass, freezer)
    assert float(state_of(hass, gateway, "clock_offset").state) == pytest.approx(-45, abs=2)
    first = state_of(hass, gateway, "last_seen").state
    await poll(hass, freezer, times=3)
    assert state_of(hass, gateway, "last_seen").state == first
    await poll(hass, freezer, times=6)
    assert (second := state_of(hass, gateway, "last_seen").state) > first
    gateway.faults.add(Drop())
    await poll(hass, freezer, times=20)
    assert state_of(hass, gateway, "clock_offset").state == STATE_UNAVAILABLE
    assert STATE_UNAVAILABLE != state_of(hass, gateway, "last_seen").state >= second


async def test_r17_a_new_load_appears_by_itself(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Within one round of the lists, with values, without reload; also a load without values at set-up."""
    hidden = next(reversed(gateway.site.loads))
    gateway.faults.add(HideLoad(load=hidden))
    entry = await set_up(gateway)
    before = len(signal_entries(er.async_get(hass), entry))
    gateway.faults.clear()
    added = gateway.site.add_load("Sauna")
    await poll(hass, freezer, 601)
    await poll(hass, freezer)
    found = len(signal_entries(er.async_get(hass), entry))
    assert found == len(gateway.site.signals) > before
    for load in (hidden, added):
        assert state_of(hass, gateway, f"load_{load}_connectivity", "binary_sensor").state == STATE_ON
        for signal in gateway.site.signals_of_load(load):
            if signal.enable:
                float(state_of(hass, gateway, signal.uid).state)


async def press(hass: HomeAssistant, gateway: Gateway) -> None:
    """Press the button."""
    button = entity_id(hass, gateway, "rescan", "button")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await hass.async_block_till_done()


async def test_r17_the_button_looks_at_once(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """One press, and the new load is there."""
    await set_up(gateway)
    added = gateway.site.add_load("Sauna")
    await press(hass, gateway)
    assert state_of(hass, gateway, f"load_{added}_connectivity", "binary_sensor").state != STATE_UNAVAILABLE


async def test_r17_the_button_says_why_it_cannot(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A translated sentence, no traceback."""
    entry = await set_up(gateway)
    gateway.faults.add(Drop())
    with pytest.raises(HomeAssistantError) as error:
        await press(hass, gateway)
    assert error.value.translation_key == "cannot_connect"
    assert error.value.translation_placeholders == {"gateway": entry.title}
