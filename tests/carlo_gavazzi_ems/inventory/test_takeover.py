"""R16: a gateway that replaces another keeps its entities, names and statistics."""

from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems import async_remove_config_entry_device
from custom_components.carlo_gavazzi_ems.api import GatewayInfo, Load, Signal, Snapshot
from custom_components.carlo_gavazzi_ems.const import CONF_REPLACED, DOMAIN
from custom_components.carlo_gavazzi_ems.inventory.takeover import Takeover
from simulator import GarbageNumbers, Gateway, Identity, Site
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.config_pages import placeholders_of, submit
from tests.carlo_gavazzi_ems.conftest import USERNAME, SetUp, entry_for
from tests.carlo_gavazzi_ems.repair_pages import opened

OLD, NEW = Identity(serial_number="BX10000001"), Identity(serial_number="BX10000042", mac="00:19:EE:00:00:42")

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop")


@pytest.fixture
def gateway_options() -> dict[str, Any]:
    """A gateway with a known serial number."""
    return {"identity": OLD}


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, tuple[str, str | None, str | None]]:
    """Return what dashboards and statistics depend on, by the unique id without the serial number."""
    items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {item.unique_id.partition("_")[2]: (item.entity_id, item.name, item.device_id) for item in items}


def unique_ids(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the unique ids of all entities."""
    return {item.unique_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}


async def replaced(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> ConfigFlowResult:
    """Put another gateway at the address, and enter it again without its password."""
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.identity = NEW
    gateway.reboot()
    form = await entry.start_reconfigure_flow(hass)
    return await submit(hass, form, {CONF_HOST: f"{gateway.host}:{gateway.port}", CONF_USERNAME: USERNAME})


async def test_r16_everything_goes_on(
    hass: HomeAssistant, area_registry: ar.AreaRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The same meters behind a new gateway: entity_ids, names, areas and devices stay, and all show values."""
    entry = await set_up(gateway)
    registry, devices = er.async_get(hass), dr.async_get(hass)
    named = next(value[0] for key, value in entities(hass, entry).items() if key.isdecimal())
    registry.async_update_entity(named, new_entity_id="sensor.my_own_name", name="My own name")
    await hass.async_block_till_done()
    kitchen = area_registry.async_create("Kitchen")
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        devices.async_update_device(device.id, area_id=kitchen.id)
    before = entities(hass, entry)
    areas = {item.id: item.area_id for item in dr.async_entries_for_config_entry(devices, entry.entry_id)}
    shown = {state.entity_id for state in hass.states.async_all("sensor")}

    page = await replaced(hass, entry, gateway)
    assert (page["type"], page["step_id"]) == (FlowResultType.MENU, "other_gateway")
    placeholders = placeholders_of(page)
    assert (placeholders["gateway"], placeholders["other"]) == ("EMS 0001", "EMS 0042")
    assert placeholders["signals"] == placeholders["all_signals"] == str(len(gateway.site.signals))
    assert (placeholders["gone"], placeholders["new"]) == ("—", "—")
    assert unique_ids(hass, entry) == {f"{OLD.serial_number}_{key}" for key in before}
    done = await submit(hass, page, {"next_step_id": "replace"})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "gateway_replaced")
    assert (entry.state, entry.unique_id, entry.title) == (ConfigEntryState.LOADED, NEW.serial_number, "EMS 0042")
    assert entities(hass, entry) == before
    assert unique_ids(hass, entry) == {f"{NEW.serial_number}_{key}" for key in before}
    assert {item.id: item.area_id for item in dr.async_entries_for_config_entry(devices, entry.entry_id)} == areas
    (device,) = [item for item in dr.async_entries_for_config_entry(devices, entry.entry_id) if item.connections]
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, dr.format_mac(NEW.mac))}
    assert {state.entity_id for state in hass.states.async_all("sensor")} == shown
    assert not any(state.state == "unavailable" for state in hass.states.async_all("sensor"))


def renumber(site: Site, by: int) -> None:
    """List the same meters under other UIDs, as a gateway that has searched for them anew."""
    devices = [replace(device, uid=device.uid + by) for device in site.devices.values()]
    loads = [
        (
            replace(load, uid=uid + by, did=load.did + by),
            site.meters[uid],
            [replace(each, uid=each.uid + by, lid=uid + by, did=each.did + by) for each in site.signals_of_load(uid)],
            site.decimals[uid],
        )
        for uid, load in site.loads.items()
    ]
    for uid in list(site.loads):
        site.remove_load(uid)
    for device in devices:
        site.put_device(device)
    for load in loads:
        site.put_load(*load)


