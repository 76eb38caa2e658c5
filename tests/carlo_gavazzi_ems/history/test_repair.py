"""Hours that Home Assistant missed, with the real recorder and a meter with known energy."""

import logging

from homeassistant.components.recorder.db_schema import StatisticsShortTerm
import pytest

from custom_components.carlo_gavazzi_ems.history.progress import ProgressStore

from .house import House
from .meter import ENERGY, at
from .test_importer import run


def measured(house: House, hour: int) -> tuple[float, float, float]:
    """Return the recorded mean, lowest and highest power of an hour."""
    row = house.rows(house.power)[hour]
    return row.mean, row.min, row.max


def truly_measured(house: House, hour: int) -> tuple[float, float, float]:
    """Return what the gateway measured."""
    watts = [house.meter.watts(hour + minute / 60 - 0.001) for minute in range(1, 61)]
    return sum(watts) / 60, min(watts) - 1, max(watts) + 1


@pytest.mark.parametrize("persistent_database", [False, True], ids=["memory", "disk"])
async def test_r03_home_assistant_off(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Six hours off: each has its own energy, the hour of the restart too, and a second run changes nothing."""
    caplog.set_level(logging.INFO)
    await house.live(10, 11.5)
    await house.repaired()
    assert house.entry.runtime_data.history.last.written == 0
    await house.restart(17 + 2 / 60)
    assert house.rows()[13].sum == house.rows()[12].sum
    await house.live(17 + 1 / 12, 17 + 3 / 12)
    await house.repaired()
    rows = house.rows()
    assert set(rows) == set(range(10, 17))
    house.assert_true()
    await house.live(17.25, 19)
    house.assert_true()
    assert "filled" in caplog.text
    for hour in range(11, 17):
        assert measured(house, hour) == pytest.approx(truly_measured(house, hour))
    # The hour of the restart was not over when the gap was checked.
    await house.repaired()
    assert measured(house, 17) == pytest.approx(truly_measured(house, 17))
    before = house.rows(), house.rows(house.power)
    last = house.entry.runtime_data.history.last
    await house.live(19, 19 + 3 / 12)
    await house.repaired()
    await ProgressStore(house.hass, house.entry).async_remove()
    await house.repaired()
    assert (house.rows(), house.rows(house.power)) == before
    assert house.entry.runtime_data.history.last is last


async def test_r03_twelve_kwh_in_six_hours(house: House) -> None:
    """Home Assistant is off from 11 to 17 o'clock; the six hours get 2 kWh each, and the hour of the restart no more."""
    house.meter.swing = 0.0
    await house.live(10, 11)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 18.25)
    gains = {hour: row.sum - house.rows()[hour - 1].sum for hour, row in house.rows().items() if hour > 10}
    # As Home Assistant itself records it.
    assert gains == pytest.approx(dict.fromkeys(range(11, 17), 0.0) | {17: 14.0}, abs=1e-6)
    await house.repaired()
    rows = house.rows()
    gains = {hour: row.sum - rows[hour - 1].sum for hour, row in rows.items() if hour > 10}
    assert gains == pytest.approx(dict.fromkeys(range(11, 18), 2.0), abs=1e-6)
    assert rows[16].sum - rows[10].sum == pytest.approx(12.0, abs=1e-6)
    assert rows[16].state == pytest.approx(house.meter.shown(17 - 1 / 3600), abs=1e-6)


async def test_r03_gateway_unreachable(house: House) -> None:
    """Home Assistant runs on without the gateway; nothing is asked before it is back."""
    await house.live(10, 11 + 1 / 12)
    await house.live(11 + 1 / 12, 15, available=False)
    house.meter.asked.clear()
    house.entry.runtime_data.realtime.last_update_success = False
    await house.repaired()
    assert house.meter.asked == []
    house.entry.runtime_data.realtime.last_update_success = True
    await house.repaired()
    assert {13, 14}.isdisjoint(house.rows())
    await house.live(15, 15.25)
    await house.repaired()
    await house.live(15.25, 17.25)
    await house.repaired()
    assert set(house.rows()) == set(range(10, 17))
    house.assert_true()


