"""The private and unstable parts of Home Assistant's recorder that the integration relies on."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns
from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    UNIT_CLASS_TO_UNIT_CONVERTER,
    async_import_statistics,
    get_last_short_term_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    do_adhoc_statistics,
)

from .test_private_parts import ID, parameters

HOUR: Final = datetime(2026, 11, 1, 10, tzinfo=UTC)
METADATA: Final = StatisticMetaData(
    has_sum=True,
    mean_type=StatisticMeanType.NONE,
    name=None,
    source="recorder",
    statistic_id=ID,
    unit_class="energy",
    unit_of_measurement="kWh",
)


@pytest.mark.usefixtures("recorder_mock")
class TestRecorder:
    """The recorder's queue, tables and statistics."""

    async def test_synchronize_task_ends_after_what_was_queued_before(self, hass: HomeAssistant) -> None:
        """`queue_task(SynchronizeTask(future))` sets the future once the queue has been worked off."""
        async_import_statistics(hass, METADATA, [StatisticData(start=HOUR, state=5.0, sum=1.0)])
        done = hass.loop.create_future()
        get_instance(hass).queue_task(SynchronizeTask(done))
        async with asyncio.timeout(10):
            await done
        metadata = await get_instance(hass).async_add_executor_job(lambda: get_metadata(hass, statistic_ids={ID}))
        (_, kept) = metadata[ID]
        assert kept.items() >= METADATA.items()

    async def test_tables(self, hass: HomeAssistant) -> None:
        """Hours, their metadata and the compiled five minutes have these columns."""
        async_import_statistics(hass, METADATA, [StatisticData(start=HOUR, state=5.0, sum=1.0)])
        do_adhoc_statistics(hass, start=HOUR)
        await async_recorder_block_till_done(hass)

        def look() -> tuple[Any, Any]:
            with session_scope(hass=hass, read_only=True) as session:
                row = (
                    session.query(Statistics.start_ts, Statistics.state, Statistics.sum)
                    .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
                    .filter(StatisticsMeta.statistic_id == ID)
                    .one()
                )
                runs = session.query(StatisticsRuns.start).order_by(StatisticsRuns.start.desc()).first()
            return tuple(row), runs

        row, runs = await get_instance(hass).async_add_executor_job(look)
        assert row == (HOUR.timestamp(), 5.0, 1.0)
        # Naive, in UTC.
        assert runs is not None
        assert runs[0].tzinfo is None

    async def test_rows_are_read_in_the_unit_of_their_metadata(self, hass: HomeAssistant) -> None:
        """`units` names a unit by unit class; `start` is in seconds."""
        async_import_statistics(hass, METADATA, [StatisticData(start=HOUR, state=5.0, sum=1.0)])
        await async_recorder_block_till_done(hass)
        found = await get_instance(hass).async_add_executor_job(
            lambda: statistics_during_period(
                hass, HOUR, HOUR + timedelta(hours=1), {ID}, "hour", {"energy": "kWh"}, {"state", "sum"}
            )
        )
        (row,) = found[ID]
        assert (row["start"], row["state"], row["sum"]) == (HOUR.timestamp(), 5.0, 1.0)
        assert parameters(get_last_short_term_statistics) == [
            "hass",
            "number_of_stats",
            "statistic_id",
            "convert_units",
            "types",
        ]

    async def test_sums_are_moved_from_an_hour_on(self, hass: HomeAssistant) -> None:
        """`async_adjust_statistics` is queued, and adds to each sum from its start on."""
        rows = [
            StatisticData(start=HOUR + timedelta(hours=hour), state=5.0 + hour, sum=1.0 + hour) for hour in range(3)
        ]
        async_import_statistics(hass, METADATA, rows)
        get_instance(hass).async_adjust_statistics(ID, HOUR + timedelta(hours=1), 10.0, "kWh")
        await async_recorder_block_till_done(hass)
        found = await get_instance(hass).async_add_executor_job(
            lambda: statistics_during_period(hass, HOUR, None, {ID}, "hour", None, {"sum"})
        )
        assert [row["sum"] for row in found[ID]] == [1.0, 12.0, 13.0]

    def test_units_are_converted_by_class(self) -> None:
        """A converter knows its units, and gives a function from one to another."""
        converter = UNIT_CLASS_TO_UNIT_CONVERTER["energy"]
        assert {"Wh", "kWh", "MWh"} <= converter.VALID_UNITS
        assert converter.converter_factory("Wh", "kWh")(1500.0) == 1.5

    def test_what_is_recorded(self, hass: HomeAssistant) -> None:
        """An entity is recorded unless the recorder's filter leaves it out."""
        assert is_entity_recorded(hass, ID)
        assert EVENT_RECORDER_5MIN_STATISTICS_GENERATED == "recorder_5min_statistics_generated"

    def test_the_queue_takes_adjustments(self) -> None:
        """The shape of the two calls that write."""
        assert parameters(Recorder.async_adjust_statistics) == [
            "statistic_id",
            "start_time",
            "sum_adjustment",
            "adjustment_unit",
        ]
        assert parameters(async_import_statistics)[:3] == ["hass", "metadata", "statistics"]
