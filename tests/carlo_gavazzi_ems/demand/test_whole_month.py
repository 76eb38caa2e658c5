"""A whole month with outages, a change of the clock and a meter that is replaced, in Home Assistant: R32."""

from collections.abc import AsyncIterator
from copy import deepcopy
from random import Random
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from tests.carlo_gavazzi_ems.resident import forget, poll
from tests.second_gateway import Gateway

from .month import CODE, LOAD, QUARTER, WATT_HOUR, ZONE, Month

SERIES = f"{DOMAIN}:main_demand"
type House = tuple[Gateway, MockConfigEntry]


@pytest.fixture
def month(request: pytest.FixtureRequest, freezer: FrozenDateTimeFactory) -> Month:
    """A month that begins in five minutes."""
    month = Month(request.param, 3)
    freezer.move_to(dt_util.utc_from_timestamp(month.begin - 300))
    return month


@pytest.fixture
async def house(
    month: Month,
    row: int,
    recorder_mock: Any,
    hass: HomeAssistant,
    socket_enabled: None,
    enable_custom_integrations: None,
    hass_storage: dict[str, Any],
) -> AsyncIterator[House]:
    """A gateway with the main meter, and an entry with its demand."""
    await hass.config.async_set_time_zone(ZONE)
    gateway = Gateway(month.site, time.time)
    (counter,) = month.site.signals.values()
    for reset in month.resets:
        gateway.reset_counter(counter, reset)
    gateway.cut_power(*month.cut)
    gateway.history.seconds = row
    async with gateway:
        data = {"host": gateway.host, "port": gateway.port, "fingerprint": gateway.certificate.fingerprint}
        account = {"username": gateway.username, "password": gateway.password}
        options = {"codes": {str(CODE): "energy_import/kWh"}, "demand_loads": [LOAD], "scan_interval": 30}
        serial = gateway.identity.serial
        entry = MockConfigEntry(domain=DOMAIN, title="EMS", unique_id=serial, data=data | account, options=options)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield gateway, entry
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def poll_until(hass: HomeAssistant, freezer: FrozenDateTimeFactory, until: float) -> None:
    """Let Home Assistant poll twice a minute until an instant."""
    while time.time() < until:
        await poll(hass, freezer, 30)


async def highest_of_hours(hass: HomeAssistant, month: Month) -> dict[float, float]:
    """Return the highest quarter-hour of each hour in the statistics, in kW."""
    await async_wait_recording_done(hass)
    begin = dt_util.utc_from_timestamp(month.begin)

    def read() -> Any:
        return statistics_during_period(hass, begin, None, {SERIES}, "hour", {"power": "kW"}, {"max"})

    rows = (await get_instance(hass).async_add_executor_job(read))[SERIES]
    return {row["start"]: row["max"] for row in rows}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("month", "shortest", "row"),
    [
        ("2026-10", 3 * 86_400.0, 300),
        pytest.param("2026-10", 60.0, 60, marks=pytest.mark.long),
        pytest.param("2026-03", 60.0, 60, marks=pytest.mark.long),
    ],
    indirect=["month"],
)
async def test_r32_a_whole_month(
    house: House,
    month: Month,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    shortest: float,
) -> None:
    """Each quarter-hour, and the peak of each day and of the month, to the Wh, whatever Home Assistant has seen itself."""
    gateway, entry = house
    chance, events = Random(1), month.events
    stored = deepcopy(hass_storage)
    await poll_until(hass, freezer, month.begin + 200)
    while time.time() < month.end - 3000:
        # Up to four days, but not beyond what is to be seen.
        until = min(time.time() + shortest * (4 * 86_400 / shortest) ** chance.random(), month.end - 1800)
        if events and until > events[0] - 120:
            until = events.pop(0) - 120
        match chance.choice(("stopped", "killed", "cut off")):
            case "cut off":
                await gateway.stop()
                await poll(hass, freezer, (until - time.time()) / 3, times=3)
                await gateway.start(gateway.port)
            case how:
                assert await hass.config_entries.async_unload(entry.entry_id)
                forget(hass, entry)
                if how == "killed":
                    hass_storage.update(deepcopy(stored))
                freezer.move_to(dt_util.utc_from_timestamp(until))
                await hass.config_entries.async_setup(entry.entry_id)
                await hass.async_block_till_done(wait_background_tasks=True)
        stored = deepcopy(hass_storage)
        await poll_until(hass, freezer, until + chance.uniform(240, 500))
    await poll_until(hass, freezer, month.end - 65)
    state = hass.states.get("sensor.main_demand_peak_month")
    assert state is not None
    assert float(state.state) == pytest.approx(month.highest(month.begin, month.end - QUARTER), abs=4 * WATT_HOUR)
    peak = dt_util.as_timestamp(state.attributes["start"])
    assert 4 * month.kwh(peak) == pytest.approx(float(state.state), abs=4 * WATT_HOUR)
    await poll_until(hass, freezer, month.end + 1200)
    (meter,) = entry.runtime_data.demand.meters.values()
    month.assert_quarters(meter.ledger.kwh)
    month.assert_days(await highest_of_hours(hass, month))
