"""R8 and R11: the integration respects a gateway that asks for fewer requests or no logins."""

from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import (
    BadRecord,
    Damage,
    Delay,
    Gateway,
    RefuseLogins,
    Status,
    VoidTokens,
)

from .conftest import SetUp
from .resident import LOGIN, REALTIME, our_log, poll, requests, sensors, state_of


@pytest.mark.parametrize("path", [REALTIME, "/v1/devices"])
async def test_r08_a_refused_password_silences_both(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """Whichever request finds out: one login, one line, one dialog; then nothing is sent for a day."""
    entry = await set_up(gateway)
    caplog.clear()
    gateway.requests.clear()
    gateway.faults.add(VoidTokens(path=path, times=1))
    gateway.faults.add(RefuseLogins())
    await poll(hass, freezer, 601)
    sent = len(gateway.requests)
    assert requests(gateway, LOGIN) == 1
    assert sensors(hass) == {STATE_UNAVAILABLE}
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_OFF
    await poll(hass, freezer, 600, times=144)
    assert len(gateway.requests) == sent
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert [level for level, _ in our_log(caplog)] == [logging.INFO]
    assert entry.title in our_log(caplog)[0][1]


@pytest.mark.parametrize("code", [423, 429, 503])
async def test_r08_a_locked_login_is_left_alone_over_reloads(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    code: int,
) -> None:
    """5, 15, 60 minutes without a login, however often the entry is set up anew; no dialog."""
    gateway.faults.add(RefuseLogins(code=code))
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    for number, minutes in enumerate((5, 15, 60), start=1):
        assert requests(gateway, LOGIN) == number
        for _ in range(3):
            sent = len(gateway.requests)
            await hass.config_entries.async_reload(entry.entry_id)
            assert entry.state is ConfigEntryState.SETUP_RETRY
            assert len(gateway.requests) == sent
        freezer.tick(timedelta(minutes=minutes))
        await hass.config_entries.async_reload(entry.entry_id)
    assert requests(gateway, LOGIN) == 4
    await poll(hass, freezer, 2)
    assert hass_storage[f"{DOMAIN}.logins"]["data"][entry.entry_id]["refusals"] >= 4
    assert not hass.config_entries.flow.async_progress()
    gateway.faults.clear()
    await poll(hass, freezer, 3600)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await poll(hass, freezer, 2)
    assert hass_storage[f"{DOMAIN}.logins"]["data"] == {}


async def test_r08_a_restart_does_not_forget_a_locked_login(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The stored time applies; changes by a person are tried at once; removing the entry deletes it."""
    now = freezer.time_to_freeze.timestamp()
    kept = {"refusals": 1, "until": now + 300, "at": now + 1}
    hass_storage[f"{DOMAIN}.logins"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.logins",
        "data": {"x": kept},
    }
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY, entry_id="x")
    assert gateway.requests == []
    freezer.tick(timedelta(seconds=10))
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 20})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_remove(entry.entry_id)
    await poll(hass, freezer, 2)
    assert hass_storage[f"{DOMAIN}.logins"]["data"] == {}


async def test_r08_a_wait_longer_than_an_outage_shows_at_once(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """If the next login is allowed in five minutes, values become unavailable at once."""
    await set_up(gateway)
    gateway.reboot()
    gateway.faults.add(RefuseLogins(code=429, times=1))
    await poll(hass, freezer)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    await poll(hass, freezer, times=29)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    await poll(hass, freezer, times=4)
    assert STATE_UNAVAILABLE not in sensors(hass)


async def test_r11_a_busy_gateway_is_asked_less_often(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """503: the interval doubles to five minutes, and comes back."""
    entry = await set_up(gateway)
    realtime = entry.runtime_data.realtime
    gateway.faults.add(Status(path=REALTIME, code=503))
    intervals = []
    for _ in range(6):
        await poll(hass, freezer, realtime.update_interval.total_seconds() + 1)
        intervals.append(realtime.update_interval.total_seconds())
    assert intervals == [20, 40, 80, 160, 300, 300]
    gateway.faults.clear()
    for _ in range(40):
        await poll(hass, freezer, realtime.update_interval.total_seconds() + 1)
    assert realtime.update_interval.total_seconds() == 10


async def test_r11_retry_after_is_heeded(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The gateway says for how long it wants to be left alone."""
    await set_up(gateway)
    gateway.faults.add(Status(path=REALTIME, code=429, retry_after=200, times=1))
    await poll(hass, freezer)
    gateway.requests.clear()
    await poll(hass, freezer, times=19)
    assert requests(gateway, REALTIME) == 0
    await poll(hass, freezer, times=3)
    assert requests(gateway, REALTIME) >= 1


async def test_r11_a_slow_gateway_is_asked_less_often(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Answers that take over half of the interval for five polls double it; one request at most is in flight."""
    entry = await set_up(gateway)
    realtime = entry.runtime_data.realtime
    realtime.pace.interval = 0.1
    gateway.faults.add(Delay(path=REALTIME, seconds=0.06))
    for _ in range(4):
        await realtime.async_refresh()
    assert realtime.pace.interval == 0.1
    await realtime.async_refresh()
    assert realtime.pace.interval == 0.2
    assert gateway.peak_in_flight == 1


async def test_r11_an_unknown_uid_has_the_lists_read_once(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A value that is in no list: the lists are read at once, and then every ten minutes as ever."""
    await set_up(gateway)
    gateway.requests.clear()
    gateway.faults.add(BadRecord(what="signals", how=Damage.NOT_AN_OBJECT))
    await poll(hass, freezer, 601)
    gateway.requests.clear()
    await poll(hass, freezer, 11, times=50)
    assert requests(gateway, "/v1/devices") <= 2
