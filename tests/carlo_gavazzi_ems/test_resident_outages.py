"""A gateway that is away, busy, slow or locked: R8 to R11, and R14 for what the log says meanwhile."""

from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import (
    BadRecord,
    Damage,
    Delay,
    Drop,
    Gateway,
    HalfBody,
    Html,
    RefuseLogins,
    Status,
    VoidTokens,
)

from .conftest import SetUp
from .resident import LOGIN, REALTIME, poll, requests, state_of


def sensors(hass: HomeAssistant) -> set[str]:
    """Return which states there are."""
    return {state.state for state in hass.states.async_all("sensor")}


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return what was logged of us above debug."""
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.levelno > logging.DEBUG and DOMAIN in record.name and "not been tested" not in record.getMessage()
    ]


async def test_r10_one_failed_request_is_repeated_within_the_poll(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """A single error costs a second request, and nothing else."""
    entry = await set_up(gateway)
    seen = entry.runtime_data.realtime.last_seen
    gateway.requests.clear()
    gateway.faults.add(Status(path=REALTIME, code=500, times=1))
    await poll(hass, freezer)
    assert requests(gateway, REALTIME) == 2
    assert entry.runtime_data.realtime.last_seen > seen


@pytest.mark.parametrize("fault", [Drop, Html, HalfBody, lambda: Status(code=500), lambda: Status(code=404)])
async def test_r10_two_failed_polls_change_nothing_the_third_does(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: Any,
) -> None:
    """At the third everything is unavailable but the connectivity sensor, which says off; then all is back."""
    entry = await set_up(gateway)
    before = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    caplog.clear()
    gateway.faults.add(fault())
    await poll(hass, freezer, times=2)
    assert {state.entity_id: state.state for state in hass.states.async_all("sensor")} == before
    assert told(caplog) == []
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON
    await poll(hass, freezer)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_OFF
    ((level, text),) = told(caplog)
    assert level == logging.WARNING
    assert entry.title in text
    gateway.faults.clear()
    await poll(hass, freezer)
    assert STATE_UNAVAILABLE not in sensors(hass)
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON
    assert [level for level, _ in told(caplog)] == [logging.WARNING, logging.INFO]


async def test_r10_a_long_interval_does_not_hide_an_outage(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Polled every five minutes, an outage still shows within two."""
    await set_up(gateway, options={"scan_interval": 300})
    gateway.faults.add(Drop())
    await poll(hass, freezer, 301)
    assert STATE_UNAVAILABLE not in sensors(hass)
    await poll(hass, freezer, 31, times=3)
    assert sensors(hass) == {STATE_UNAVAILABLE}


async def test_r10_a_poll_of_slow_pages_has_a_limit(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each page comes in time, all of them do not: after 90 s, here one, that is an outage like others."""
    entry = await set_up(gateway)
    for module in ("coordinator", "polling.pacing"):
        monkeypatch.setattr(f"custom_components.carlo_gavazzi_ems.{module}.MAX_SILENCE", 1.0)
    gateway.dialect.limit_cap = 4
    gateway.faults.add(Delay(path=REALTIME, seconds=0.6))
    caplog.clear()
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    assert sensors(hass) == {STATE_UNAVAILABLE}
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_OFF
    assert [level for level, _ in told(caplog)] == [logging.WARNING]
    gateway.faults.clear()
    gateway.dialect.limit_cap = None
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    assert STATE_UNAVAILABLE not in sensors(hass)


async def test_r10_ten_hours_take_two_lines(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The gateway is off for ten hours, lists included: one warning, and one line when it is back."""
    await set_up(gateway, options={"scan_interval": 60})
    caplog.clear()
    await gateway.stop()
    await poll(hass, freezer, 60, times=600)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    await gateway.start()
    await poll(hass, freezer, 60, times=15)
    assert STATE_UNAVAILABLE not in sensors(hass)
    assert [level for level, _ in told(caplog)] == [logging.WARNING, logging.INFO]


async def test_r10_lists_that_fail_alone_are_not_missed(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Values go on, what was listed before stays, nothing is said."""
    entry = await set_up(gateway)
    caplog.clear()
    listed = entry.runtime_data.topology.data
    gateway.faults.add(Status(path="/v1/loads", code=500))
    await poll(hass, freezer, 601, times=2)
    assert entry.runtime_data.topology.data is listed
    assert not entry.runtime_data.topology.last_update_success
    assert STATE_UNAVAILABLE not in sensors(hass)
    gateway.faults.clear()
    await poll(hass, freezer, 601)
    assert entry.runtime_data.topology.last_update_success
    assert told(caplog) == []


async def test_r09_ten_minutes_of_update_are_no_wrong_password(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Web pages, void tokens, errors: no dialog, and back within two intervals."""
    await set_up(gateway)
    for fault in (Html(), Status(code=403, path="/v1/signals*"), Status(code=500), Drop()):
        gateway.faults.add(fault)
        gateway.reboot()
        await poll(hass, freezer, times=15)
        gateway.faults.clear()
    await poll(hass, freezer, times=2)
    assert STATE_UNAVAILABLE not in sensors(hass)
    assert not hass.config_entries.flow.async_progress()


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
    assert [level for level, _ in told(caplog)] == [logging.WARNING]
    assert entry.title in told(caplog)[0][1]


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
    """What was kept on disk holds; what a person changes meanwhile is tried at once; a removed entry is forgotten."""
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
    """A login that may be repeated in five minutes only: nobody looks at old values for so long."""
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


async def test_r20_an_entity_that_fails_harms_no_other(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that raises is logged with its traceback; those after it are called all the same."""
    entry = await set_up(gateway)
    called: list[bool] = []

    def fail() -> None:
        raise RuntimeError("a bug")

    realtime = entry.runtime_data.realtime
    removes = [realtime.async_add_listener(fail), realtime.async_add_listener(lambda: called.append(True))]
    await poll(hass, freezer)
    assert called == [True]
    assert "a bug" in caplog.text
    for remove in removes:
        remove()
    await poll(hass, freezer)
    assert called == [True]


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
