"""R12: the lists that are kept over a restart: written, damaged, outdated, of another gateway."""

import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, HideLoad, Identity, SiteKind, Status, WrongClock

from .conftest import PASSWORD, USERNAME, SetUp
from .resident import REALTIME, our_log, paths, poll, restart, state_of_entry

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


def archive(storage: dict[str, Any], entry: MockConfigEntry) -> dict[str, Any] | None:
    """Return the stored lists of an entry's gateway."""
    stored: dict[str, Any] | None = storage.get(f"{DOMAIN}.{entry.entry_id}.topology")
    return stored


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
    """With any content, the set-up reads the lists first, and the file is written again."""
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
    assert paths(gateway) == ["/v1/serial-number"]


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
    assert our_log(caplog) == []


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
    assert runtime.devices.lists(runtime.devices.registered_loads()[load])
    runtime.devices.async_remove_load(load)
    assert load in runtime.devices.registered_loads()
    assert set(issue_registry.issues) <= set(before)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.missing"]["data"][str(load)]["reads"] == 1
