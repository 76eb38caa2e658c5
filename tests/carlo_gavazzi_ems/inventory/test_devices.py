"""The gateway, its meters and their loads as devices, and the names of their entities."""

import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.api import Device, Load
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.inventory.load_names import load_names
from simulator import Gateway, Site, SiteKind
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp, signal_entries

#: A house: meters with one load, and a smart meter and a module with two.
pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


def find(hass: HomeAssistant, entry: MockConfigEntry, key: str = "") -> dr.DeviceEntry | None:
    """Return the device of the gateway, of a `device_...` or of a `load_...`."""
    identifier = f"{entry.unique_id}_{key}" if key else str(entry.unique_id)
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)


def known(hass: HomeAssistant, entry: MockConfigEntry, key: str = "") -> dr.DeviceEntry:
    """Return a device, which has to exist."""
    device = find(hass, entry, key)
    assert device is not None, key
    return device


def loads_of(site: Site, device: int) -> list[int]:
    """Return the loads of a meter."""
    return [uid for uid, load in site.loads.items() if load.did == device]


async def relisted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Read the lists, and start again."""
    await entry.runtime_data.topology.async_refresh()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED


async def test_r22_the_gateway_before_devices_before_loads(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    """A load is a device with its meter's model; only a meter with several is one as well, between gateway and loads."""
    entry = await set_up(gateway)
    site, root = gateway.site, known(hass, entry)
    assert (root.manufacturer, root.model, root.model_id) == ("Carlo Gavazzi", "EMS", gateway.identity.part_number)
    assert (root.serial_number, root.sw_version) == (gateway.identity.serial_number, gateway.identity.firmware)
    assert root.configuration_url == gateway.url
    assert root.connections == {(dr.CONNECTION_NETWORK_MAC, gateway.identity.mac.lower())}
    separate = set()
    for device in site.devices.values():
        meter, loads = find(hass, entry, f"device_{device.uid}"), loads_of(site, device.uid)
        assert (meter is None) == (len(loads) == 1)
        if meter is not None:
            separate.add(device.label)
            assert (meter.name, meter.via_device_id) == (device.label, root.id)
            assert (meter.manufacturer, meter.model) == ("Carlo Gavazzi", device.part_number)
        for uid in loads:
            load = known(hass, entry, f"load_{uid}")
            assert (load.name, load.model) == (site.loads[uid].label, device.part_number)
            assert load.via_device_id == (root if meter is None else meter).id
            # The maker of a meter behind a P1 port is unknown.
            assert load.manufacturer == (None if site.loads[uid].protocol == "P1" else "Carlo Gavazzi")
    assert separate == {"Smart meter", "Technical room"}
    registered = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(registered) == 1 + len(separate) + len(site.loads)
    # Home Assistant warns of every custom integration, and asyncio of slow tasks.
    complaints = [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name != "asyncio"
    ]
    assert not [text for text in complaints if DOMAIN in text and "not been tested" not in text]