@pytest.mark.parametrize("first", ["live", "unavailable", "off", "off over the hour", "off for hours", "no load"])
async def test_r03_nothing_is_made_up_before_the_first_hour(house: House, first: str) -> None:
    """The time before a sensor was recorded is the import's, whatever happened in its first hour."""
    house.meter.is_off = first == "no load"
    await house.live(10 + 1 / 12, 10.25, available=first != "unavailable")
    await house.repaired()
    if back := {"off": 10.75, "off over the hour": 11.25, "off for hours": 16.0, "no load": 16.0}.get(first):
        await house.live(10.25, 10.5)
        await house.restart(back + 2 / 60)
        await house.live(back + 1 / 12, back + 0.25)
        await house.repaired()
        await house.live(back + 0.25, int(back) + 1.25)
    else:
        await house.live(10.25, 11.25)
    await house.repaired()
    await ProgressStore(house.hass, house.entry).async_remove()
    await house.repaired()
    assert min(house.rows()) == min(house.rows(house.power)) == 10
    # Its history is not read either: for a new sensor that would be ten days.
    assert min(start for _, start, _ in house.meter.asked) > at(5.5)
    told = await run(house, -10, dry_run=True)
    assert {sensor.until for sensor in told.values()} == {at(10).timestamp()}
    assert {sensor.hours for sensor in told.values()} == {20}


async def test_r03_a_run_that_fails_is_made_up_for(house: House) -> None:
    """Where the gateway breaks off, the hours stay to be looked at."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    house.meter.offline = True
    await house.repaired()
    assert house.rows()[13].sum == house.rows()[12].sum
    house.meter.offline = False
    await house.repaired()
    house.assert_true()


async def test_r03_the_hour_of_the_restart_of_a_measured_value(house: House) -> None:
    """It is not over when the gap is checked; once it is over, its history replaces Home Assistant's own row."""
    await house.live(10, 11.5)
    await house.restart(16.75 + 2 / 60)
    await house.live(16.75 + 1 / 12, 17 + 1 / 12)
    await house.repaired()
    assert measured(house, 15) == pytest.approx(truly_measured(house, 15))
    assert measured(house, 16) != pytest.approx(truly_measured(house, 16))
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    assert measured(house, 16) == pytest.approx(truly_measured(house, 16))
    before = house.rows(house.power)
    await house.live(17.25, 18.25)
    await house.repaired()
    assert {hour: house.rows(house.power)[hour] for hour in before} == before


async def test_r03_a_reset_in_the_gap(house: House) -> None:
    """A meter that was set back while nobody looked has lost nothing."""
    house.meter.resets = [14.3 - 1 / 3600 + 1e-9]
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    await house.live(17.25, 19.25)
    await house.repaired()
    house.assert_true()


@pytest.mark.parametrize("off", [True, False], ids=["off", "unreachable"])
async def test_r03_a_reset_in_an_outage_that_misses_no_hour(house: House, *, off: bool) -> None:
    """What was counted between the last poll and the reset is in the history only, and is put into its hour."""
    house.meter.resets = [11.4 - 1 / 3600 + 1e-9]
    await house.live(10, 11.25)
    if off:
        await house.restart(11.5 + 2 / 60)
    else:
        await house.live(11.25, 11.5 + 1 / 12, available=False)
    await house.live(11.5 + 1 / 12, 12.25)
    lost = house.meter.kwh(11.25, 11.4)
    assert house.rows()[11].sum - house.rows()[10].sum == pytest.approx(house.meter.kwh(11, 12) - lost, abs=0.001)
    await house.repaired()
    house.assert_true()
    await house.live(12.25, 13.25)
    await house.repaired()
    house.assert_true()


