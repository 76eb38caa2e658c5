"""What would destroy statistics, of our sensors or of other people's: each guard against it, with the real recorder."""

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
from custom_components.carlo_gavazzi_ems.options import CONF_REPAIR_GAPS

from .house import House
from .meter import at
from .test_importer import run


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


class Line(asyncio.Lock):
    """A lock that tells how many have come to it."""

    came = 0

    @override
    async def acquire(self) -> Literal[True]:
        """Count, and wait."""
        self.came += 1
        return await super().acquire()


async def test_r03_r04_an_import_waits_for_a_repair(house: House) -> None:
    """A repair writes sums that it read before: were they moved in the meantime, all energy would be booked twice."""
    await house.live(10, 11.5)
    await house.restart(14 + 2 / 60)
    await house.live(14 + 1 / 12, 14.25)
    lock = house.entry.runtime_data.history.lock = Line()
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
    while lock.came < 2 and not importing.done():  # noqa: ASYNC110  # under a frozen clock nothing can be slept through
        await asyncio.sleep(0)
    go_on.set()
    await repairing
    await importing
    assert list(house.rows()) == list(range(-20, 14))
    house.assert_true()


async def test_r03_the_running_hour_after_the_clock_was_set_back(house: House) -> None:
    """A recorder that has compiled hours which are still to come, by a clock that was wrong, compiles them no more."""
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
    """Where the recorder is behind, even an hour that is long over is left to it."""
    house.foreign = ["sensor.foreign"]
    await house.live(10, 11.5)
    house.freezer.move_to(at(14.5))
    # The recorder has not caught up with the time since 11:30.
    await house.repaired()
    assert set(house.rows()) == {10}
    await house.restart(14.55)
    await house.live(14 + 7 / 12, 15.25)
    await house.repaired()
    assert set(house.rows("sensor.foreign")) == set(range(10, 15))
    house.assert_true()


async def wake(house: House, hour: int) -> None:
    """Let the time come at which the hour before is checked."""
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
    # What waits for a value is looked at again after the next five minutes.
    house.repair.is_waiting = True
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert runs == 2
    house.repair.is_waiting = False
    await wake(house, 11)
    assert runs == 3
    async with house.entry.runtime_data.history.lock:
        await wake(house, 12)
    assert runs == 3
    # Nothing wakes it any more when its entry is gone.
    house.repair.is_waiting = True
    await house.unload()
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await wake(house, 13)
    assert runs == 3


async def test_r03_unloaded_before_home_assistant_has_started(house: House) -> None:
    """The start of Home Assistant wakes no repair of an entry that is gone."""
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
