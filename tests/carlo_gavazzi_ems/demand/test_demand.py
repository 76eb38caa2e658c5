"""The demand in Home Assistant with a simulated gateway: R32."""

from datetime import datetime, timedelta
from itertools import product
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import poll, requests
from tests.nightly import rest_at_night

from .conftest import Kwh, Show, meter_of

TEN = datetime.fromisoformat("2026-11-20 10:00:00+00:00").timestamp()
HOUR = 3600.0
HISTORY = "/v1/signals/history"
pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, exact=True)


async def test_r32_off_until_asked_for(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Without a load in the options there is no such sensor."""
    await set_up(gateway, options={"codes": codes_of(gateway.site)})
    assert not [state.entity_id for state in hass.states.async_all("sensor") if "demand" in state.entity_id]


async def test_r32_a_quarter_hour(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
) -> None:
    """The mean so far and where it will end, in the right class; at the end the quarter-hour is what the meter counted."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=42)
    mean, expected = show("demand"), show("demand_expected")
    assert float(mean.state) == pytest.approx(kwh(TEN, time.time()) / (time.time() - TEN) * HOUR, rel=0.02, abs=0.01)
    assert expected.attributes["unit_of_measurement"] == mean.attributes["unit_of_measurement"] == "kW"
    assert expected.attributes["device_class"] == "power"
    assert expected.attributes["state_class"] == "measurement"
    await poll(hass, freezer, times=58)
    assert float(show("demand_expected").state) == pytest.approx(4 * kwh(TEN, TEN + 900), rel=0.02)
    await poll(hass, freezer, times=5)
    demand = entry.runtime_data.demand.meters[options["demand_loads"][0]]
    assert demand.ledger.kwh[TEN] == pytest.approx(kwh(TEN, TEN + 900), abs=0.001)
    assert float(show("demand").state) == pytest.approx(4 * kwh(TEN, TEN + 900), abs=0.001), "of the last quarter-hour"
    assert 0 <= show("demand_peak_month").attributes["resolution"] <= 0.004


async def test_r32_the_month_so_far_is_read_from_history(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
) -> None:
    """At the first start, in the background: the highest quarter-hour of the month and of the day, with their times."""
    await set_up(gateway, options=options)
    assert show("demand_peak_month").state == "unknown"
    await poll(hass, freezer, times=3)
    for key, begin in (("demand_peak_month", "2026-11-01 00:00"), ("demand_peak_day", "2026-11-20 00:00")):
        state = show(key)
        start = datetime.fromisoformat(state.attributes["start"]).timestamp()
        end = datetime.fromisoformat(state.attributes["end"]).timestamp()
        assert end - start == 900
        assert float(state.state) == pytest.approx(4 * kwh(start, end), abs=0.012)
        first = datetime.fromisoformat(f"{begin}+01:00").timestamp()
        quarters = [first + 900 * number for number in range(int((time.time() - first) // 900))]
        assert float(state.state) == pytest.approx(max(4 * kwh(at, at + 900) for at in quarters), abs=0.012)
        assert "state_class" not in state.attributes
    assert gateway.peak_in_flight == 1
    await poll(hass, freezer, times=8)
    assert float(show("demand").state) == pytest.approx(
        kwh(TEN - 900, time.time()) / (time.time() - TEN + 900) * HOUR, rel=0.02
    )
    asked = requests(gateway, HISTORY)
    await poll(hass, freezer, times=20)
    assert requests(gateway, HISTORY) == asked


@pytest.mark.parametrize(("gone", "seconds"), rest_at_night(product([20, 400, 2400], [100, 800, 1700])))
async def test_r32_a_restart(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    kwh: Kwh,
    seconds: int,
    gone: int,
) -> None:
    """Whenever Home Assistant is off, and however long: every quarter-hour is known, and right."""
    entry = await set_up(gateway, options=options)
    await poll(hass, freezer, times=14)
    await poll(hass, freezer, seconds=50, times=seconds // 50)
    assert await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(gone)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, freezer, seconds=30, times=6)
    meter = entry.runtime_data.demand.meters[options["demand_loads"][0]]
    now = time.time()
    running = meter.periods.start(now - 70)
    assert meter.ledger.missing(now, now - 70) == []
    for start, found in meter.ledger.kwh.items():
        if start >= TEN - 900:
            assert found == pytest.approx(kwh(start, start + 900), abs=0.003)
    if now > running + 120 and meter.track.start == running:
        assert meter.mean == pytest.approx(
            kwh(running, meter.track.last.at) / (meter.track.last.at - running) * HOUR, rel=0.03, abs=0.02
        )


@pytest.mark.parametrize(
    "row",
    [60, pytest.param(900, marks=pytest.mark.site(SiteKind.FLAT, seed=1, exact=True, period=900))],
)
async def test_r32_the_longest_interval(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
    row: int,
) -> None:
    """A poll each five minutes: history tells the beginning of the running quarter-hour, and it is shown at once."""
    entry = await set_up(gateway, options={**options, "scan_interval": 300})
    await poll(hass, freezer, 301, times=4)
    meter = meter_of(entry)
    assert meter.track.last is not None
    seconds = meter.track.last.at - TEN - 900
    assert 120 < seconds < 300
    assert float(show("demand").state) == pytest.approx(kwh(TEN + 900, meter.track.last.at) / seconds * HOUR, rel=0.02)
    assert float(show("demand_expected").state) > 0


async def test_r32_another_time_zone(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    options: Any,
    show: Show,
    kwh: Kwh,
) -> None:
    """Periods follow the clock of the house, also where it is set in a running Home Assistant: an hour begins at half past."""
    await set_up(gateway, options={**options, "demand_period": 60})
    await poll(hass, freezer, times=3)
    await hass.config.async_update(time_zone="Asia/Kolkata", country="IN")
    await poll(hass, freezer, times=6)
    peak = show("demand_peak_month")
    start = datetime.fromisoformat(peak.attributes["start"])
    assert (start.minute, start.utcoffset()) == (0, timedelta(hours=5, minutes=30))
    assert float(peak.state) == pytest.approx(kwh(start.timestamp(), start.timestamp() + HOUR), abs=0.001)
    await hass.config.async_update(country="NP")
    await hass.async_block_till_done()
