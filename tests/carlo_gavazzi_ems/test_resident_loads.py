"""Loads that fall silent, come, and go, and a gateway whose clock is wrong: R5, R17 and R18."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import (
    BadRecord,
    Damage,
    Drop,
    FreezeLoad,
    Gateway,
    HalfBody,
    HideLoad,
    Html,
    Site,
    SiteKind,
    Status,
    WrongClock,
    build_site,
)
from simulator.faults import Fault

from .conftest import SetUp, signal_entries
from .resident import entity_id, named, poll, state_of
from .texts.hostile import HOSTILE, is_plain


@pytest.fixture
def site() -> Site:
    """A house."""
    return build_site(SiteKind.HOUSE, seed=3)


@pytest.fixture
def load(site: Site) -> int:
    """A load with a counter and a power, which is not the main meter."""
    return next(
        load
        for load in reversed(site.loads)
        if {"energy_import", "active_power"} <= {site.truth(signal.uid)[0] for signal in site.signals_of_load(load)}
    )


async def test_r05_a_silent_sub_meter(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, load: int
) -> None:
    """Measured values go, counters stay, its connectivity sensor says off; others are untouched; all comes back."""
    await set_up(gateway, options={"codes": named(gateway.site)})
    power, energy = gateway.site.find("active_power", load), gateway.site.find("energy_import", load)
    others = [uid for uid in gateway.site.loads if uid != load]
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
    # Home Assistant loads the entry anew, half a minute after an entity was enabled.
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


def missing(registry: ir.IssueRegistry) -> list[ir.IssueEntry]:
    """Return the offers to remove a load."""
    return [issue for issue in registry.issues.values() if issue.translation_key == "load_missing"]


async def _hide_for_a_day(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, load: int
) -> None:
    """Take a load away, and let 25 hours pass, with a restart in between."""
    gateway.site.remove_load(load)
    for _ in range(3):
        await poll(hass, freezer, 601)
    await poll(hass, freezer, 60)
    freezer.tick(timedelta(hours=25))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_r18_a_load_that_is_gone_for_a_day_may_be_removed(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
) -> None:
    """Nothing is deleted by itself; a repair names the load, and removes it with its device on consent."""
    await async_setup_component(hass, "repairs", {})
    entry = await set_up(gateway)
    label, meter = gateway.site.loads[load].label, gateway.site.loads[load].did
    serial = gateway.identity.serial_number
    signals = {f"{serial}_{signal.uid}" for signal in gateway.site.signals_of_load(load)}
    await _hide_for_a_day(hass, gateway, freezer, entry, load)
    (issue,) = missing(issue_registry)
    assert issue.translation_placeholders == {"gateway": entry.title, "load": label}
    identifier = (DOMAIN, f"{serial}_load_{load}")
    assert device_registry.async_get_child_device_by_identifier(identifier, entry.entry_id) is not None

    manager = hass.data["repairs"]["flow_manager"]
    page = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert page["description_placeholders"] == {"gateway": entry.title, "load": label}
    page = await manager.async_configure(page["flow_id"], {})
    assert page["type"] == FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert device_registry.async_get_child_device_by_identifier(identifier, entry.entry_id) is None
    gone = device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_device_{meter}"), entry.entry_id)
    assert (gone is None) is (meter not in gateway.site.devices)
    left = {item.unique_id for item in signal_entries(er.async_get(hass), entry)}
    assert not left & signals
    assert left == {f"{serial}_{uid}" for uid in gateway.site.signals}
    assert missing(issue_registry) == []


async def test_r18_a_load_that_comes_back_is_not_offered(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
) -> None:
    """Missing twice, or for hours, or in lists of which a record was left out, is nothing; back again settles it."""
    entry = await set_up(gateway)
    fault = gateway.faults.add(HideLoad(load=load))
    await poll(hass, freezer, 601, times=20)
    assert missing(issue_registry) == []
    broken = gateway.faults.add(BadRecord(what="loads", how=Damage.NOT_AN_OBJECT))
    freezer.tick(timedelta(hours=30))
    await entry.runtime_data.topology.async_refresh()
    assert missing(issue_registry) == []
    gateway.faults.remove(broken)
    await entry.runtime_data.topology.async_refresh()
    assert len(missing(issue_registry)) == 1
    gateway.faults.remove(fault)
    await entry.runtime_data.topology.async_refresh()
    assert missing(issue_registry) == []


@pytest.mark.parametrize(
    "fault",
    [
        BadRecord(what="loads", how=Damage.NOT_AN_OBJECT),
        BadRecord(what="loads", how=Damage.BAD_KEY),
        BadRecord(what="loads", how=Damage.TEXT),
        Status(path="/v1/loads", code=500),
        Status(path="/v1/signals", code=500),
        HalfBody(path="/v1/loads"),
        Html(path="/v1/loads"),
        Drop(path="/v1/devices"),
    ],
    ids=["no object", "bad key", "bad field", "error", "error of another list", "half", "page", "no answer"],
)
async def test_r18_a_list_that_is_not_whole_offers_and_counts_nothing(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
    fault: Fault,
) -> None:
    """A load is missing for days, but no list was read to its end: nothing is offered, and none of them counts."""
    entry = await set_up(gateway)
    gateway.faults.add(HideLoad(load=load))
    damage = gateway.faults.add(fault)
    for _ in range(5):
        freezer.tick(timedelta(hours=12))
        await entry.runtime_data.topology.async_refresh()
    assert missing(issue_registry) == []
    gateway.faults.remove(damage)
    for hours in (0, 12):
        freezer.tick(timedelta(hours=hours))
        await entry.runtime_data.topology.async_refresh()
        # The count and the day begin with the first whole list.
        assert missing(issue_registry) == []
    freezer.tick(timedelta(hours=13))
    await entry.runtime_data.topology.async_refresh()
    assert len(missing(issue_registry)) == 1


async def test_r14_a_label_is_text_wherever_it_is_shown(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
) -> None:
    """Control and override characters never arrive; markup is a name's own business, but no link in a repair."""
    gateway.site.rename(load, HOSTILE)
    entry = await set_up(gateway)
    identifier = (DOMAIN, f"{gateway.identity.serial_number}_load_{load}")
    child = device_registry.async_get_child_device_by_identifier(identifier, entry.entry_id)
    assert child is not None
    assert child.name is not None
    assert child.name.isprintable()
    assert len(child.name) <= 200
    assert "[click](http://x.example) <img" in child.name
    gateway.faults.add(HideLoad(load=load))
    for _ in range(3):
        freezer.tick(timedelta(hours=13))
        await entry.runtime_data.topology.async_refresh()
    (issue,) = missing(issue_registry)
    assert issue.translation_placeholders is not None
    shown = issue.translation_placeholders["load"]
    assert shown.startswith("(31mA B (click)(http: //x.example) (img")
    assert is_plain(shown)


