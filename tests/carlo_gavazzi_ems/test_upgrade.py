"""R25: the stored files of every release still load, with the same entities.

Each release has a JSON file in `fixtures/releases`, named for its version: the storage of Home Assistant as
that release leaves it, and what its gateway answers. The file of the version in the manifest is written by
`pytest tests/carlo_gavazzi_ems/test_upgrade.py --snapshot-update` where there is none; a file of a version that was
released is never written again.
"""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any, Final

from homeassistant import config_entries
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
    restore_state as rs,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import orjson
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.api import Address
from custom_components.carlo_gavazzi_ems.api.auth import TokenManager
from custom_components.carlo_gavazzi_ems.api.transport import Transport
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from simulator import Gateway, Identity, SiteKind, Status
from testbed.site_codes import codes_of

from .conftest import PASSWORD, USERNAME, SetUp
from .test_walls import INTEGRATION

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)

RELEASES: Final = sorted((Path(__file__).parent / "fixtures" / "releases").glob("*.json"))
VERSION: Final[str] = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))["version"]
ENTRY_ID: Final = "01JEMS0000000000000000000R"
LISTS: Final = ("/v1/devices", "/v1/loads", "/v1/signals", "/v1/signals/realtime")
ENTRIES, DEVICES, ENTITIES = config_entries.STORAGE_KEY, dr.STORAGE_KEY, er.STORAGE_KEY


def read(file: Path) -> dict[str, Any]:
    """Return the file of a release."""
    release: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return release


def stored(release: dict[str, Any], key: str, *path: str) -> list[dict[str, Any]]:
    """Return records of a release's storage."""
    found = release["storage"][key]["data"]
    for part in path:
        found = found[part]
    records: list[dict[str, Any]] = found
    return records


def identity_of(entity: dict[str, Any]) -> dict[str, Any]:
    """Return what dashboards, automations and statistics depend on."""
    capabilities = entity["capabilities"] or {}
    return {
        "entity_id": entity["entity_id"],
        "platform": entity["platform"],
        "unit": entity["unit_of_measurement"],
        "device_class": entity["original_device_class"],
        "state_class": capabilities.get("state_class"),
        "disabled_by": entity["disabled_by"],
        "device_id": entity["device_id"],
        "name": entity["name"],
    }


async def load_storage(hass: HomeAssistant) -> ConfigEntry:
    """Load registries and entries from the storage, as Home Assistant does at its start; return our entry."""
    dr.async_setup(hass)
    for registry in (ar, cr, dr, er, fr, ir, lr):
        await registry.async_load(hass)
    await rs.async_load(hass)
    await hass.config_entries.async_initialize()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def started(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, release: dict[str, Any]
) -> ConfigEntry:
    """Start with the files of a release and its gateway; return the loaded entry."""
    for key, newest in ((DEVICES, dr.STORAGE_VERSION_MAJOR), (ENTITIES, er.STORAGE_VERSION_MAJOR)):
        if release["storage"][key]["version"] > newest:
            pytest.skip("the release ran on a newer Home Assistant than this one")
    gateway.identity = Identity(**release["identity"])
    for path, answer in release["answers"].items():
        gateway.faults.add(Status(path=path, code=200, body=json.dumps(answer)))
    # The address is the test's own; everything else is as stored.
    (data,) = [record["data"] for record in stored(release, ENTRIES, "entries")]
    data |= {CONF_HOST: gateway.host, CONF_PORT: gateway.port, CONF_FINGERPRINT: gateway.fingerprint}
    gateway.username, gateway.password = data["username"], data["password"]
    # A copy: Home Assistant changes what it has loaded.
    hass_storage.update(json.loads(json.dumps(release["storage"])))
    entry = await load_storage(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    # Home Assistant cleans the registries up some seconds after an entity has changed its device, in two steps.
    for delays in (1, 2):
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=delays * dr.CLEANUP_DELAY + 1))
        await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.mark.parametrize("load_registries", [False])
