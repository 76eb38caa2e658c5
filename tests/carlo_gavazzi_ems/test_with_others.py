"""The examples of the page about other software give the right numbers with the demo's house."""

import csv
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
import re
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
import yaml

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import poll

PAGE = Path(__file__).parents[2] / "docs" / "with-others.md"
BLOCKS = [
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
]
ROME = ZoneInfo("Europe/Rome")
EVENING = datetime(2026, 10, 31, 23, 40, tzinfo=ROME)
pytestmark = [pytest.mark.site(SiteKind.HOUSE, seed=1), pytest.mark.parametrize("expected_lingering_timers", [True])]


@pytest.fixture
def every_sensor() -> None:
    """Keep the defaults."""


def example(key: str) -> Any:
    """Return the page's example with a key."""
    (found,) = (block for block in BLOCKS if key in block)
    return found


@pytest.fixture
async def entry(
    recorder_mock: Any, hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """The demo's house on the last evening of October, twenty minutes before midnight in Rome."""
    await hass.config.async_set_time_zone("Europe/Rome")
    freezer.move_to(EVENING)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site), "throttle": 0})
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=EVENING.astimezone(UTC))
    await async_wait_recording_done(hass)
    return entry


def signal(gateway: Gateway, label: str, quantity: str) -> int:
    """Return a signal of a load by its label."""
    load = next(load.uid for load in gateway.site.loads.values() if load.label == label)
    return gateway.site.find(quantity, load)


async def test_the_page_is_followed(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """Sensors for evcc in W, kWh and A; one turned round; a meter of the month; a bill for the month, as a table at 00:20."""
    site = gateway.site
    assert await async_setup_component(hass, "template", {"template": example("template")["template"]})
    assert await async_setup_component(
        hass, "utility_meter", {"utility_meter": example("utility_meter")["utility_meter"]}
    )
    automation, action = example("triggers"), next(block for block in BLOCKS if block.get("action"))
    for each in (action, automation["actions"][0]):
        assert each["data"]["config_entry_id"] == "01JEXAMPLE"
        each["data"]["config_entry_id"] = entry.entry_id
    assert await async_setup_component(hass, persistent_notification.DOMAIN, {})
    told: list[Any] = []
    persistent_notification.async_register_callback(hass, lambda _, notifications: told.extend(notifications.values()))
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await poll(hass, freezer)

    def shown(entity_id: str) -> tuple[float, str]:
        state = hass.states.get(entity_id)
        assert state is not None, entity_id
        return float(state.state), state.attributes["unit_of_measurement"]

    (meter,) = example("meters")["meters"]
    units = {"power": "W", "energy": "kWh", "currentL1": "A", "currentL2": "A", "currentL3": "A"}
    assert {key: shown(meter[key])[1] for key in units} == units
    main = site.find("active_power", next(iter(site.loads)))
    factor = {"kW": 1000.0, "W": 1.0}[site.truth(main)[1]]
    now = datetime.now(ROME)
    assert shown(meter["power"])[0] == pytest.approx(factor * site.reading(main, now), abs=20)
    assert shown("sensor.grid_feed_in_for_evcc") == (-shown(meter["power"])[0], "W")

    await poll(hass, freezer, seconds=60, times=41)
    pump = signal(gateway, "Heat pump", "energy_import")
    first = datetime(2026, 11, 1, tzinfo=ROME)
    since = site.energy_wh(pump, first, datetime.now(ROME)) / 1000
    assert shown("sensor.heat_pump_of_the_month")[0] == pytest.approx(since, abs=0.06)

    action["data"] = {**action["data"], "start": "2026-10-01 00:00:00", "end": "2026-11-01 00:00:00"}
    bill = await hass.services.async_call(DOMAIN, "read_meters", action["data"], blocking=True, return_response=True)
    assert bill is not None
    october = site.energy_wh(pump, datetime(2026, 10, 1, tzinfo=ROME), first) / 1000
    table = {row["entity_id"]: row for row in csv.DictReader(StringIO(str(bill["csv"])))}
    assert float(table["sensor.heat_pump_energy_import"]["difference"]) == pytest.approx(october, abs=0.03)
    assert all(row["difference"] for row in table.values())
    (bill_told,) = told
    assert bill_told["title"] == "The readings of the month"
    fence, *lines, end = bill_told["message"].splitlines()
    assert fence == end == "```"
    assert list(csv.DictReader(lines)) == list(table.values())
