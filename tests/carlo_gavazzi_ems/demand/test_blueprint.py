"""The blueprint for the quarter-hour, with the sensor of a simulated gateway: R32."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from simulator import Drop, Gateway, SiteKind
from tests.blueprints.conftest import (
    LIST,
    Use,
    are_on,
    hass_config_dir as hass_config_dir,  # noqa: PLC0414  # a fixture
    settle,
    switches as switches,  # noqa: PLC0414  # a fixture
    use as use,  # noqa: PLC0414  # a fixture
)
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import entity_id, requests

REALTIME = "/v1/signals/realtime"
pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, exact=True)


async def polls(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, minutes: float) -> None:
    """Let time pass, with a poll every twenty seconds; actions with a delay do not block the test."""
    for _ in range(round(3 * minutes)):
        before = requests(gateway, REALTIME)
        freezer.tick(20)
        async_fire_time_changed(hass)
        for _ in range(20_000):
            await asyncio.sleep(0)
            if requests(gateway, REALTIME) > before and gateway.in_flight == 0:
                break
        for _ in range(10):
            await settle()


@pytest.mark.timeout(300)
async def test_r32_the_quarter_hour_of_a_real_house(
    hass: HomeAssistant,
    gateway: Gateway,
    options: Any,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    load: int,
    use: Use,
    switches: list[str],
) -> None:
    """A load is off while the quarter-hour would end above, also while the gateway is away; on again in the next one."""
    entry: MockConfigEntry = await set_up(gateway, options=options)
    expected = entity_id(hass, gateway, f"load_{load}_demand_expected")
    assert er.async_get(hass).async_get(expected) is not None
    await polls(hass, gateway, freezer, 4)
    shown = float(hass.states.get(expected).state)  # type: ignore[union-attr]
    await use("quarter_hour_below_limit", expected=expected, limit=shown / 2, loads=switches, memory=LIST, tell=[])
    await polls(hass, gateway, freezer, 2 / 3)
    assert are_on(hass, switches) == [True, True, True], "the first minutes"
    await polls(hass, gateway, freezer, 2 / 3)
    assert are_on(hass, switches) == [False, True, True]
    gateway.faults.add(drop := Drop(path=REALTIME))
    await polls(hass, gateway, freezer, 2)
    assert hass.states.is_state(expected, "unavailable")
    off = are_on(hass, switches)
    await polls(hass, gateway, freezer, 3)
    assert are_on(hass, switches) == off != [False, False, False]
    gateway.faults.remove(drop)
    await polls(hass, gateway, freezer, 4)
    assert are_on(hass, switches) == [False, False, False]
    await polls(hass, gateway, freezer, 3)
    assert are_on(hass, switches) == [True, True, True]
    assert hass.states.is_state(LIST, "1"), "no load, but that all were off was told"
    assert await hass.config_entries.async_unload(entry.entry_id)