async def test_r22_names_are_single(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The label of the load and the quantity, once each, in entity_ids and names."""
    hass.config.language = "de"
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    names = {
        item.entity_id: state.name
        for item in signal_entries(entity_registry, entry)
        if (state := hass.states.get(item.entity_id)) is not None
    }
    assert names["sensor.heat_pump_energy_import"].startswith("Heat pump ")
    assert names["sensor.heat_pump_active_power"].count("Heat pump") == 1
    assert {"sensor.main_active_power", "sensor.laundry_wasche_voltage_l1"} <= names.keys()
    assert hass.states.get("binary_sensor.heat_pump_connection") is not None
    assert not [state.entity_id for state in hass.states.async_all() if state.entity_id.endswith("_2")]


async def test_r22_what_hangs_on_nothing_hangs_on_the_gateway(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """If the gateway names no parents, loads and signals belong to the nearest one that exists: the gateway."""
    gateway.dialect.omit = frozenset({"did", "lid"})
    entry = await set_up(gateway)
    root = known(hass, entry)
    for uid in gateway.site.loads:
        assert known(hass, entry, f"load_{uid}").via_device_id == root.id
    entries = signal_entries(entity_registry, entry)
    assert {item.device_id for item in entries} == {root.id}
    assert len(entries) == len(gateway.site.signals)


async def test_r22_a_signal_that_names_its_meter_only(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """It belongs to the meter's only load, and where there are several, to the meter."""
    gateway.dialect.omit = frozenset({"lid"})
    entry = await set_up(gateway)
    places = {int(item.unique_id.rpartition("_")[2]): item.device_id for item in signal_entries(entity_registry, entry)}
    for uid, signal in gateway.site.signals.items():
        loads = loads_of(gateway.site, signal.did)
        expected = f"load_{loads[0]}" if len(loads) == 1 else f"device_{signal.did}"
        assert places[uid] == known(hass, entry, expected).id


async def test_r22_a_load_that_moves(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A load listed under another device, or under none, stays the same device with another link."""
    entry = await set_up(gateway)
    uid = next(uid for uid, load in gateway.site.loads.items() if len(loads_of(gateway.site, load.did)) == 2)
    before = known(hass, entry, f"load_{uid}")
    assert before.via_device_id == known(hass, entry, f"device_{gateway.site.loads[uid].did}").id
    gateway.dialect.omit = frozenset({"did"})
    await relisted(hass, entry)
    after = known(hass, entry, f"load_{uid}")
    assert (after.id, after.name, after.model) == (before.id, before.name, before.model)
    assert after.via_device_id == known(hass, entry).id
    assert not [device for device in gateway.site.devices if find(hass, entry, f"device_{device}")]


async def test_r22_a_meter_that_gets_a_second_load_and_loses_it(
    hass: HomeAssistant, area_registry: ar.AreaRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """It is a device as long as it has two that are registered; what a person chose for it goes to the one that is left."""
    entry = await set_up(gateway)
    by_label = {load.label: load for load in gateway.site.loads.values()}
    first, second, meter_uid = by_label["Smart meter"].uid, by_label["Gas"].uid, by_label["Gas"].did
    meter = known(hass, entry, f"device_{meter_uid}")
    cellar = area_registry.async_create("Cellar")
    dr.async_get(hass).async_update_device(meter.id, area_id=cellar.id, name_by_user="Port", labels={"mine"})
    gateway.site.remove_load(second)
    await relisted(hass, entry)
    # A load that is missing once is not removed.
    assert {known(hass, entry, f"load_{uid}").via_device_id for uid in (first, second)} == {meter.id}
    entry.runtime_data.devices.async_remove_load(second)
    assert find(hass, entry, f"load_{second}") is None
    assert find(hass, entry, f"device_{meter_uid}") is None
    left = known(hass, entry, f"load_{first}")
    assert (left.via_device_id, left.area_id, left.labels) == (known(hass, entry).id, cellar.id, {"mine"})
    assert (left.name, left.name_by_user) == ("Smart meter", "Port")


async def test_r22_an_empty_label_has_a_name(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """A load without a label has its meter's, else it is called by its UID; entity_ids are the same in every language."""
    hass.config.language = "de"
    site = gateway.site
    alone = next(load for load in site.loads.values() if load.label == "Fridge")
    shared = next(load for load in site.loads.values() if load.label == "Gas")
    nameless = next(load for load in site.loads.values() if load.label == "Kitchen")
    for uid in (alone.uid, shared.uid, shared.did, nameless.uid, nameless.did):
        site.rename(uid, "")
    entry = await set_up(gateway)
    assert known(hass, entry, f"load_{alone.uid}").name == site.devices[alone.did].label
    assert known(hass, entry, f"device_{shared.did}").name == f"Gerät {shared.did}"
    for load in (shared, nameless):
        device = known(hass, entry, f"load_{load.uid}")
        assert device.name == f"Messpunkt {load.uid}"
        items = er.async_entries_for_device(entity_registry, device.id, include_disabled_entities=True)
        assert {item.entity_id.partition(".")[2].startswith(f"load_{load.uid}_") for item in items} == {True}


async def test_r19_a_new_label_renames_the_device_only(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Renaming on the gateway renames the device; entity_ids and unique_ids stay."""
    entry = await set_up(gateway)
    before = {item.unique_id: item.entity_id for item in signal_entries(entity_registry, entry)}
    load = next(load for load in gateway.site.loads.values() if load.label == "Gas")
    gateway.site.rename(load.uid, "Sauna")
    gateway.site.rename(load.did, "Meter in the cellar")
    await entry.runtime_data.topology.async_refresh()
    await hass.async_block_till_done()
    assert known(hass, entry, f"load_{load.uid}").name == "Sauna"
    assert known(hass, entry, f"device_{load.did}").name == "Meter in the cellar"
    assert before == {item.unique_id: item.entity_id for item in signal_entries(entity_registry, entry)}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Flat 1", "Light"), ("Flat 1 Light", "Flat 2 Light")),
        (("Flat 1", "Oven"), ("Oven", "Light")),
        (("Flat 1", "LIGHT"), ("Flat 1 LIGHT", "Flat 2 Light")),
        (("", "Light"), ("Light", "Flat 2 Light")),
        (("Flat 1", ""), ("Flat 1", "Light")),
        (("Light", ""), ("Light", "Flat 2 Light")),
        (("", ""), (None, "Light")),
    ],
)
def test_r22_labels_that_are_not_unique(labels: tuple[str, str], expected: tuple[str | None, str]) -> None:
    """They get the meter's in front; a load without a label has its meter's."""
    meters = {1: Device(uid=1, label=labels[0]), 2: Device(uid=2, label="Flat 2")}
    loads = {3: Load(uid=3, label=labels[1], device_uid=1), 4: Load(uid=4, label="Light", device_uid=2)}
    names = load_names(meters, loads, {1: 3, 2: 4})
    assert (names.get(3), names.get(4)) == expected
