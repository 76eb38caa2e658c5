"""R28: the statistics of the real recorder when a code is named later."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsShortTerm
from homeassistant.components.recorder.statistics import async_update_statistics_metadata, validate_statistics
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
)
from sqlalchemy.orm.session import Session

from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Gateway, SiteKind
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.recorder import in_recorder
from tests.carlo_gavazzi_ems.resident import entity_id, state_of
from tests.carlo_gavazzi_ems.test_resident_statistics import FixedReading

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, loads=1)

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
PERIOD = timedelta(minutes=5)
STEP = 0.1


class House:
    """A signal that rises with each poll, and a recorder that compiles every five minutes, from noon on."""

    def __init__(self, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
        """Begin with an entry that is not set up yet."""
        self.hass, self.gateway, self.freezer = hass, gateway, freezer
        self.reads = gateway.faults.add(FixedReading(uid=gateway.site.find("energy_import"), value=1000.0))
        self.code = str(gateway.site.signals[self.reads.uid].si)
        self.entry: MockConfigEntry
        self.now = NOON

    @property
    def entity_id(self) -> str:
        """The entity of the signal."""
        return entity_id(self.hass, self.gateway, self.reads.uid)

    async def poll(self) -> None:
        """Let a minute pass."""
        self.now += timedelta(minutes=1)
        self.freezer.move_to(self.now)
        self.reads.value = round(self.reads.value + STEP, 6)
        await self.entry.runtime_data.realtime.async_refresh()
        await self.hass.async_block_till_done()

    async def until_mark(self) -> None:
        """Move to the end of the five minutes, and compile them."""
        mark = self.now - (self.now - NOON) % PERIOD + PERIOD
        while self.now + timedelta(minutes=1) < mark:
            await self.poll()
        self.now = mark + timedelta(seconds=10)
        self.freezer.move_to(self.now)
        await async_wait_recording_done(self.hass)
        get_instance(self.hass).queue_task(StatisticsTask(mark - PERIOD, fire_events=True))
        await async_recorder_block_till_done(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def name(self, meaning: str | None) -> None:
        """Give the code a meaning, two minutes into the period."""
        await self.poll()
        await self.poll()
        codes = {} if meaning is None else {self.code: meaning}
        self.hass.config_entries.async_update_entry(self.entry, options={**self.entry.options, CONF_CODES: codes})
        await self.reload()

    async def reload(self) -> None:
        """Reload the entry."""
        self.now += timedelta(seconds=1)
        self.freezer.move_to(self.now)
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    @property
    def state(self) -> tuple[str, Mapping[str, Any]]:
        """The state and its attributes."""
        state = state_of(self.hass, self.gateway, self.reads.uid)
        return state.state, state.attributes

    def rows(self, table: type[Statistics | StatisticsShortTerm] = StatisticsShortTerm) -> list[tuple[int, Any, Any]]:
        """Return minute after noon, state (or mean) and sum of each row."""

        def read(session: Session) -> list[tuple[int, Any, Any]]:
            found = (
                session.query(table.start_ts, table.state, table.mean, table.sum)
                .join(StatisticsMeta, StatisticsMeta.id == table.metadata_id)
                .filter(StatisticsMeta.statistic_id == self.entity_id)
                .order_by(table.start_ts)
            )
            return [
                (round(start - NOON.timestamp()) // 60, mean if state is None else state, total)
                for start, state, mean, total in found
            ]

        return in_recorder(self.hass, read)

    @property
    def unit(self) -> object:
        """Return the unit of the statistics; an ellipsis stands for no statistics."""

        def read(session: Session) -> object:
            found = (
                session.query(StatisticsMeta.unit_of_measurement).filter_by(statistic_id=self.entity_id).one_or_none()
            )
            return ... if found is None else found[0]

        return in_recorder(self.hass, read)

    @property
    def repairs(self) -> list[str]:
        """The recorder's repairs."""
        return [issue_id for domain, issue_id in ir.async_get(self.hass).issues if domain == "sensor"]

    async def complaints(self) -> list[str]:
        """Return the recorder's validation issues of these statistics."""
        page = await get_instance(self.hass).async_add_executor_job(validate_statistics, self.hass)
        return [found.type for found in page.get(self.entity_id, [])]


