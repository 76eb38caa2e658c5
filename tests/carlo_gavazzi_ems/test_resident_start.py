"""How a set-up begins: quickly, with what was listed last, and politely where the gateway is away: R8, R11, R12."""

from dataclasses import replace
import logging
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, EVENT_HOMEASSISTANT_START, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from simulator import (
    Delay,
    Drop,
    Gateway,
    HideLoad,
    Identity,
    RefuseLogins,
    Site,
    SiteKind,
    Status,
    VoidTokens,
    WrongClock,
    build_site,
)

from .conftest import PASSWORD, USERNAME, SetUp, entry_for, signal_entries
from .resident import LOGIN, REALTIME, poll, requests, state_of

#: What a start with kept lists needs to read, for 1500 signals.
QUICK_START = [LOGIN, "/v1/serial-number", REALTIME, REALTIME]
LISTS = ("/v1/devices", "/v1/loads", "/v1/signals")


@pytest.fixture
def site() -> Site:
    """A house."""
    return build_site(SiteKind.HOUSE, seed=3)


@pytest.fixture
def load(site: Site) -> int:
    """A load that is not the main meter."""
    return next(reversed(site.loads))


def archive(storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any] | None:
    """Return what is on disk of an entry's gateway."""
    stored: dict[str, Any] | None = storage.get(f"{DOMAIN}.{entry.entry_id}.topology")
    return stored


