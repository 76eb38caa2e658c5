"""The guards against destroying statistics of our or of other sensors, with the real recorder."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Literal, override

from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import CoreState
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.api import Rows
from custom_components.carlo_gavazzi_ems.history.repair import EARLY_LOOKS
from custom_components.carlo_gavazzi_ems.options import CONF_REPAIR_GAPS

from .house import House
from .meter import ENERGY, at
from .test_importer import run


@pytest.mark.long
async def test_r03_nobody_else_loses_an_hour(house: House) -> None:
    """Fifty sensors of other people record beside ours over changes of the hour, whenever the repair runs."""
    house.foreign = [f"sensor.foreign_{number}" for number in range(50)]
    await house.live(10, 11.5)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 14.5)
    for hour in (14.5, 15.0, 15.5):
        await house.repaired()
        # Just before and just after the hour is full.
        await house.live(hour, hour + 5 / 12)
        await house.repaired()
        await house.live(hour + 5 / 12, hour + 0.5)
    for entity_id in house.foreign:
        assert set(house.rows(entity_id)) == set(range(10, 16)), entity_id
    house.assert_true()


@pytest.mark.timeout(300)
async def test_r03_r04_nobody_else_loses_an_hour_while_both_run(house: House) -> None:
    """Repair and import run without a pause while fifty sensors of other people record over changes of the hour."""
    house.foreign = [f"sensor.foreign_{number}" for number in range(50)]
    await house.live(10, 11.75)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 14.75)
    done = asyncio.Event()
    begun: list[int] = []

    async def both() -> None:
        while not done.is_set():
            begun.append((dt_util.utcnow() - at(0)) // timedelta(hours=1))
            await house.repair.async_repair()
            await run(house, 10 - 6 * len(begun))
            await asyncio.sleep(0)

    work = asyncio.create_task(both())
    await house.live(14.75, 16.25)
    done.set()
    await work
    await house.repaired()
    assert set(begun) >= {14, 15}
    for entity_id in house.foreign:
        assert set(house.rows(entity_id)) == set(range(10, 16)), entity_id
    assert set(house.rows()) == set(range(10 - 6 * len(begun), 16))
    house.assert_true()


class CountingLock(asyncio.Lock):
    """A lock that counts the calls of `acquire`."""

    acquired = 0

    @override
    async def acquire(self) -> Literal[True]:
        """Count the call."""
        self.acquired += 1
        return await super().acquire()


async def test_r03_r04_an_import_waits_for_a_repair(house: House) -> None:
    """A repair writes sums that it has read: if they were adjusted in between, all energy would be counted twice."""
    await house.live(10, 11.5)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 14.25)
    lock = house.entry.runtime_data.history.lock = CountingLock()
    reading, go_on = asyncio.Event(), asyncio.Event()
    whole = house.meter.history

    async def slow(**span: Any) -> AsyncGenerator[Rows]:
        house.meter.history = whole  # type: ignore[method-assign]
        reading.set()
        await go_on.wait()
        async for rows in whole(**span):
            yield rows

    house.meter.history = slow  # type: ignore[method-assign]
    repairing = asyncio.create_task(house.repair.async_repair())
    await reading.wait()
    importing = asyncio.create_task(run(house, -20))
    while lock.acquired < 2 and not importing.done():  # noqa: ASYNC110  # under a frozen clock nothing can be slept through
        await asyncio.sleep(0)
    go_on.set()
    await repairing
    await importing
    assert list(house.rows()) == list(range(-20, 14))
    house.assert_true()


async def test_r03_the_running_hour_after_the_clock_was_set_back(house: House) -> None:
    """By a wrong clock the recorder has compiled hours in the future, which it does not compile again."""
    house.foreign = ["sensor.foreign"]
    await house.live(10, 11.5)
    house.in_database(lambda session: session.add(StatisticsRuns(start=at(20).replace(tzinfo=None))))
    await house.live(11.5, 11.75)
    await house.repaired()
    assert set(house.rows()) == {10}
    await house.live(11.75, 13.25)
    await house.repaired()
    assert set(house.rows("sensor.foreign")) == {10, 11, 12}


async def test_r03_hours_that_are_not_compiled_are_not_touched(house: House) -> None:
    """If the recorder is behind, it still has to compile even an hour that is long over."""
    house.foreign = ["sensor.foreign"]
    await house.live(10, 11.5)
    house.freezer.move_to(at(14.5))
    # The recorder has not compiled the time since 11:30.
    await house.repaired()
    assert set(house.rows()) == {10}
    await house.restart(14.55)
    await house.live(14 + 7 / 12, 15.25)
    await house.repaired()
    assert set(house.rows("sensor.foreign")) == set(range(10, 15))
    house.assert_true()


async def wake(house: House, hour: int) -> None:
    """Move to the time at which the hour before is checked."""
    house.freezer.move_to(at(hour) + timedelta(minutes=15, seconds=30))
    async_fire_time_changed(house.hass, at(hour) + timedelta(minutes=15, seconds=31))
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def test_r03_the_repair_waits_for_the_recorder(house: House) -> None:
    """It begins neither before Home Assistant has started nor before the first five minutes after that."""
    hass = house.hass
    hass.set_state(CoreState.starting)
    house.repair.async_start()
    runs = 0

    async def count() -> None:
        nonlocal runs
        async with house.entry.runtime_data.history.reading():
            runs += 1

    house.repair.async_repair = count  # type: ignore[method-assign]
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 0
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 0
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 1
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 1
    # A gap that waits for a value is checked again after the next five minutes.
    house.repair.waiting = frozenset({ENERGY})
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 2
    house.repair.waiting = frozenset()
    await wake(house, 11)
    assert runs == 3
    # While another task reads history: one repair, after it.
    async with house.entry.runtime_data.history.lock:
        for hour in (12, 13):
            house.freezer.move_to(at(hour) + timedelta(minutes=15, seconds=30))
            async_fire_time_changed(hass, at(hour) + timedelta(minutes=15, seconds=31))
            await hass.async_block_till_done()
        assert runs == 3
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 4
    # Nothing calls it after the entry was removed.
    house.repair.waiting = frozenset({ENERGY})
    await house.unload()
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await wake(house, 14)
    assert runs == 4


async def test_what_waits_right_after_a_start_is_not_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """It is checked again every five minutes, and logged only if it still waits then."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 19.25)
    house.meter.offset = 77
    house.repair.async_start()
    for _ in range(EARLY_LOOKS):
        assert "missed hours were left as they are" not in caplog.text
        house.hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
        await house.hass.async_block_till_done(wait_background_tasks=True)
    assert f"missed hours were left as they are: {house.counter}: " in caplog.text
    await house.unload()


async def test_r03_unloaded_before_home_assistant_has_started(house: House) -> None:
    """The start of Home Assistant starts no repair of a removed entry."""
    hass = house.hass
    hass.set_state(CoreState.starting)
    house.repair.async_start()
    await house.unload()
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done()
    listeners = hass.bus.async_listeners()
    assert EVENT_RECORDER_5MIN_STATISTICS_GENERATED not in listeners


async def test_r03_switched_off(house: House) -> None:
    """An option switches it off."""
    hass = house.hass
    hass.config_entries.async_update_entry(house.entry, options={CONF_REPAIR_GAPS: False})
    listeners = hass.bus.async_listeners()
    house.repair.async_start()
    assert hass.bus.async_listeners() == listeners