@pytest.mark.parametrize("file", RELEASES, ids=[file.stem for file in RELEASES])
@pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")
async def test_r25_what_a_release_has_left_still_loads(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, file: Path, load_registries: object
) -> None:
    """The same entity_ids, unique_ids, units, classes, loads, and what the person chose; values in all of them."""
    release = read(file)
    before = {record["unique_id"]: identity_of(record) for record in stored(release, ENTITIES, "entities")}
    entry = await started(hass, hass_storage, gateway, release)

    items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    after = {item.unique_id: identity_of(orjson.loads(orjson.dumps(_record(item)))) for item in items}
    assert {uid: after.get(uid) for uid in before} == before
    shown = {uid: hass.states.get(known["entity_id"]) for uid, known in before.items() if not known["disabled_by"]}
    for uid, state in shown.items():
        assert state is not None
        assert state.state != STATE_UNAVAILABLE, state.entity_id
        known = before[uid]
        assert state.attributes.get("unit_of_measurement") == known["unit"], state.entity_id
        assert state.attributes.get("device_class") == known["device_class"], state.entity_id
        assert state.attributes.get("state_class") == known["state_class"], state.entity_id
    assert len(shown) > 30
    assert {known["unit"] for known in before.values()} > {"kWh", "V", "A"}
    registry = dr.async_get(hass)
    for record in (*stored(release, DEVICES, "devices"), *stored(release, DEVICES, "child_devices")):
        device = registry.async_get(record["id"])
        if device is None:
            # A meter with one load has no device of its own.
            assert "_device_" in record["identifiers"][0][1]
            continue
        assert device.identifiers == {tuple(identifier) for identifier in record["identifiers"]}
        assert device.name_by_user == record["name_by_user"]
    options = stored(release, ENTRIES, "entries")[0]["options"]
    assert dict(entry.options) | options == dict(entry.options)


def _record(item: er.RegistryEntry) -> dict[str, Any]:
    """Return an entity of the registry as its storage has it."""
    return {
        key: getattr(item, key)
        for key in (
            "capabilities",
            "device_id",
            "disabled_by",
            "entity_id",
            "name",
            "original_device_class",
            "platform",
            "unit_of_measurement",
        )
    }


@pytest.mark.parametrize("load_registries", [False])
@pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")
async def test_r22_loads_of_older_releases_become_devices(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, load_registries: object
) -> None:
    """Until 0.2.0 a load was a child of its meter: it keeps id, area, name, labels and entities; no meter is left empty."""
    release = read(next(file for file in RELEASES if file.stem == "0.2.0"))
    devices = {record["name"]: record for record in stored(release, DEVICES, "devices")}
    loads = {record["name"]: record for record in stored(release, DEVICES, "child_devices")}
    loads["Solar"] |= {"area_id": "roof", "name_by_user": "PV", "labels": ["sun"]}
    devices["EM24 solar"] |= {"area_id": "cellar", "name_by_user": "Meter", "labels": ["meters"]}
    devices["EM340 heat pump"] |= {"area_id": "cellar", "name_by_user": "Pump", "labels": ["meters"]}
    devices["Smart meter"] |= {"area_id": "hall"}
    loads["Gas"] |= {"disabled_by": "user"}
    devices["EM111 fridge"] |= {"disabled_by": "user"}
    loads["Fridge"] |= {"disabled_by": "device"}
    entities = stored(release, ENTITIES, "entities")
    for entity in entities:
        if entity["device_id"] in {loads["Fridge"]["id"], loads["Gas"]["id"]}:
            entity["disabled_by"] = entity["disabled_by"] or "device"
    before = {entity["unique_id"]: identity_of(entity) for entity in entities}
    entry = await started(hass, hass_storage, gateway, release)

    items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    after = {item.unique_id: identity_of(orjson.loads(orjson.dumps(_record(item)))) for item in items}
    assert {uid: after.get(uid) for uid in before} == before
    registry = dr.async_get(hass)
    assert dr.async_child_entries_for_config_entry(registry, entry.entry_id) == []
    found = {
        device.name: device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if device.via_device_id
    }
    assert found.keys() - loads.keys() == {"Technical room"}
    assert {name: found[name].id for name in loads if name != "Smart meter"} == {
        name: record["id"] for name, record in loads.items() if name != "Smart meter"
    }
    solar, pump, gas, fridge = (found[name] for name in ("Solar", "Heat pump", "Gas", "Fridge"))
    assert (solar.area_id, solar.name_by_user, solar.labels) == ("roof", "PV", {"sun", "meters"})
    assert (pump.area_id, pump.name_by_user, pump.labels) == ("cellar", "Pump", {"meters"})
    assert (solar.model, solar.manufacturer) == ("EM24DINAV93XISX", "Carlo Gavazzi")
    assert (gas.area_id, gas.disabled_by) == ("hall", dr.DeviceEntryDisabler.USER)
    assert fridge.disabled_by is dr.DeviceEntryDisabler.USER