async def test_r03_nonsense_in_the_history(house: House) -> None:
    """A zero between two readings is not a reset, and a peak is not consumption; neither may count a whole reading."""
    house.meter.nonsense = {13 * 60 + 20: 0.0, 14 * 60: 0.0, 15 * 60: 9e6, 16 * 60 + 30: -5.0}
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    await house.repaired()
    # A missing minute at the end of an hour.
    rows = house.rows()
    for hour in range(11, 17):
        late = 2.25 / 60 if hour in (13, 14, 15) else 1e-6
        truth = house.meter.kwh(hour - 1 / 3600, hour + 1 - 1 / 3600)
        assert rows[hour].sum - rows[hour - 1].sum == pytest.approx(truth, abs=late), hour
    house.assert_true(but=(13, 14, 15))


async def test_r03_two_gaps_with_a_reset_in_each(house: House) -> None:
    """The adjustment after the first gap also applies to the second one."""
    house.meter.resets = [12.3 - 1 / 3600 + 1e-9, 17.3 - 1 / 3600 + 1e-9]
    await house.live(10, 11.5)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 16.25)
    await house.restart(19 + 2 / 60)
    await house.live(19 + 1 / 12, 20.25)
    await house.repaired()
    house.assert_true()


async def test_r03_less_than_an_hour_over_the_full_hour(house: House) -> None:
    """An outage that leaves a row for every hour still puts no energy into the wrong one."""
    await house.live(10, 11.5)
    await house.restart(12 + 2 / 60)
    await house.live(12 + 1 / 12, 13.25)
    assert house.rows()[11].sum - house.rows()[10].sum < 1.2
    await house.repaired()
    house.assert_true()


async def test_r03_a_restart_within_minutes(house: House) -> None:
    """Nothing was missed, nothing is written."""
    await house.live(10, 11 + 1 / 3)
    await house.restart(11.5)
    await house.live(11.5, 13.25)
    before = house.rows()
    await house.repaired()
    assert house.rows() == before
    assert house.entry.runtime_data.history.last.written == 0


@pytest.mark.parametrize("day", [5, 159], ids=["25 October", "28 March"])
async def test_r03_the_clocks_change_in_the_gap(house: House, day: int) -> None:
    """One night has an hour twice, another lacks one; each hour has its own energy."""
    await house.hass.config.async_set_time_zone("Europe/Rome")
    night = day * 24
    await house.live(night - 2, night - 1.5)
    await house.restart(night + 4 + 2 / 60)
    await house.live(night + 4 + 1 / 12, night + 4.25)
    await house.repaired()
    assert set(house.rows()) == {night + hour for hour in range(-2, 4)}
    house.assert_true()


async def test_r03_thirty_days_and_the_recorder_has_forgotten(house: House) -> None:
    """The sum that began at 0 again is put back onto the old one."""
    await house.live(10, 12)
    await house.repaired()
    await house.live(12, 12 + 1 / 12, available=False)
    house.forget(StatisticsShortTerm)
    later = 12 + 30 * 24
    await house.live(later + 3, later + 5)
    assert house.rows()[later + 3].sum < house.rows()[11].sum
    await house.live(later + 5, later + 5.25)
    await house.repaired()
    assert len(house.rows()) == 30 * 24 + 7
    house.assert_true()
    await house.live(later + 5.25, later + 7)
    house.assert_true()


async def test_r03_a_gap_in_the_gateways_history(house: House) -> None:
    """It stays a gap; its energy shows in the first hour after it."""
    house.meter.silent = [(12.5, 14.5)]
    await house.live(10, 11 + 1 / 12)
    await house.live(11 + 1 / 12, 17, available=False)
    await house.live(17, 18.25)
    await house.repaired()
    assert set(house.rows()) == {10, 11, 12, 14, 15, 16, 17}
    house.assert_true(but=(12, 14))


async def test_r03_history_of_another_meter(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written, and one line says why."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 19.25)
    house.meter.offset = 77
    before = house.rows()
    await house.repaired()
    assert house.rows() == before
    # It checks twice: the state after a start may not be final.
    await house.live(19.25, 20.25)
    await house.repaired()
    assert {hour: house.rows()[hour] for hour in before} == before
    assert set(house.entry.runtime_data.history.last.refused) == {ENERGY}
    assert f"missed hours were left as they are: {house.counter}: " in caplog.text