@pytest.fixture
async def house(recorder_mock: Any, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> House:
    """A house with a recorder, at noon."""
    freezer.move_to(NOON)
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    return House(hass, gateway, freezer)


@pytest.fixture
async def start(house: House, set_up: SetUp) -> AsyncIterator[Callable[[str | None], Awaitable[House]]]:
    """Set up the entry with an enabled sensor of a meaning, and let ten minutes pass."""

    async def do(meaning: str | None) -> House:
        codes = {} if meaning is None else {house.code: meaning}
        house.entry = await set_up(house.gateway, options={CONF_CODES: codes, "throttle": 0})
        item = er.async_get(house.hass).async_get(house.entity_id)
        assert item is not None
        if item.disabled:
            er.async_get(house.hass).async_update_entity(house.entity_id, disabled_by=None)
            await house.reload()
        await house.until_mark()
        await house.until_mark()
        return house

    yield do
    await house.hass.config_entries.async_unload(house.entry.entry_id)


type Start = Callable[[str | None], Awaitable[House]]


async def test_r28_named_later(start: Start) -> None:
    """The value has its unit at once, the first row is that of the next five minutes, and the hour holds its energy."""
    house = await start(None)
    assert not house.rows()
    before = house.entity_id
    await house.name("energy_import/kWh")
    assert float(house.state[0]) > 1000
    assert house.state[1]["unit_of_measurement"] == "kWh"
    while house.now < NOON + timedelta(minutes=60):
        await house.until_mark()
        assert await house.complaints() == []
        assert house.state[1]["state_class"] == "total_increasing"
    assert (house.entity_id, house.unit) == (before, "kWh")
    assert not house.repairs
    rows = house.rows()
    assert [minute for minute, _, _ in rows] == list(range(15, 60, 5))
    # The zero point is the value shown when the first period began.
    assert rows[-1][2] == pytest.approx(rows[-1][1] - rows[0][1] + rows[0][2])
    (hour,) = house.rows(Statistics)
    assert hour[1:] == rows[-1][1:]


@pytest.mark.parametrize(
    ("first", "second", "unit"),
    [
        ("energy_import/Wh", "energy_import/kWh", "kWh"),
        ("active_power/W", "active_power/kW", "kW"),
        ("voltage/V", "current/A", "A"),
        ("power_factor", "power_factor/%", "%"),
        ("active_power/W", "energy_import/kWh", "kWh"),
    ],
)
async def test_r28_renamed(start: Start, first: str, second: str, unit: str) -> None:
    """Rows go on with the numbers of the gateway, in the new unit; no number is converted and no energy invented."""
    house = await start(first)
    kept = house.rows()
    assert [minute for minute, _, _ in kept] == [0, 5]
    await house.name(second)
    assert house.state[0] == "unknown"
    for _ in range(3):
        await house.until_mark()
        assert house.repairs == []
    assert (house.unit, await house.complaints()) == (unit, [])
    rows = house.rows()
    assert rows[:2] == kept
    assert [minute for minute, _, _ in rows] == [0, 5, 15, 20]
    # Home Assistant takes the ten seconds before the first value of a period for zeros.
    assert all(value == pytest.approx(1001, rel=0.04) for _, value, _ in rows)
    sums = [total for _, _, total in rows if total is not None]
    assert all(0 <= later - earlier < 3 for earlier, later in pairwise(sums))


async def test_r28_unnamed_and_named_again(start: Start) -> None:
    """Statistics go on without a unit, and get it back; the sum holds what was counted."""
    house = await start("energy_import/kWh")
    await house.name(None)
    await house.until_mark()
    await house.until_mark()
    assert "unit_of_measurement" not in house.state[1]
    assert (house.unit, await house.complaints()) == (None, [])
    await house.name("energy_import/kWh")
    # A restart in the same five minutes keeps it.
    await house.poll()
    await house.reload()
    assert house.state[0] == "unknown"
    await house.until_mark()
    await house.until_mark()
    rows = house.rows()
    assert (house.unit, await house.complaints(), house.repairs) == ("kWh", [], [])
    assert [minute for minute, _, _ in rows] == [0, 5, 15, 25]
    assert rows[-1][2] - rows[0][2] == pytest.approx(rows[-1][1] - rows[0][1])


async def test_r28_a_wrong_unit_converted_for_display(start: Start) -> None:
    """5 kWh that were 5000 Wh on the gateway are 5000 kWh once the code is corrected, in the statistics too."""
    house = await start(None)
    await house.name("energy_import/Wh")
    er.async_get(house.hass).async_update_entity_options(house.entity_id, "sensor", {"unit_of_measurement": "kWh"})
    await house.until_mark()
    await house.until_mark()
    assert house.unit == "kWh"
    assert house.rows()[-1][1] == pytest.approx(1.001, rel=0.01)
    await house.name("energy_import/kWh")
    await house.until_mark()
    await house.until_mark()
    assert (house.unit, await house.complaints(), house.repairs) == ("kWh", [], [])
    rows = house.rows()
    assert all(state == pytest.approx(1001, rel=0.01) for _, state, _ in rows)
    assert rows[-1][2] - rows[0][2] == pytest.approx(rows[-1][1] - rows[0][1])


async def test_r28_what_an_older_version_left(start: Start) -> None:
    """Statistics without a unit of a sensor that has one get it with the next start."""
    house = await start("energy_import/kWh")
    async_update_statistics_metadata(
        house.hass, house.entity_id, new_unit_class="unitless", new_unit_of_measurement=None
    )
    await async_recorder_block_till_done(house.hass)
    await house.until_mark()
    assert await house.complaints() == ["units_changed"]
    await house.reload()
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await house.until_mark()
    assert (house.unit, await house.complaints()) == ("kWh", [])
    assert [minute for minute, _, _ in house.rows()] == [0, 5, 15]
