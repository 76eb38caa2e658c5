"""Devices and loads in Home Assistant: where each hangs, and what it is called."""

import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, Identity, SiteKind
from tests.carlo_gavazzi_ems.conftest import SetUp, signal_entries

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


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
