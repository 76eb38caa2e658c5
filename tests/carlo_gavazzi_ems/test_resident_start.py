"""The set-up: fast with the stored lists, and patient if the gateway is unreachable: R8, R11, R12."""

from dataclasses import replace
import logging
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, EVENT_HOMEASSISTANT_START, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Delay, Gateway, Identity, SiteKind, build_site

from .conftest import PASSWORD, USERNAME, SetUp, signal_entries
from .resident import LOGIN, REALTIME, forget, paths, poll, requests, restart, state_of, state_of_entry

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)

#: The requests of a start with stored lists of 1500 signals.
QUICK_START = [LOGIN, "/v1/serial-number", REALTIME, REALTIME]


LISTS = ("/v1/devices", "/v1/loads", "/v1/signals")


async def test_r12_1500_signals_and_a_gateway_that_takes_a_second(
    hass: HomeAssistant, set_up: SetUp, socket_enabled: None, entity_registry: er.EntityRegistry
) -> None:
    """Set up within five seconds, one request at a time; the lists are read after that."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=1500, disabled=0.0)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        entry = await set_up(gateway)
        await hass.config_entries.async_unload(entry.entry_id)
        forget(hass, entry)
        gateway.requests.clear()
        gateway.peak_in_flight = 0
        fault = gateway.faults.add(Delay(seconds=1))
        started, worked = time.monotonic(), time.process_time()
        assert await hass.config_entries.async_setup(entry.entry_id)
        took, busy, asked = time.monotonic() - started, time.process_time() - worked, paths(gateway)
        print(  # noqa: T201 (a measurement)
            f"set up in {took:.2f} s, {busy:.2f} s of it work, with {len(asked)} requests: {' '.join(asked)}"
        )
        # The delays of the gateway and the CPU time of this process: independent of the machine's load.
        assert len(QUICK_START) * 1.0 + busy < 5
        # The first list may have been requested already.
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
    forget(hass, entry)
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
    renamed = device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_load_{load}"), entry.entry_id)
    assert renamed is not None
    assert renamed.name == "Renamed"
    device = device_registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    assert device is not None
    assert device.sw_version == "EMS_2.0.0.0"


@pytest.mark.site(SiteKind.FLAT, period=900)
async def test_r12_a_dialog_hands_over_what_it_has_read(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The first set-up of all waits for no list and no login either: the dialog has them."""
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
    assert paths(gateway)[:2] == ["/v1/serial-number", REALTIME]
    assert requests(gateway, LOGIN) == 0
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
    # As in a start of Home Assistant: there are no states, and the registry restores them.
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