async def test_r25_the_present_version_has_its_file(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    request: pytest.FixtureRequest,
) -> None:
    """Every version has a file before its release; `--snapshot-update` writes a missing one."""
    file = Path(__file__).parent / "fixtures" / "releases" / f"{VERSION}.json"
    if request.config.option.update_snapshots and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        release = await _written(hass, hass_storage, gateway, set_up)
        await hass.async_add_executor_job(file.write_bytes, _in_lines(release))
    assert file.exists(), f"pytest {Path(__file__).name} --snapshot-update writes {file.name}"


async def _written(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp
) -> dict[str, Any]:
    """Run today's code with a gateway and a few changes by a person; return the content of the file."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)}, entry_id=ENTRY_ID)
    entities, devices = er.async_get(hass), dr.async_get(hass)
    items = sorted(er.async_entries_for_config_entry(entities, ENTRY_ID), key=lambda item: item.entity_id)
    enabled = [item for item in items if item.domain == "sensor" and not item.disabled]
    entities.async_update_entity(enabled[0].entity_id, new_entity_id="sensor.my_own_name", name="My own name")
    entities.async_update_entity(enabled[1].entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    entities.async_update_entity(next(item for item in items if item.disabled).entity_id, disabled_by=None)
    main = next(iter(dr.async_entries_for_config_entry(devices, ENTRY_ID)))
    devices.async_update_device(main.id, name_by_user="Cellar")
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    address = Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)
    transport = Transport(async_get_clientsession(hass), address)
    token = await TokenManager(transport, USERNAME, PASSWORD).token()
    answers = {path: await transport.exchange("GET", path, token=token) for path in LISTS}
    storage = {
        ENTRIES: {
            "version": config_entries.STORAGE_VERSION,
            "minor_version": config_entries.STORAGE_VERSION_MINOR,
            "data": {"entries": [orjson.loads(orjson.dumps(entry.as_storage_fragment))]},
        },
        DEVICES: {
            "version": dr.STORAGE_VERSION_MAJOR,
            "minor_version": dr.STORAGE_VERSION_MINOR,
            "data": orjson.loads(orjson.dumps(devices._data_to_save())),  # noqa: SLF001  # nothing is saved in a test
        },
        ENTITIES: {
            "version": er.STORAGE_VERSION_MAJOR,
            "minor_version": er.STORAGE_VERSION_MINOR,
            "data": orjson.loads(orjson.dumps(entities._data_to_save())),  # noqa: SLF001
        },
        **{key: value for key, value in hass_storage.items() if key.startswith(f"{DOMAIN}.")},
    }
    identity = gateway.identity
    return {
        "version": VERSION,
        "identity": {
            "serial_number": identity.serial_number,
            "mac": identity.mac,
            "firmware": identity.firmware,
            "part_number": identity.part_number,
            "api_version": identity.api_version,
        },
        "answers": answers,
        "storage": {key: {"key": key, **value} for key, value in storage.items()},
    }


def _in_lines(node: Any, depth: int = 0) -> bytes:
    """Return JSON with one record per line, which can be read and compared."""
    inner = [*node.values()] if isinstance(node, dict) else node
    if depth > 5 or not isinstance(inner, list) or not any(isinstance(item, dict | list) for item in inner):
        return orjson.dumps(node)
    ends = (b"{", b"}") if isinstance(node, dict) else (b"[", b"]")
    heads = [orjson.dumps(key) + b": " for key in node] if isinstance(node, dict) else [b""] * len(inner)
    pad = b"\n" + b" " * (depth + 1)
    lines = b",".join(pad + head + _in_lines(item, depth + 1) for head, item in zip(heads, inner, strict=True))
    return ends[0] + lines + pad[:-1] + ends[1] + (b"\n" if depth == 0 else b"")