async def restart(hass: HomeAssistant, entry: MockConfigEntry, *, background: bool = True) -> None:
    """Set an entry up anew, and wait for the lists where `background` says so."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=background)


def state_of_entry(entry: ConfigEntry) -> ConfigEntryState:
    """Return how an entry is now."""
    return entry.state


def paths(gateway: Gateway) -> list[str]:
    """Return the paths that were asked for, in order."""
    return [request.path for request in gateway.requests]


async def test_r12_1500_signals_and_a_gateway_that_takes_a_second(
    hass: HomeAssistant, set_up: SetUp, socket_enabled: None, entity_registry: er.EntityRegistry
) -> None:
    """Set up within five seconds, one request at a time; the lists are read after that."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=1500, disabled=0.0)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        entry = await set_up(gateway)
        await hass.config_entries.async_unload(entry.entry_id)
        gateway.requests.clear()
        gateway.peak_in_flight = 0
        fault = gateway.faults.add(Delay(seconds=1))
        started, worked = time.monotonic(), time.process_time()
        assert await hass.config_entries.async_setup(entry.entry_id)
        took, busy, asked = time.monotonic() - started, time.process_time() - worked, paths(gateway)
        print(  # noqa: T201 (a measurement)
            f"set up in {took:.2f} s, {busy:.2f} s of it work, with {len(asked)} requests: {' '.join(asked)}"
        )
        # What the gateway takes and what is worked here, one after the other: what else the machine does plays no part.
        assert len(QUICK_START) * 1.0 + busy < 5
        # The first of the lists may be on its way by now.
        assert asked[: len(QUICK_START)] == QUICK_START
        assert len(asked) <= len(QUICK_START) + 1
        values = [state.state for state in hass.states.async_all("sensor")]
        assert len(values) == len(signal_entries(entity_registry, entry)) == 1500
        assert not {STATE_UNAVAILABLE, "unknown"} & set(values)
        gateway.faults.remove(fault)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert set(LISTS) < set(paths(gateway))
        assert gateway.peak_in_flight == 1
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r12_values_of_disabled_signals_are_not_waited_for(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The first poll asks for what has an enabled entity, as every other does."""
    entry = await set_up(gateway)
    entries = [item for item in signal_entries(entity_registry, entry) if not item.disabled]
    for item in entries[2:]:
        entity_registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    gateway.requests.clear()
    await restart(hass, entry)
    (request,) = [request for request in gateway.requests if request.path == REALTIME]
    assert set(request.query["uids"].split(",")) == {item.unique_id.rpartition("_")[2] for item in entries[:2]}


async def test_r12_what_changed_meanwhile_appears_within_one_round(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
) -> None:
    """A new load, a new name, a new firmware: found right after the start (R17, R19)."""
    entry = await set_up(gateway)
    serial = gateway.identity.serial_number
    await hass.config_entries.async_unload(entry.entry_id)
    added = gateway.site.add_load("Sauna")
    gateway.site.loads[load] = replace(gateway.site.loads[load], label="Renamed")
    gateway.identity = Identity(serial_number=serial, mac=gateway.identity.mac, firmware="EMS_2.0.0.0")
    gateway.requests.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert paths(gateway)[:3] == [LOGIN, "/v1/serial-number", REALTIME]
    assert all(requests(gateway, path) == 1 for path in LISTS[:2])
    await poll(hass, freezer)
    assert state_of(hass, gateway, f"load_{added}_connectivity", "binary_sensor").state == STATE_ON
    child = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{load}"), entry.entry_id)
    assert child is not None
    assert child.name == "Renamed"
    device = device_registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    assert device is not None
    assert device.sw_version == "EMS_2.0.0.0"


async def test_r12_what_is_kept_is_written_when_it_changes_and_goes_with_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """One file for each gateway, without a secret; a removed entry leaves nothing."""
    entry = await set_up(gateway)
    first = archive(hass_storage, entry)
    assert first is not None
    assert set(first["data"]["signals"]) == {str(uid) for uid in gateway.site.signals}
    for secret in (USERNAME, PASSWORD, gateway.fingerprint):
        assert secret not in str(first)
    await poll(hass, freezer, 601)
    assert archive(hass_storage, entry) is first
    added = gateway.site.add_load("Sauna")
    await poll(hass, freezer, 601)
    second = archive(hass_storage, entry)
    assert second is not None
    assert str(added) in second["data"]["loads"]
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert archive(hass_storage, entry) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"version": 0},
        {"data": None},
        {"data": []},
        {"data": {}},
        {"data": {"info": {}, "devices": {}, "loads": {}, "signals": {}}},
        {"data": {"info": {"sn": "BX1", "mac": "0", "fw": "0", "pn": "0"}, "devices": {}, "loads": {}, "signals": 1}},
        {"signals": {"1": {"si": "?"}}},
        {"info": {"sn": "BX10000042", "mac": "0", "fw": "0", "pn": "0"}},
    ],
    ids=["newer", "older", "null", "array", "empty", "no info", "no list", "bad record", "of another gateway"],
)
async def test_r12_a_damaged_file_is_as_good_as_none(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    damage: dict[str, Any],
) -> None:
    """Whatever stands in it, the lists are read first then, and written anew."""
    entry = await set_up(gateway)
    good = archive(hass_storage, entry)
    assert good is not None
    changed = {key: value for key, value in damage.items() if key in {"version", "data"}}
    inner = {key: value for key, value in damage.items() if key not in changed}
    hass_storage[f"{DOMAIN}.{entry.entry_id}.topology"] = {**good, "data": {**good["data"], **inner}, **changed}
    gateway.requests.clear()
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    assert paths(gateway).index(REALTIME) > paths(gateway).index("/v1/signals")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and record.name != "asyncio"]
    again = archive(hass_storage, entry)
    assert again is not None
    assert (again["version"], again["data"]) == (good["version"], good["data"])


async def test_r12_another_gateway_is_not_read_under_the_name_of_the_kept_one(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """The serial number is checked before anything else (R16)."""
    entry = await set_up(gateway)
    gateway.identity = Identity(serial_number="BX10000042")
    gateway.requests.clear()
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert paths(gateway) == [LOGIN, "/v1/serial-number"]


async def test_r12_a_version_that_came_meanwhile_is_told(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp
) -> None:
    """An update brought another API: the entry says so, and is not set up with what was kept."""
    entry = await set_up(gateway)
    known = gateway.identity
    gateway.identity = Identity(serial_number=known.serial_number, mac=known.mac, api_version=2)
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "unsupported_version"
    assert archive(hass_storage, entry) is None
    gateway.identity = known
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED


async def test_r12_lists_that_fail_after_the_start_are_read_later(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Values come all the same; nothing is said, and the next round brings what is new."""
    entry = await set_up(gateway)
    added = gateway.site.add_load("Sauna")
    gateway.faults.add(Status(path="/v1/loads", code=500))
    caplog.clear()
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    assert not entry.runtime_data.topology.data.fresh
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}
    gateway.faults.clear()
    await poll(hass, freezer, 601)
    assert entry.runtime_data.topology.data.fresh
    assert added in entry.runtime_data.topology.data.loads
    ours = [r for r in caplog.records if DOMAIN in r.name and r.levelno > logging.DEBUG and "tested" not in r.message]
    assert ours == []


async def test_r12_kept_lists_decide_nothing(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
) -> None:
    """No removal is counted or offered, no load deleted, no clock judged, no code counted from a list of an earlier run."""
    entry = await set_up(gateway)
    gateway.faults.add(HideLoad(load=load))
    await poll(hass, freezer, 601)
    gateway.faults.clear()
    before = dict(issue_registry.issues)
    gateway.faults.add(Status(path="/v1/loads", code=500))
    gateway.faults.add(WrongClock(offset=900))
    for _ in range(5):
        freezer.tick(12 * 3600)
        await restart(hass, entry)
    runtime = entry.runtime_data
    assert not runtime.topology.data.fresh
    assert load not in runtime.topology.data.loads
    child = runtime.devices.registered_loads()[load]
    assert runtime.devices.lists(child)
    runtime.devices.async_remove_load(load)
    assert load in runtime.devices.registered_loads()
    assert set(issue_registry.issues) <= set(before)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.missing"]["data"][str(load)]["reads"] == 1


