"""R7, R8, R11: sessions over reloads, with a second user, a slow gateway, and changes of the host's clock."""

from collections import Counter
from datetime import datetime, timedelta
import gc
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Delay, Drop, Gateway, HangUp, OneConnection, RefuseLogins, ShortSessions, Status

from .config_pages import start, submit, typed
from .conftest import SetUp
from .resident import LOGIN, REALTIME, poll, requests, restart, sensors, state_of_entry


async def test_r07_a_reload_needs_no_login(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Twenty reloads, and options that are changed: one login."""
    entry = await set_up(gateway)
    for _ in range(20):
        await restart(hass, entry)
        assert state_of_entry(entry) is ConfigEntryState.LOADED
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 30, "raw_answers": True})
    await restart(hass, entry)
    assert entry.runtime_data.client.traffic.answers
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 30})
    await restart(hass, entry)
    assert entry.runtime_data.client.traffic.answers is None
    assert requests(gateway, LOGIN) == 1


def alive() -> Counter[str]:
    """Return how many objects of ours there are, by their class."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    ours = Counter(
        each.__qualname__ for each in kinds if str(each.__module__).startswith(f"custom_components.{DOMAIN}")
    )
    # The storage of the tests keeps whatever reads from it.
    del ours["CheckedStore"]
    return ours


async def test_reloads_leave_nothing_in_memory(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """After ten more reloads there are as many objects of ours as after three."""
    entry = await set_up(gateway)
    found = []
    for reloads in (3, 10):
        for _ in range(reloads):
            await restart(hass, entry)
        found.append(alive())
    assert found[0]["EmsSensor"] > 10
    assert found[1] <= found[0]


async def test_r08_a_full_table_of_sessions_is_no_wrong_password(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Where a gateway answers 401 to one login too many, reloads do not get there."""
    entry = await set_up(gateway)
    gateway.faults.add(RefuseLogins(code=401))
    for _ in range(3):
        await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_r07_other_credentials_are_another_session(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A token is handed over to the same account only, and is gone with its entry."""
    entry = await set_up(gateway)
    gateway.username, gateway.password = "other", "also secret"
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "username": gateway.username, "password": gateway.password}
    )
    await restart(hass, entry)
    assert requests(gateway, LOGIN) == 2
    await hass.config_entries.async_remove(entry.entry_id)
    assert not hass.data[f"{DOMAIN}_clients"]
    assert not hass.data[f"{DOMAIN}_staleness"]


async def test_r07_an_account_that_somebody_else_uses(
    hass: HomeAssistant,
    issue_registry: ir.IssueRegistry,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Sessions that end after two minutes: logins become rare, a repair says why, and goes when they last again."""
    entry = await set_up(gateway, options={"scan_interval": 60})
    issue = f"account_shared_{entry.entry_id}"
    gateway.faults.add(ShortSessions(seconds=120))
    await poll(hass, freezer, 60, times=180)
    assert requests(gateway, LOGIN) <= 1 + 6 + 7
    found = issue_registry.async_get_issue(DOMAIN, issue)
    assert found is not None
    assert found.translation_placeholders == {"gateway": entry.title}
    assert not hass.config_entries.flow.async_progress()
    gateway.faults.clear()
    await poll(hass, freezer, 60, times=70)
    assert issue_registry.async_get_issue(DOMAIN, issue) is None
    assert STATE_UNAVAILABLE not in sensors(hass)


async def test_r08_a_host_s_clock_that_is_set_back_does_not_prolong_a_lock_out(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is measured by a monotonic clock."""
    gateway.faults.add(RefuseLogins(code=429, retry_after=3, times=1))
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    now = dt_util.utcnow

    def set_back(*_: Any) -> datetime:
        return now() - timedelta(hours=5)

    monkeypatch.setattr(dt_util, "utcnow", set_back)
    assert requests(gateway, LOGIN) == 1
    for _ in range(8):
        await hass.async_block_till_done()
        await restart(hass, entry)
        if state_of_entry(entry) is ConfigEntryState.LOADED:
            break
        await _real_second(hass)
    assert state_of_entry(entry) is ConfigEntryState.LOADED


async def _real_second(hass: HomeAssistant) -> None:
    """Let a second of real time pass."""
    done = hass.loop.create_future()
    hass.loop.call_later(1, done.set_result, None)
    await done


@pytest.mark.parametrize("ahead", [timedelta(days=5), timedelta(days=4000)])
async def test_r08_a_lock_out_that_was_kept_is_an_hour_at_most(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    ahead: timedelta,
) -> None:
    """The clock was years ahead when it was written down, and Home Assistant has been restarted since."""
    now = freezer.time_to_freeze.timestamp()
    then = now + ahead.total_seconds()
    hass_storage[f"{DOMAIN}.logins"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.logins",
        "data": {"x": {"refusals": 3, "until": then + 3600, "at": then}},
    }
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY, entry_id="x")
    assert gateway.requests == []
    freezer.tick(timedelta(minutes=61))
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED


