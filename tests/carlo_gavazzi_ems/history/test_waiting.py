"""Gaps whose end is not recorded yet when they are checked: they are repaired later."""

from itertools import pairwise
from typing import Any

from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.progress import ProgressStore

from .house import House
from .meter import ENERGY, at


async def waiting(house: House) -> set[int]:
    """Return the signals that wait for a value, or for history."""
    progress = await ProgressStore(house.hass, house.entry).async_load(0.0)
    return set(progress.waiting)


async def test_r03_the_first_look_comes_before_the_first_value(house: House) -> None:
    """The recorder's last own row is not the value after the gap; five minutes later there is one, renamed or not."""
    await house.live(10, 11.5)
    await house.restart(17 + 12 / 60)
    await house.repaired()
    assert house.rows()[13].sum == house.rows()[12].sum
    assert await waiting(house) == {ENERGY}
    er.async_get(house.hass).async_update_entity(house.counter, new_entity_id="sensor.main_meter")
    await house.hass.async_block_till_done()
    house.counter = "sensor.main_meter"
    await house.live(17.25, 17 + 1 / 3)
    await house.repaired()
    assert await waiting(house) == set()
    assert house.entry.runtime_data.history.last.refused == {}
    house.assert_true()
    await house.live(17 + 1 / 3, 18.25)
    house.assert_true()


async def test_r03_a_restart_within_minutes_of_the_full_hour(house: House) -> None:
    """The hour before it may not be changed yet, so earlier ones wait: otherwise the sum would fall for ten minutes."""
    await house.live(10, 11.5)
    await house.restart(17 + 4 / 60)
    await house.repaired()
    house.show(17 + 1 / 12 - 1 / 3600)
    await async_wait_recording_done(house.hass)
    house.freezer.move_to(at(17 + 1 / 12 + 10 / 3600))
    do_adhoc_statistics(house.hass, start=at(17))
    await async_recorder_block_till_done(house.hass)
    await house.repaired()
    assert set(house.rows()) == set(range(10, 17))
    assert all(after.sum >= before.sum for before, after in pairwise(house.rows().values()))
    assert await waiting(house) == {ENERGY}
    await house.live(17 + 1 / 12, 17 + 1 / 6)
    await house.repaired()
    assert await waiting(house) == set()
    house.assert_true()
    await house.live(17 + 1 / 6, 18.25)
    house.assert_true()


async def test_r03_an_hour_cut_short_while_the_gateway_is_away(house: House) -> None:
    """At the first look the hour has no value after it yet; at the second it is no longer the last one."""
    await house.live(10, 11 + 11 / 12)
    await house.live(11 + 11 / 12, 12.25, available=False)
    await house.repaired()
    assert await waiting(house) == {ENERGY}
    await house.live(12.25, 13.25)
    await house.repaired()
    house.assert_true()


async def test_r03_a_reset_in_an_hour_cut_short_while_the_load_is_away(house: House) -> None:
    """An hour that is looked at for its reset waits for a value after it like any other: it is not given up."""
    house.meter.resets = [12.25 - 1 / 60 - 1 / 3600 + 1e-9]
    await house.live(11, 12 + 7 / 12)
    await house.live(12 + 7 / 12, 13.25, available=False)
    await house.repaired()
    assert await waiting(house) == {ENERGY}
    assert house.entry.runtime_data.history.last.refused == {}
    await house.live(13.25, 14.25)
    await house.repaired()
    house.assert_true()


async def test_r03_two_gaps_of_which_the_second_has_no_end_yet(house: House) -> None:
    """The first one waits with the second, and is repaired later."""
    await house.live(10, 11 + 11 / 12)
    await house.live(11 + 11 / 12, 13 + 1 / 3, available=False)
    await house.live(13 + 1 / 3, 13 + 5 / 6)
    await house.live(13 + 5 / 6, 14.25, available=False)
    await house.repaired()
    await house.live(14.25, 15.25)
    await house.repaired()
    assert set(house.rows()) == set(range(10, 15))
    house.assert_true()


@pytest.mark.parametrize("key", [str(ENERGY), "sensor.energy"], ids=["uid", "entity id"])
async def test_r03_r25_what_an_earlier_version_left_waiting(
    house: House, key: str, hass_storage: dict[str, Any]
) -> None:
    """The first version stored entity ids."""
    await house.live(10, 11.5)
    await house.restart(17 + 2 / 60)
    await house.live(17 + 1 / 12, 17.25)
    store = f"{DOMAIN}.{house.entry.entry_id}.repair"
    data = {"checked": at(17).timestamp(), "pending": {key: at(11).timestamp()}}
    hass_storage[store] = {"version": 1, "minor_version": 1, "key": store, "data": data}
    await house.repaired()
    house.assert_true()