async def test_r12_a_dialog_hands_over_what_it_has_read(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The first set-up of all waits for no list either: the dialog has them."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    typed = {"host": f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    assert page["step_id"] == "certificate"
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    while page["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done(wait_background_tasks=True)
        page = await hass.config_entries.flow.async_configure(flow["flow_id"])
    while page["type"] is FlowResultType.FORM:
        gateway.requests.clear()
        page = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    entry = page["result"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    assert paths(gateway)[:3] == [LOGIN, "/v1/serial-number", REALTIME]
    assert all(requests(gateway, path) == 1 for path in LISTS[:2])
    assert entry.runtime_data.topology.data.fresh


@pytest.mark.parametrize("kept", [True, False])
async def test_r12_a_gateway_that_is_off_at_the_start(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    entity_registry: er.EntityRegistry,
    hass_storage: dict[str, Any],
    kept: bool,  # noqa: FBT001
) -> None:
    """Home Assistant tries again, without a traceback; its entities are there, unavailable, and come back."""
    entry = await set_up(gateway)
    enabled = {item.entity_id for item in signal_entries(entity_registry, entry) if not item.disabled}
    await hass.config_entries.async_unload(entry.entry_id)
    if not kept:
        del hass_storage[f"{DOMAIN}.{entry.entry_id}.topology"]
    # As in a start of Home Assistant: no state is there yet, and the registry brings them back.
    for entity_id in enabled:
        hass.states.async_remove(entity_id)
    hass.set_state(CoreState.not_running)
    caplog.clear()
    await gateway.stop()
    assert not await hass.config_entries.async_setup(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_START)
    await hass.async_block_till_done()
    for _ in range(3):
        assert state_of_entry(entry) is ConfigEntryState.SETUP_RETRY
        states = {state.entity_id: state for state in hass.states.async_all("sensor")}
        assert enabled <= set(states)
        assert {state.state for state in states.values()} == {STATE_UNAVAILABLE}
        assert all(states[entity_id].attributes["restored"] for entity_id in enabled)
        await hass.config_entries.async_reload(entry.entry_id)
    # At debug level Home Assistant itself logs the whole chain.
    assert not [record for record in caplog.records if record.exc_info and record.levelno > logging.DEBUG]
    await gateway.start()
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}


async def refused_entry(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """Return an entry whose password was changed on the gateway, after Home Assistant has found out."""
    entry = await set_up(gateway)
    gateway.password = "another"
    gateway.faults.add(VoidTokens(times=1))
    await poll(hass, freezer, times=2)
    assert requests(gateway, LOGIN) == 2
    return entry


def reauths(hass: HomeAssistant) -> list[Any]:
    """Return the dialogs that ask for new credentials."""
    return [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]


async def test_r08_a_restart_sends_no_refused_password_again(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Over reloads, other changes and a restart nothing is sent; each start asks for the password again."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    gateway.requests.clear()
    await restart(hass, entry)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 20})
    for _ in range(3):
        for flow in reauths(hass):
            hass.config_entries.flow.async_abort(flow["flow_id"])
        await poll(hass, freezer, 3600)
        await restart(hass, entry)
        assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
        assert len(reauths(hass)) == 1
    # A restart: nothing is left but what is on disk.
    stored = hass_storage[f"{DOMAIN}.logins"]["data"][entry.entry_id]
    assert stored["wrong"]
    assert PASSWORD not in str(hass_storage[f"{DOMAIN}.logins"])
    hass.data.pop(f"{DOMAIN}_logins")
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []


async def test_r08_the_certificate_and_the_address_do_not_excuse_a_refused_password(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Another change of the entry's data is no other password."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    gateway.requests.clear()
    freezer.tick(60)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FINGERPRINT: gateway.fingerprint.upper()})
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []


async def test_r08_credentials_that_are_accepted_end_it(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Also the same as before, should they have become right again; a wrong try changes nothing."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    await restart(hass, entry)
    gateway.password = PASSWORD
    (flow,) = reauths(hass)
    gateway.requests.clear()
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_USERNAME: "x", CONF_PASSWORD: "y"})
    assert page["errors"] == {"base": "invalid_auth"}
    await restart(hass, entry)
    assert requests(gateway, LOGIN) == 1
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = reauths(hass)
    typed = {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    await poll(hass, freezer, 2)
    assert hass_storage[f"{DOMAIN}.logins"]["data"] == {}


async def test_r08_a_refused_password_at_the_first_start(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Without anything kept of the gateway it is the same: one login, then not a byte."""
    fault = gateway.faults.add(RefuseLogins())
    entry = entry_for(gateway, gateway.identity.serial_number)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert requests(gateway, LOGIN) == 1
    gateway.faults.remove(fault)
    gateway.faults.add(Drop())
    gateway.requests.clear()
    await poll(hass, freezer, 600)
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []
