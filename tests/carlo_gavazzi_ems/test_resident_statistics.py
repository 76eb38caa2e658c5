"""R1 and R2: the statistics of the real recorder after wrong readings and reloads."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import math
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.db_schema import StatisticsMeta, StatisticsShortTerm
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy.orm.session import Session

from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Gateway, SiteKind
from simulator.dialect import Json
from simulator.faults.base import Answer, DataFault, FaultTarget

from .conftest import SetUp
from .recorder import in_recorder
from .resident import entity_id, state_of

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, loads=1)

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIRST, STEP = 1234.567, 0.003
#: Wrong readings of a counter; an ellipsis stands for a missing field.
WRONG: tuple[Any, ...] = (0, None, "", math.nan, -1234.567, 1234.5, ...)


@dataclass(kw_only=True, eq=False)
class FixedReading(DataFault):
    """A counter has the reading that a test sets."""

    uid: int
    value: Any = FIRST

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "realtime" and str(self.uid) in answer.records

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        record: Json = answer.records[str(self.uid)]
        assert isinstance(record, dict)
        record.pop("v", None)
        if self.value is not ...:
            record["v"] = self.value


@pytest.fixture
def counter(gateway: Gateway) -> FixedReading:
    """A counter whose reading a test sets."""
    return gateway.faults.add(FixedReading(uid=gateway.site.find("energy_import")))


@pytest.fixture
async def entry(
    recorder_mock: Any,
    hass: HomeAssistant,
    gateway: Gateway,
    counter: FixedReading,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """An entry with a counter in kWh, a minute after noon."""
    freezer.move_to(NOON + timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await async_recorder_block_till_done(hass)
    code = str(gateway.site.signals[counter.uid].si)
    return await set_up(gateway, options={CONF_CODES: {code: "energy_import/kWh"}, "throttle": 0})


async def gained(hass: HomeAssistant, entity: str) -> float:
    """Return the sum of a counter after five minutes, since its first reading."""
    await async_wait_recording_done(hass)
    do_adhoc_statistics(hass, start=NOON)
    await async_recorder_block_till_done(hass)

    def read(session: Session) -> float:
        rows = session.query(StatisticsShortTerm.sum).join(
            StatisticsMeta, StatisticsMeta.id == StatisticsShortTerm.metadata_id
        )
        return float(rows.filter(StatisticsMeta.statistic_id == entity).one()[0])

    return in_recorder(hass, read)


async def test_r01_the_sum_gains_what_was_consumed(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, counter: FixedReading, freezer: FrozenDateTimeFactory
) -> None:
    """One wrong reading of every kind, each followed by a good one: 0.003 kWh each time, and not a Wh more."""
    shown = FIRST
    for number, wrong in enumerate(WRONG, start=1):
        for value in (wrong, FIRST + STEP * number):
            counter.value = value
            freezer.tick(10)
            await entry.runtime_data.realtime.async_refresh()
            before, shown = shown, float(state_of(hass, gateway, counter.uid).state)
            assert shown >= before
        assert shown == pytest.approx(FIRST + STEP * number)
    assert await gained(hass, entity_id(hass, gateway, counter.uid)) == pytest.approx(STEP * len(WRONG), abs=1e-9)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r02_twenty_reloads_leave_the_sum_alone(
    entry: MockConfigEntry, hass: HomeAssistant, gateway: Gateway, counter: FixedReading, freezer: FrozenDateTimeFactory
) -> None:
    """Each begins with a reading of 0: the sum gains what was consumed after the last of them."""
    for _ in range(20):
        counter.value = 0
        freezer.tick(2)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert float(state_of(hass, gateway, counter.uid).state) == FIRST
    counter.value = FIRST + STEP
    freezer.tick(10)
    await entry.runtime_data.realtime.async_refresh()
    assert await gained(hass, entity_id(hass, gateway, counter.uid)) == pytest.approx(STEP, abs=1e-9)
    assert await hass.config_entries.async_unload(entry.entry_id)
