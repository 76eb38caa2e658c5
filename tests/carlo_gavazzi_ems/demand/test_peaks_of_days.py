"""The peaks of the days of a month, in statistics of their own."""

from datetime import UTC, datetime
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from simulator import Gateway, SiteKind
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import entity_id, poll

from .conftest import Kwh

SERIES = "carlo_gavazzi_ems:rest_demand"
pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, exact=True)


@pytest.fixture
async def entry(
    recorder_mock: Any, hass: HomeAssistant, gateway: Gateway, options: Any, set_up: SetUp
) -> MockConfigEntry:
    """An entry with the demand of one load, and a recorder."""
    return await set_up(gateway, options=options)


async def highest_of_days(hass: HomeAssistant) -> dict[datetime, float]:
    """Return the highest demand of each day in the recorder."""
    await async_wait_recording_done(hass)

    def read() -> Any:
        begin = datetime(2026, 10, 1, tzinfo=UTC)
        return statistics_during_period(hass, begin, None, {SERIES}, "day", {"power": "kW"}, {"max"})

    rows = (await get_instance(hass).async_add_executor_job(read)).get(SERIES, [])
    return {dt_util.as_local(dt_util.utc_from_timestamp(row["start"])): row["max"] for row in rows}


async def test_r32_each_day_has_its_peak(
    entry: MockConfigEntry, hass: HomeAssistant, freezer: FrozenDateTimeFactory, kwh: Kwh
) -> None:
    """From the gateway's history, from the first of the month on, by the clock of the house; today as far as it is known."""
    await poll(hass, freezer, times=3)
    days = await highest_of_days(hass)
    assert [day.day for day in days] == list(range(1, 21))
    for day, highest in days.items():
        begin = day.timestamp()
        end = min(begin + 24 * 3600, time.time() // 3600 * 3600)
        quarters = [begin + 900 * number for number in range(int((end - begin) // 900))]
        assert highest == pytest.approx(max(4 * kwh(at, at + 900) for at in quarters), abs=0.012)


async def test_r32_a_sensor_that_is_disabled_has_none(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, load: int
) -> None:
    """Statistics of a disabled sensor are not written."""
    sensor = entity_id(hass, gateway, f"load_{load}_demand")
    er.async_get(hass).async_update_entity(sensor, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    await poll(hass, freezer, times=3)
    assert await highest_of_days(hass) == {}
