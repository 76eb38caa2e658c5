"""R18: missing loads, and which devices may be removed."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import BadRecord, Damage, Drop, Gateway, HalfBody, HideLoad, Html, SiteKind, Status
from simulator.faults import Fault

from .conftest import SetUp, signal_entries
from .resident import poll, read_lists, restart
from .texts.hostile import HOSTILE, is_plain

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


def missing(registry: ir.IssueRegistry) -> list[ir.IssueEntry]:
    """Return the repairs that offer to remove a load."""
    return [issue for issue in registry.issues.values() if issue.translation_key == "load_missing"]


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
    gateway.site.remove_load(load)
    await poll(hass, freezer, 601, times=3)
    await poll(hass, freezer, 60)
    # What was counted is kept over a restart.
    freezer.tick(timedelta(hours=25))
    await restart(hass, entry)
    (issue,) = missing(issue_registry)
    assert issue.translation_placeholders == {"gateway": entry.title, "load": label}
    identifier = (DOMAIN, f"{serial}_load_{load}")
    assert device_registry.async_get_device_by_identifier(identifier, entry.entry_id) is not None

    # The token of a browser has expired in that time.
    manager = repairs_flow_manager(hass)
    assert manager is not None
    page = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert page["description_placeholders"] == {"gateway": entry.title, "load": label}
    page = await manager.async_configure(page["flow_id"], {})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert device_registry.async_get_device_by_identifier(identifier, entry.entry_id) is None
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
    """Not if it is missing only twice, for hours, or in lists with bad records; nor after its return."""
    entry = await set_up(gateway)
    fault = gateway.faults.add(HideLoad(load=load))
    await poll(hass, freezer, 601, times=20)
    assert missing(issue_registry) == []
    broken = gateway.faults.add(BadRecord(what="loads", how=Damage.NOT_AN_OBJECT))
    await read_lists(freezer, entry, 30)
    assert missing(issue_registry) == []
    gateway.faults.remove(broken)
    await read_lists(freezer, entry, 0)
    assert len(missing(issue_registry)) == 1
    gateway.faults.remove(fault)
    await read_lists(freezer, entry, 0)
    assert missing(issue_registry) == []


@pytest.mark.parametrize(
    "fault",
    [
        BadRecord(what="loads", how=Damage.NOT_AN_OBJECT),
        BadRecord(what="loads", how=Damage.BAD_KEY),
        BadRecord(what="loads", how=Damage.TEXT, field="uid"),
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
    await read_lists(freezer, entry, *[12] * 5)
    assert missing(issue_registry) == []
    gateway.faults.remove(damage)
    for hours in (0, 12):
        await read_lists(freezer, entry, hours)
        # The count and the time begin with the first complete list.
        assert missing(issue_registry) == []
    await read_lists(freezer, entry, 13)
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
    """Control and override characters are removed; markup stays in names, but makes no link in a repair."""
    gateway.site.rename(load, HOSTILE)
    entry = await set_up(gateway)
    identifier = (DOMAIN, f"{gateway.identity.serial_number}_load_{load}")
    device = device_registry.async_get_device_by_identifier(identifier, entry.entry_id)
    assert device is not None
    assert device.name is not None
    assert device.name.isprintable()
    assert len(device.name) <= 200
    assert "[click](http://x.example) <img" in device.name
    gateway.faults.add(HideLoad(load=load))
    await read_lists(freezer, entry, 13, 13, 13)
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

    load, meter = next((uid, load.did) for uid, load in gateway.site.loads.items() if load.label == "Gas")
    found = [
        device_registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
        for identifier in (serial, f"{serial}_device_{meter}", f"{serial}_load_{load}")
    ]
    listed = [device.id for device in found if device is not None]
    assert len(listed) == 3
    for device_id in listed:
        assert not await delete(device_id)
    gateway.site.remove_load(load)
    await entry.runtime_data.topology.async_refresh()
    assert await delete(listed[-1])
    assert entry.state is ConfigEntryState.LOADED
    assert not [
        item for item in signal_entries(er.async_get(hass), entry) if item.unique_id.rpartition("_")[2] == str(load)
    ]
    assert device_registry.async_get_device_by_identifier((DOMAIN, f"{serial}_load_{load}"), entry.entry_id) is None