def measured(hass: HomeAssistant, entry: MockConfigEntry, site: Site) -> dict[str, tuple[str, int, str | None]]:
    """Return what each sensor of a signal shows: the label of its load, and its code; and its device."""
    found = {}
    for key, (entity_id, _, device) in entities(hass, entry).items():
        if key.isdecimal():
            signal = site.signals[int(key)]
            found[entity_id] = (site.loads[signal.lid].label, signal.si, device)
    return found


@pytest.mark.parametrize("by", [1, 1000])
async def test_r16_the_same_meters_under_other_uids(
    hass: HomeAssistant, hass_storage: dict[str, Any], gateway: Gateway, set_up: SetUp, load: int, by: int
) -> None:
    """What has the same label, and on it the same code, goes on, also where its UID was that of something else."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site), "demand_loads": [load]})
    kept = [f"{DOMAIN}.{entry.entry_id}.{name}" for name in ("missing", "older_history", "demand", "repair")]
    hass_storage.update({key: {"version": 1, "key": key, "data": {"of": "another UID"}} for key in kept})
    before, ids = measured(hass, entry, gateway.site), {value[0] for value in entities(hass, entry).values()}
    renumber(gateway.site, by)
    page = await replaced(hass, entry, gateway)
    placeholders = placeholders_of(page)
    assert placeholders["signals"] == placeholders["all_signals"] == str(len(gateway.site.signals))
    assert (placeholders["gone"], placeholders["new"]) == ("—", "—")
    await submit(hass, page, {"next_step_id": "replace"})
    assert entry.state is ConfigEntryState.LOADED
    assert not [key for key in kept if hass_storage.get(key, {}).get("data") == {"of": "another UID"}]
    assert measured(hass, entry, gateway.site) == before
    assert {value[0] for value in entities(hass, entry).values()} == ids
    assert entry.options["demand_loads"] == [load + by]
    assert not any(state.state == "unavailable" for state in hass.states.async_all("sensor"))


async def test_r16_what_is_not_the_same_is_new(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A load with another name is another one: the page says so, the old one can be deleted, nothing is mixed up."""
    entry = await set_up(gateway)
    before = entities(hass, entry)
    uid, load = next(iter(gateway.site.loads.items()))
    signals = {str(signal.uid) for signal in gateway.site.signals.values() if signal.lid == uid}
    gateway.site.rename(uid, "[Sauna](http://x.example)")
    page = await replaced(hass, entry, gateway)
    placeholders = placeholders_of(page)
    assert placeholders["gone"] == f"- {load.label}"
    assert placeholders["new"] == "- (Sauna)(http: //x.example)"
    assert load.label not in placeholders["kept"]
    assert int(placeholders["all_signals"]) - int(placeholders["signals"]) == len(signals)
    await submit(hass, page, {"next_step_id": "replace"})
    assert entry.state is ConfigEntryState.LOADED
    await entry.runtime_data.topology.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    items = {item.unique_id: item for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    for key, (entity_id, *_) in before.items():
        is_other = key in signals or key.startswith(f"load_{uid}_")
        assert (items[f"{NEW.serial_number}_{key}"].entity_id == entity_id) != is_other, key
        assert (f"{OLD.serial_number}_{key}" in items) == is_other
    registry = dr.async_get(hass)
    old = registry.async_get_device_by_identifier((DOMAIN, f"{OLD.serial_number}_load_{uid}"), entry.entry_id)
    assert old is not None
    assert await async_remove_config_entry_device(hass, entry, old)


async def test_r16_a_repair_asks_when_another_gateway_answers(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The new gateway has the address, the account and the certificate of the old one: found at the next start."""
    entry = await set_up(gateway)
    await hass.async_block_till_done(wait_background_tasks=True)
    before = entities(hass, entry)
    gateway.identity = NEW
    gateway.reboot()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    issue_id = f"other_gateway_{entry.entry_id}"
    issue = issue_registry.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.is_fixable
    flow, page = await opened(hass, issue_id, issue.data)
    assert (page["type"], page["step_id"]) == (FlowResultType.MENU, "other_gateway")
    kept = await flow.async_step_keep()
    assert (kept["reason"], entry.unique_id) == ("other_gateway", OLD.serial_number)
    assert (await flow.async_step_replace())["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, NEW.serial_number)
    assert entities(hass, entry) == before
    assert issue_registry.async_get_issue(DOMAIN, issue_id) is None


async def test_r16_another_gateway_is_noticed_while_the_entry_is_loaded(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Address, account, certificate and UIDs of the old one: not one of its values is shown as that of the old one."""
    entry = await set_up(gateway)
    await hass.async_block_till_done(wait_background_tasks=True)
    before = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    gateway.identity = NEW
    gateway.reboot()
    gateway.faults.add(GarbageNumbers(text="777"))
    await entry.runtime_data.realtime.async_refresh()
    shown = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    assert all(state in {before[entity], "unavailable"} for entity, state in shown.items())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert issue_registry.async_get_issue(DOMAIN, f"other_gateway_{entry.entry_id}") is not None


async def test_r16_the_old_gateway_is_back_when_the_repair_is_opened(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Nothing is replaced; the entry loads."""
    entry = await set_up(gateway)
    _, page = await opened(hass, f"other_gateway_{entry.entry_id}", {"entry_id": entry.entry_id})
    assert page["reason"] == "not_found"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_r16_a_gateway_with_an_entry_of_its_own_replaces_nothing(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Its entities exist already, so a person has to decide which of them to keep."""
    entry = await set_up(gateway)
    entry_for(gateway, NEW.serial_number).add_to_hass(hass)
    result = await replaced(hass, entry, gateway)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    _, page = await opened(hass, f"other_gateway_{entry.entry_id}", {"entry_id": entry.entry_id})
    assert page["reason"] == "already_configured"


async def test_r16_home_assistant_is_killed_after_the_replacement(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """The entry was saved, the registries were not: the next start repeats the replacement, and then it is done."""
    entry = await set_up(gateway)
    before = entities(hass, entry)
    await submit(hass, await replaced(hass, entry, gateway), {"next_step_id": "replace"})
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
    registry = er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        key = item.unique_id.partition("_")[2]
        registry.async_update_entity(item.entity_id, new_unique_id=f"{OLD.serial_number}_{key}")
    for expected in (True, False):
        hass.set_state(CoreState.not_running)
        await hass.config_entries.async_setup(entry.entry_id)
        hass.set_state(CoreState.running)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entities(hass, entry) == before
        assert unique_ids(hass, entry) == {f"{NEW.serial_number}_{key}" for key in before}
        assert (CONF_REPLACED in entry.data) is expected
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("unique_id", "renamed"),
    [
        ("A", "B"),
        ("A_7", "B_7"),
        ("A_8", None),
        ("A_9", "B_90"),
        ("A_load_3", "B_load_3"),
        ("A_load_3_connectivity", "B_load_3_connectivity"),
        ("A_load_4_connectivity", "B_load_5_connectivity"),
        ("A_load_7_connectivity", None),
        ("A_device_1", "B_device_2"),
        ("A_device_3", None),
        ("A_last_seen", "B_last_seen"),
        ("AB_7", None),
        ("B_7", None),
    ],
)
def test_which_names_are_taken_over(unique_id: str, renamed: str | None) -> None:
    """Signals, loads, devices and what belongs to the gateway itself; nothing of another gateway."""
    takeover = Takeover(serial_number="A", devices={1: 2}, loads={3: 3, 4: 5}, signals={7: 7, 9: 90})
    assert Takeover.from_dict(takeover.as_dict()) == takeover
    assert takeover.renamed(unique_id, "B") == renamed


def snapshot(loads: dict[int, str], signals: dict[int, tuple[int, int]]) -> Snapshot:
    """Return a gateway with loads of these labels, and signals of a code on a load."""
    return Snapshot(
        info=GatewayInfo(serial_number="A", mac_address="", firmware="", part_number=""),
        devices={},
        loads={uid: Load(uid=uid, label=label) for uid, label in loads.items()},
        signals={uid: Signal(uid=uid, code=code, load_uid=load) for uid, (code, load) in signals.items()},
    )


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        pytest.param({1: "A", 2: "B"}, {1: "B", 2: "A"}, {1: 2, 2: 1}, id="exchanged"),
        pytest.param({1: "A", 2: "A"}, {1: "A", 2: "A"}, {1: 1, 2: 2}, id="one label twice"),
        pytest.param({1: "A", 2: "A"}, {3: "A", 4: "A"}, {}, id="one label twice, which is which is not known"),
        pytest.param({1: "A", 2: "A"}, {1: "A", 4: "A"}, {1: 1, 2: 4}, id="one of two stays"),
        pytest.param({1: "", 2: ""}, {1: "", 5: ""}, {1: 1}, id="no label says nothing"),
    ],
)
def test_r16_what_is_the_same(old: dict[int, str], new: dict[int, str], same: dict[int, int]) -> None:
    """A label says which load it is, where it is the only one or has its UID of before; the code says which signal."""
    takeover = Takeover.between(
        snapshot(old, {10 * uid: (29, uid) for uid in old}), snapshot(new, {10 * uid + 1: (29, uid) for uid in new})
    )
    assert takeover.loads == same
    assert takeover.signals == {10 * uid: 10 * other + 1 for uid, other in same.items()}
