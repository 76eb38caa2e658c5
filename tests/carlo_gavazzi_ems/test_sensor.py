"""A sensor for every signal, on the device it belongs to."""

import logging

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfElectricPotential
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import BadRecord, Damage, GarbageNumbers, Gateway, Identity, Site, SiteKind, build_site

from .conftest import SetUp, signal_entries


@pytest.fixture
def site() -> Site:
    """A house."""
    return build_site(SiteKind.HOUSE, seed=3)


def entity_id(registry: er.EntityRegistry, gateway: Gateway, uid: int) -> str:
    """Return the entity of a signal."""
    found = registry.async_get_entity_id("sensor", DOMAIN, f"{gateway.identity.serial_number}_{uid}")
    assert found is not None
    return found


async def test_every_signal_has_a_sensor_with_its_value(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Enabled signals have a value, the others a disabled sensor."""
    entry = await set_up(gateway)
    entries = signal_entries(entity_registry, entry)
    serial = gateway.identity.serial_number
    assert {item.unique_id for item in entries} == {f"{serial}_{uid}" for uid in gateway.site.signals}
    for uid, signal in gateway.site.signals.items():
        item = entity_registry.async_get(entity_id(entity_registry, gateway, uid))
        assert item is not None
        if signal.enable:
            state = hass.states.get(item.entity_id)
            assert state is not None
            float(state.state)
        else:
            assert item.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_r06_the_documented_code_is_a_voltage(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """29 is the one code that the document tells: a voltage in volts, with all its decimals."""
    await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.si == 29)
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
    assert state is not None
    assert state.attributes["device_class"] == SensorDeviceClass.VOLTAGE
    assert state.attributes["unit_of_measurement"] == UnitOfElectricPotential.VOLT
    assert state.attributes["state_class"] == SensorStateClass.MEASUREMENT
    assert 200 < float(state.state) < 260


async def test_r28_an_unnamed_code_is_shown_as_it_is(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Nobody has named the code: no unit, no class, no statistics, and a name that says so."""
    await set_up(gateway)
    uid, signal = next((uid, signal) for uid, signal in gateway.site.signals.items() if signal.si != 29)
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
    assert state is not None
    assert not {"unit_of_measurement", "device_class", "state_class"} & set(state.attributes)
    assert state.attributes["friendly_name"].endswith(f"Signal {signal.si}")
    assert state.entity_id.endswith(f"_signal_{signal.si}")


async def test_r28_naming_a_code_gives_the_same_entity_its_unit(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Naming a code later changes unit, class and name; entity_id and unique_id stay."""
    entry = await set_up(gateway)
    uid = gateway.site.find("energy_import")
    quantity, unit = gateway.site.truth(uid)
    before = entity_id(entity_registry, gateway, uid)
    code = gateway.site.signals[uid].si
    hass.config_entries.async_update_entry(entry, options={"codes": {str(code): f"{quantity}/{unit}"}})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entity_id(entity_registry, gateway, uid) == before
    state = hass.states.get(before)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == unit
    assert state.attributes["state_class"] == SensorStateClass.TOTAL_INCREASING
    assert state.attributes["friendly_name"].endswith("Energy import")


async def test_r22_the_gateway_before_devices_before_loads(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Three levels, every link valid, model and part number shown, and no complaint in the log."""
    entry = await set_up(gateway)
    serial, site = gateway.identity.serial_number, gateway.site
    root = device_registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    assert root is not None
    assert (root.manufacturer, root.model, root.model_id) == ("Carlo Gavazzi", "EMS", gateway.identity.part_number)
    assert (root.serial_number, root.sw_version) == (serial, gateway.identity.firmware)
    assert root.configuration_url == gateway.url
    assert root.connections == {(dr.CONNECTION_NETWORK_MAC, gateway.identity.mac.lower())}
    for device in site.devices.values():
        meter = device_registry.async_get_device_by_identifier(
            (DOMAIN, f"{serial}_device_{device.uid}"), entry.entry_id
        )
        assert meter is not None
        assert (meter.name, meter.model, meter.via_device_id) == (device.label, device.part_number, root.id)
        for load in site.loads.values():
            if load.did != device.uid:
                continue
            child = device_registry.async_get_child_device_by_identifier(
                (DOMAIN, f"{serial}_load_{load.uid}"), entry.entry_id
            )
            assert child is not None
            assert (child.name, child.parent_device_id) == (load.label, meter.id)
    # Home Assistant says of every custom integration that it has not tested it; asyncio, how long a task took.
    complaints = [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name != "asyncio"
    ]
    assert not [text for text in complaints if DOMAIN in text and "not been tested" not in text]


async def test_r22_what_hangs_on_nothing_hangs_on_the_gateway(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Where the gateway names no parents, loads and signals find the nearest one that exists: the gateway."""
    gateway.dialect.omit = frozenset({"did", "lid"})
    entry = await set_up(gateway)
    serial = gateway.identity.serial_number
    root = device_registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    assert root is not None
    for uid in gateway.site.loads:
        child = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{uid}"), entry.entry_id)
        assert child is not None
        assert child.parent_device_id == root.id
    entries = signal_entries(entity_registry, entry)
    assert {item.device_id for item in entries} == {root.id}
    assert len(entries) == len(gateway.site.signals)


async def test_r22_a_load_that_moves_stays_where_its_entities_are(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """A load listed under another device keeps its place: moving it would cost its entities their settings."""
    entry = await set_up(gateway)
    serial = gateway.identity.serial_number
    uid = next(iter(gateway.site.loads))
    before = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{uid}"), entry.entry_id)
    gateway.dialect.omit = frozenset({"did"})
    await entry.runtime_data.topology.async_refresh()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert before is not None
    assert before == device_registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{serial}_load_{uid}"), entry.entry_id
    )


async def test_r22_an_empty_label_has_a_name(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """A device or load without a label is called by its UID."""
    load = next(iter(gateway.site.loads.values()))
    for uid in (load.uid, load.did):
        gateway.site.rename(uid, "")
    entry = await set_up(gateway)
    serial = gateway.identity.serial_number
    child = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{load.uid}"), entry.entry_id)
    meter = device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_device_{load.did}"), entry.entry_id)
    assert child is not None
    assert meter is not None
    assert (child.name, meter.name) == (f"Load {load.uid}", f"Device {load.did}")


async def test_r19_a_new_label_renames_the_device_only(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Renaming on the gateway renames the device; entity_ids and unique_ids stay."""
    entry = await set_up(gateway)
    before = {item.unique_id: item.entity_id for item in signal_entries(entity_registry, entry)}
    load = next(iter(gateway.site.loads.values()))
    gateway.site.rename(load.uid, "Sauna")
    gateway.site.rename(load.did, "Meter in the cellar")
    await entry.runtime_data.topology.async_refresh()
    await hass.async_block_till_done()
    serial = gateway.identity.serial_number
    child = device_registry.async_get_child_device_by_identifier((DOMAIN, f"{serial}_load_{load.uid}"), entry.entry_id)
    meter = device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_device_{load.did}"), entry.entry_id)
    assert child is not None
    assert meter is not None
    assert (child.name, meter.name) == ("Sauna", "Meter in the cellar")
    assert before == {item.unique_id: item.entity_id for item in signal_entries(entity_registry, entry)}


async def test_r19_two_gateways_with_equal_uids_and_labels(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Two gateways that list the same UIDs, and loads with the same label, do not clash."""
    for load in gateway.site.loads.values():
        gateway.site.rename(load.uid, "Load")
    first = await set_up(gateway)
    twin = Identity(serial_number="BX19999999", mac="00:19:EE:00:00:99")
    async with Gateway(gateway.site, username=gateway.username, password=gateway.password, identity=twin) as other:
        second = await set_up(other)
        for entry in (first, second):
            entries = signal_entries(entity_registry, entry)
            assert len(entries) == len(gateway.site.signals)
        assert await hass.config_entries.async_unload(second.entry_id)


@pytest.mark.parametrize("how", [Damage.TEXT, Damage.LIST, Damage.NOT_AN_OBJECT, Damage.BAD_KEY])
async def test_r20_one_bad_value_harms_no_other(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    how: Damage,
) -> None:
    """One bad value: its sensor is unavailable, all others live; one warning, however many polls."""
    entry = await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    gateway.faults.add(BadRecord(uid=uid, what="realtime", how=how))
    for _ in range(5):
        await entry.runtime_data.realtime.async_refresh()
        await hass.async_block_till_done()
    for other, signal in gateway.site.signals.items():
        if signal.enable:
            state = hass.states.get(entity_id(entity_registry, gateway, other))
            assert state is not None
            assert (state.state == STATE_UNAVAILABLE) is (other == uid)
    warnings = [record for record in caplog.records if "left out" in record.getMessage()]
    assert len(warnings) == 1
    assert list(entry.runtime_data.realtime.rejected) == [f"realtime[{'one' if how is Damage.BAD_KEY else uid}]"]
    gateway.faults.clear()
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
    assert state is not None
    assert state.state != STATE_UNAVAILABLE


@pytest.mark.parametrize("how", [Damage.MISSING_FIELD, Damage.NULL, Damage.EMPTY_OBJECT])
async def test_r20_a_value_that_is_missing_is_unknown(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp, how: Damage
) -> None:
    """No value is no number: the sensor says so, and comes back with the next one."""
    entry = await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    gateway.faults.add(BadRecord(uid=uid, what="realtime", how=how, times=1))
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    state = hass.states.get(entity_id(entity_registry, gateway, uid))
    assert state is not None
    assert state.state == STATE_UNKNOWN
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    state = hass.states.get(state.entity_id)
    assert state is not None
    assert state.state != STATE_UNKNOWN


@pytest.mark.parametrize("what", ["devices", "loads", "signals"])
@pytest.mark.parametrize("how", Damage)
async def test_r20_one_bad_record_in_a_list_harms_no_other(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp, what: str, how: Damage
) -> None:
    """However a record of a list is broken, at most its own signal is missing."""
    gateway.faults.add(BadRecord(what=what, how=how))
    entry = await set_up(gateway)
    entries = signal_entries(entity_registry, entry)
    assert len(entries) >= len(gateway.site.signals) - 1
    if len(entries) < len(gateway.site.signals):
        assert entry.runtime_data.topology.rejected


@pytest.mark.parametrize("text", ["NaN", "-inf", "nan"])
async def test_r20_what_c_prints_for_no_number(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, text: str) -> None:
    """Every third value is printed as no number: those are unknown, the others are values."""
    gateway.faults.add(GarbageNumbers(text=text, every=3))
    await set_up(gateway)
    states = [state.state for state in hass.states.async_all("sensor")]
    assert 0.2 < states.count(STATE_UNKNOWN) / len(states) < 0.5
    assert not set(states) & {"nan", "inf", "-inf", STATE_UNAVAILABLE}