@pytest.mark.parametrize("retry_after", ["999999999", "Sun, 01 Nov 2037 00:00:00 GMT"])
async def test_r11_one_503_does_not_end_polling_for_years(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, retry_after: str
) -> None:
    """An hour without a request, then all is back."""
    await set_up(gateway)
    gateway.faults.add(Status(path=REALTIME, code=503, retry_after=retry_after, times=1))
    await poll(hass, freezer)
    gateway.requests.clear()
    await poll(hass, freezer, 60, times=58)
    assert requests(gateway, REALTIME) == 0
    await poll(hass, freezer, 60, times=4)
    assert requests(gateway, REALTIME) >= 1
    assert STATE_UNAVAILABLE not in sensors(hass)


async def test_r11_a_slow_gateway_is_set_up_in_the_dialog(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    forgiving_loop: None,
    short_past: None,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person who waits gets an entry, though each answer takes longer than the usual limit."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.api.transport.TIME_LIMIT", 0.1)
    gateway.faults.add(Delay(seconds=0.2))
    page = await submit(hass, await start(hass), typed(gateway))
    assert (await submit(hass, page, {}))["type"] is FlowResultType.CREATE_ENTRY


async def test_r11_the_time_a_slow_gateway_needs_is_learned_at_set_up(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt has twice the time limit of the one before; the limit is kept between attempts."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.api.transport.TIME_LIMIT", 0.1)
    fault = gateway.faults.add(Delay(path="/v1/serial-number", seconds=0.5))
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    for _ in range(3):
        await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    gateway.faults.remove(fault)
    gateway.faults.add(Delay(path=REALTIME, seconds=0.5))
    await entry.runtime_data.realtime.async_refresh()
    assert entry.runtime_data.realtime.last_update_success
    assert entry.runtime_data.realtime.failed_polls == 0


@pytest.mark.parametrize("fault", [OneConnection(), HangUp(seconds=0.001), HangUp(seconds=0.05)])
async def test_r11_set_up_polls_and_reloads_over_odd_connections(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    forgiving_loop: None,
    short_past: None,
    gateway: Gateway,
    fault: OneConnection | HangUp,
) -> None:
    """One at a time, or closed without notice after each answer: dialog, entry and reloads do not fail."""
    gateway.faults.add(fault)
    result = await submit(hass, await submit(hass, await start(hass), typed(gateway)), {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    for _ in range(5):
        assert state_of_entry(entry) is ConfigEntryState.LOADED
        await entry.runtime_data.realtime.async_refresh()
        assert entry.runtime_data.realtime.failed_polls == 0
        await restart(hass, entry)
    assert all(request.status != 499 for request in gateway.requests)


async def test_r09_a_login_that_is_dropped_is_no_wrong_password(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """A gateway that drops logins for a while is asked again."""
    fault = gateway.faults.add(Drop(path=LOGIN))
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    gateway.faults.remove(fault)
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.LOADED


async def test_r16_an_ipv6_address_on_port_443(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """The device's link to its gateway is a URL, whatever the address."""
    entry = await set_up(gateway)
    for host, port, url in (
        (gateway.host, gateway.port, gateway.url),
        ("::1", 443, "https://[::1]"),
        ("::1", 8443, "https://[::1]:8443"),
    ):
        hass.config_entries.async_update_entry(entry, data={**entry.data, "host": host, "port": port})
        entry.runtime_data.devices.async_register()
        urls = {
            device.configuration_url for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        }
        assert url in urls