async def test_r18_only_what_is_gone_can_be_deleted_by_hand(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    device_registry: dr.DeviceRegistry,
    gateway: Gateway,
    set_up: SetUp,
    load: int,
) -> None:
    """The device page deletes neither the gateway, nor a device or load that is listed."""
    await async_setup_component(hass, "config", {})
    entry = await set_up(gateway)
    serial = gateway.identity.serial_number
    client = await hass_ws_client(hass)

    async def delete(device_id: str) -> bool:
        await client.send_json_auto_id({"type": "config/device_registry/remove", "device_id": device_id})
        answer: dict[str, Any] = await client.receive_json()
        if not answer["success"]:
            await client.send_json_auto_id(
                {
                    "type": "config/device_registry/remove_config_entry",
                    "config_entry_id": entry.entry_id,
                    "device_id": device_id,
                }
            )
            answer = await client.receive_json()
        await hass.async_block_till_done()
        return bool(answer["success"])

    meter = gateway.site.loads[load].did
    root = device_registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    device = device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_device_{meter}"), entry.entry_id)
    child = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{load}"), entry.entry_id)
    assert root is not None
    assert device is not None
    assert child is not None
    for listed in (root, device, child):
        assert not await delete(listed.id)
    gateway.site.remove_load(load)
    await entry.runtime_data.topology.async_refresh()
    assert await delete(child.id)
    assert entry.state is ConfigEntryState.LOADED
    assert not [
        item for item in signal_entries(er.async_get(hass), entry) if item.unique_id.rpartition("_")[2] == str(load)
    ]
    assert (
        device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{load}"), entry.entry_id) is None
    )
