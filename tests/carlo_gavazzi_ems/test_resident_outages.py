"""A gateway that is unreachable, busy, slow or locked: R8 to R11, and R14 for the log."""

import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from simulator import (
    Delay,
    Drop,
    Gateway,
    HalfBody,
    Html,
    Status,
)

from .conftest import SetUp
from .resident import REALTIME, our_log, poll, requests, sensors, state_of


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
    assert our_log(caplog) == []
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON
    await poll(hass, freezer)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_OFF
    ((level, text),) = our_log(caplog)
    assert level == logging.INFO
    assert entry.title in text
    gateway.faults.clear()
    await poll(hass, freezer)
    assert STATE_UNAVAILABLE not in sensors(hass)
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON
    assert [level for level, _ in our_log(caplog)] == [logging.INFO, logging.INFO]


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
    """Each page is fast enough, but not all together: after 90 s, here one, it counts as a failed poll."""
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
    assert [level for level, _ in our_log(caplog)] == [logging.INFO]
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
    """The gateway is off for ten hours, lists included: one line, and one when it is back."""
    await set_up(gateway, options={"scan_interval": 60})
    caplog.clear()
    await gateway.stop()
    await poll(hass, freezer, 60, times=600)
    assert sensors(hass) == {STATE_UNAVAILABLE}
    await gateway.start()
    await poll(hass, freezer, 60, times=15)
    assert STATE_UNAVAILABLE not in sensors(hass)
    assert [level for level, _ in our_log(caplog)] == [logging.INFO, logging.INFO]


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
    assert our_log(caplog) == []


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
