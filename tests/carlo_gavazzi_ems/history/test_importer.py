"""The time before Home Assistant: joined to the recorded hours, with the same result when it is repeated."""

from collections.abc import Collection
from typing import Any

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done

from custom_components.carlo_gavazzi_ems.api import EmsConnectionError
from custom_components.carlo_gavazzi_ems.history import importer
from custom_components.carlo_gavazzi_ems.history.arithmetic.empty_spans import EmptySpan
from custom_components.carlo_gavazzi_ems.history.importer import HistoryImport, SensorImport
from custom_components.carlo_gavazzi_ems.history.source import HistorySource
from custom_components.carlo_gavazzi_ems.history.targets import async_targets

from .house import House
from .meter import DAY, ENERGY, POWER, at


async def run(house: House, start: float, *, dry_run: bool = False) -> dict[int, SensorImport]:
    """Import from an hour on."""
    targets = await async_targets(house.hass, house.entry)
    found = await HistoryImport(house.hass, house.entry, dry_run=dry_run).async_run(
        targets, DAY.timestamp() + start * 3600
    )
    await async_recorder_block_till_done(house.hass)
    return {sensor.target.uid: sensor for sensor in found}


def everything(house: House) -> tuple[Any, Any]:
    """Return all rows of both sensors."""
    return house.rows(), house.rows(house.power)


async def test_r04_three_times_over(house: House) -> None:
    """No step where imported and recorded hours meet, the first books its own; three runs give the same rows."""
    await house.live(10.5, 12.25)
    before = everything(house)
    told = await run(house, -400, dry_run=True)
    assert everything(house) == before
    assert {uid: sensor.hours for uid, sensor in told.items()} == {ENERGY: 410, POWER: 410}
    written = await run(house, -400)
    assert {uid: sensor.hours for uid, sensor in written.items()} == {ENERGY: 410, POWER: 410}
    rows = house.rows()
    assert list(rows) == list(range(-400, 12))
    house.assert_true()
    second = 1 / 3600
    assert rows[-400].sum == pytest.approx(house.meter.kwh(-400 - second, -399 - second), abs=1e-6)
    for hour in (-400, -1, 9):
        power = house.rows(house.power)[hour]
        assert power.min < power.mean < power.max
    after = everything(house)
    for _ in range(2):
        again = await run(house, -400)
        assert not any(sensor.hours for sensor in again.values())
        assert everything(house) == after
    await house.live(12.25, 14)
    house.assert_true()
    assert house.meter.peak == 1


@pytest.mark.parametrize(("day", "length"), [(5, 25), (159, 23)], ids=["25 October", "28 March"])
async def test_r04_days_on_which_the_clocks_change(house: House, day: int, length: int) -> None:
    """A day of 25 or 23 hours has the energy of just so many, and each hour its own."""
    await house.hass.config.async_set_time_zone("Europe/Rome")
    await house.live((day + 1) * 24 + 10, (day + 1) * 24 + 12.25)
    await run(house, day * 24 - 30)
    house.assert_true()
    midnight = dt_util.start_of_local_day(at(day * 24 + 12))
    days = await get_instance(house.hass).async_add_executor_job(
        statistics_during_period, house.hass, midnight, None, {house.counter}, "day", None, {"change"}
    )
    begin = (midnight - DAY).total_seconds() / 3600 - 1 / 3600
    first = days[house.counter][0]
    assert (first["end"] - first["start"]) / 3600 == length
    assert first["change"] == pytest.approx(house.meter.kwh(begin, begin + length), abs=1e-6)


async def test_r04_broken_off_and_taken_up_again(house: House) -> None:
    """Where the gateway goes away in the middle, what is there is whole, and the next run goes on from it."""
    await house.live(10.5, 12.25)
    whole = house.meter.history

    def failing(**span: Any) -> Any:
        # In the second chunk, a week before the recorded hour.
        house.meter.offline = span["start"] < at(-200)
        return whole(**span)

    house.meter.history = failing  # type: ignore[method-assign]
    with pytest.raises(EmsConnectionError):
        await run(house, -300)
    house.meter.history = whole  # type: ignore[method-assign]
    house.meter.offline = False
    await async_recorder_block_till_done(house.hass)
    assert -300 < min(house.rows()) < 10
    house.assert_true()
    await run(house, -300)
    assert min(house.rows()) == -300
    house.assert_true()


async def test_r04_from_where_history_begins(house: House) -> None:
    """A gateway that is younger than the wanted start gives what it has; holes stay holes."""
    house.meter.silent = [(-10_000, -20), (-5.5, -2.5)]
    house.meter.resets = [-12.3 - 1 / 3600 + 1e-9]
    await house.live(10, 12.25)
    await run(house, -400)
    assert list(house.rows()) == [*range(-20, -5), *range(-3, 12)]
    house.assert_true(but=(-20, -3, -6))


async def test_r04_ten_years_of_which_a_few_weeks_have_history(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years before the gateway was there are passed in a few requests, months without history too: no row is missed."""
    month, earlier = -28 * 24, -160 * 24
    house.meter.begun = 20_000.0
    house.meter.silent = [(-1e6, earlier), (earlier + 100.5, month)]
    await house.live(10, 12.25)
    kept = house.snapshot()
    house.meter.asked.clear()
    told = await run(house, -87_600)
    asked = len(house.meter.asked)
    rows = everything(house)
    # The hour in which the history ends has no reading at its end.
    assert list(rows[0]) == [*range(earlier, earlier + 100), *range(month, 12)]
    house.assert_true(but=(earlier, month))
    assert house.meter.peak == 1
    house.put_back(kept)
    monkeypatch.setattr(importer, "async_past_empty_span", plainly)
    house.meter.asked.clear()
    plain = await run(house, earlier - 1000)
    assert {uid: sensor.hours for uid, sensor in plain.items()} == {uid: sensor.hours for uid, sensor in told.items()}
    assert everything(house) == rows
    assert asked < 100
    assert len(house.meter.asked) > 2 * asked


async def plainly(source: HistorySource, uids: Collection[int], void: EmptySpan, known: float | None) -> float:
    """Skip no empty span."""
    return void.near


@pytest.mark.parametrize("offset", [77, -77])
async def test_r04_history_of_another_meter(house: House, offset: float) -> None:
    """Nothing is written, and the answer says why."""
    await house.live(10, 12.25)
    house.meter.offset = offset
    before = house.rows()
    told = await run(house, -10)
    assert "which is not in the history" in str(told[ENERGY].reason)
    assert house.rows() == before
    assert told[POWER].hours == 20


async def test_r04_before_anything_was_recorded(house: House) -> None:
    """A sensor without a full hour has nothing to be joined to yet."""
    await house.live(10, 10.5)
    assert await run(house, -10) == {}
    assert house.rows() == {}
