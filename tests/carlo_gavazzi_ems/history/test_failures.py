"""Failures during a repair or an import: the next run does what is left."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import threading
from typing import Any, override
from unittest.mock import patch

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done
from sqlalchemy.exc import OperationalError

from custom_components.carlo_gavazzi_ems.api import EmsConnectionError
from custom_components.carlo_gavazzi_ems.history import statistics
from custom_components.carlo_gavazzi_ems.history.database import RecorderFailedError, async_wait
from custom_components.carlo_gavazzi_ems.history.progress import ProgressStore

from .house import House
from .meter import ENERGY, at
from .test_importer import everything, run

_RECORDER = "homeassistant.components.recorder.statistics"
_FULL = OperationalError("INSERT", {}, Exception("database or disk is full"))


@contextmanager
def full_disk() -> Iterator[None]:
    """Let the recorder fail to write statistics."""
    with patch(f"{_RECORDER}._import_statistics_with_session", side_effect=_FULL):
        yield


@contextmanager
def broken_database() -> Iterator[None]:
    """Let every query of statistics fail."""
    with patch("custom_components.carlo_gavazzi_ems.history.statistics.statistics_during_period", side_effect=_FULL):
        yield


async def after_six_hours(house: House) -> None:
    """Let Home Assistant miss six hours."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)


@pytest.mark.parametrize("failure", [full_disk, broken_database])
async def test_r03_a_database_that_fails(house: House, caplog: pytest.LogCaptureFixture, failure: Any) -> None:
    """One line says so, nothing is called repaired, and the next run does it."""
    await after_six_hours(house)
    before = everything(house)
    with failure():
        await house.repaired()
    assert everything(house) == before
    assert not house.entry.runtime_data.history.lock.locked()
    assert house.entry.runtime_data.history.last.written == 0
    said = [item for item in caplog.records if item.name.startswith("custom_components") and item.levelname != "DEBUG"]
    assert ["missed hours are looked at again in an hour" in item.getMessage() for item in said] == [True]
    progress = await ProgressStore(house.hass, house.entry).async_load(at(0).timestamp())
    assert progress.since(ENERGY) <= at(11).timestamp()
    await house.repaired()
    house.assert_true()
    assert house.entry.runtime_data.history.last.hours[ENERGY] == 6


async def test_r03_unloaded_in_the_middle(house: House) -> None:
    """A repair ends with its entry, at once, and leaves the hours for the next one."""
    await after_six_hours(house)
    before = everything(house)
    reading, never = asyncio.Event(), asyncio.Event()
    whole = house.meter.history

    async def waiting(**span: Any) -> Any:
        reading.set()
        await never.wait()
        async for rows in whole(**span):
            yield rows

    house.meter.history = waiting  # type: ignore[method-assign]
    house.repair.async_start()
    house.hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await reading.wait()
    assert house.entry.runtime_data.history.lock.locked()
    await house.unload()
    assert not house.entry.runtime_data.history.lock.locked()
    house.meter.history = whole  # type: ignore[method-assign]
    assert everything(house) == before
    await house.repaired()
    house.assert_true()


async def test_r04_a_database_that_fails(house: House) -> None:
    """An import that was not kept is no success, and one that is taken up again is whole."""
    await house.live(10, 12.25)
    with full_disk(), pytest.raises(RecorderFailedError, match="did not store"):
        await run(house, -20)
    await run(house, -20)
    await async_recorder_block_till_done(house.hass)
    assert list(house.rows()) == list(range(-20, 12))
    house.assert_true()


async def test_r03_a_load_that_was_off_needs_no_repair(house: House) -> None:
    """Home Assistant's own rows of its power, 0 in every hour, are right: nothing is written or reported."""
    house.meter.is_off = True
    await after_six_hours(house)
    before = house.rows(house.power)
    assert set(before) == set(range(10, 17))
    await house.repaired()
    assert house.rows(house.power) == before
    assert set(house.entry.runtime_data.history.last.hours) == {ENERGY}


@dataclass(slots=True)
class Busy(RecorderTask):
    """Blocks the recorder's later tasks."""

    go_on: threading.Event

    @override
    def run(self, instance: Recorder) -> None:
        self.go_on.wait(60)


async def test_r04_taken_up_again_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next import waits for the recorder's tasks of an interrupted one, or it would adjust all sums again."""
    await house.live(10.5, 12.25)
    go_on = threading.Event()
    whole = house.meter.history

    def failing(**span: Any) -> Any:
        house.meter.offline = bool(house.meter.asked)
        get_instance(house.hass).queue_task(Busy(go_on))
        return whole(**span)

    house.meter.history = failing  # type: ignore[method-assign]
    house.meter.asked.clear()
    with pytest.raises(EmsConnectionError):
        await run(house, -300)
    house.meter.history = whole  # type: ignore[method-assign]
    house.meter.offline = False
    house.meter.asked.clear()
    waits: list[HomeAssistant] = []

    async def wait(hass: HomeAssistant) -> None:
        waits.append(hass)
        await async_wait(hass)

    monkeypatch.setattr(statistics, "async_wait", wait)
    again = asyncio.create_task(run(house, -300))
    while not (waits or house.meter.asked):  # noqa: ASYNC110  # under a frozen clock nothing can be slept through
        await asyncio.sleep(0)
    go_on.set()
    await again
    assert list(house.rows()) == list(range(-300, 12))
    house.assert_true()
