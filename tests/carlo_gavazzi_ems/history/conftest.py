"""A meter, and a Home Assistant that has just started and records it."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_recorder_block_till_done

from .house import House
from .meter import Meter, at


@pytest.fixture
def persistent_database() -> bool:
    """Record into a file, as every installation does; a test may override this fixture."""
    return True


@pytest.fixture
def meter() -> Meter:
    """A meter without resets; a test may change it."""
    return Meter()


@pytest.fixture
async def house(
    recorder_mock: Any,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    meter: Meter,
) -> House:
    """A Home Assistant that has just started on the first day at 9:59."""
    freezer.move_to(at(9) + timedelta(minutes=59))
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    # The recorder was made at the real time: without this it would take this day for compiled.
    made = House(hass, freezer, meter)
    made.forget(StatisticsRuns)
    return made
