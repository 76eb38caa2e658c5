"""Reads and writes the recorder's statistics of this integration's sensors; nothing else here writes them.

Two kinds of import destroy hours of every other sensor of the installation: one of an hour that the recorder has not
compiled yet, and one before the recorder has compiled the time of a downtime. `async_cut_off` prevents the first,
`GapRepair` and the callers of `HistoryImport` the second.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsRuns
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_import_statistics,
    get_last_short_term_statistics,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from .arithmetic.plan import Plan, RecordedState
from .arithmetic.rows import HOUR, CounterRow, MeasuredRow, floor_hour, is_same
from .database import RecorderFailedError, async_read, async_wait
from .targets import Target

#: Seconds after the end of an hour in which it may not be compiled yet.
COMPILING: Final = 600.0
_FIVE_MINUTES: Final = 300.0
type Kind = Literal["change", "last_reset", "max", "mean", "min", "state", "sum"]
#: Rows per import. The recorder does nothing else during an import.
_ROWS_AT_ONCE: Final = 1000


class WrittenHour(NamedTuple):
    """An hour given to the recorder, and the number to confirm it by: its sum or its mean."""

    target: Target
    start: float
    number: float


async def async_cut_off(hass: HomeAssistant) -> float:
    """Return the end of the last hour that the recorder has compiled. Nothing from then on may be written."""
    compiled = await async_compiled_until(hass)
    return floor_hour(min(dt_util.utcnow().timestamp() - COMPILING, compiled))


async def async_compiled_until(hass: HomeAssistant) -> float:
    """Return the end of the last compiled five minutes, 0 if there are none."""
    # The event of the five-minute statistics is fired before the recorder commits them.
    await async_wait(hass)
    return await async_read(hass, lambda: _compiled_until(hass))


def _compiled_until(hass: HomeAssistant) -> float:
    with session_scope(hass=hass, read_only=True) as session:
        last = session.query(StatisticsRuns.start).order_by(StatisticsRuns.start.desc()).first()
    return last[0].replace(tzinfo=UTC).timestamp() + _FIVE_MINUTES if last else 0.0


async def async_hours(
    hass: HomeAssistant, targets: Iterable[Target], start: float, end: float
) -> dict[str, list[StatisticsRow]]:
    """Return the recorded hours of each sensor in its own unit, sorted by time."""
    return await async_read(
        hass, lambda: {target.entity_id: _hours(hass, target, start, end) for target in targets} if start < end else {}
    )


def _hours(hass: HomeAssistant, target: Target, start: float, end: float) -> list[StatisticsRow]:
    """Return the hours of one sensor. Several at once could have different units."""
    kind, unit = target.metadata["unit_class"], target.metadata["unit_of_measurement"]
    units = {kind: unit} if kind is not None and unit is not None else None
    begin, stop = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    types: set[Kind] = {"state", "sum", "mean", "min", "max"}
    found = statistics_during_period(hass, begin, stop, {target.entity_id}, "hour", units, types)
    return found.get(target.entity_id, [])


def counter_row(row: StatisticsRow) -> CounterRow | None:
    """Return a recorded hour of a counter, None if it has no state or sum."""
    state, total = row.get("state"), row.get("sum")
    return None if state is None or total is None else CounterRow(row["start"], state, total)


async def async_first_hours(hass: HomeAssistant, targets: Iterable[Target]) -> dict[str, CounterRow]:
    """Return the first recorded hour of each sensor that has one."""
    entity_ids = [target.entity_id for target in targets]
    return await async_read(hass, lambda: _first_hours(hass, entity_ids))


def _first_hours(hass: HomeAssistant, entity_ids: list[str]) -> dict[str, CounterRow]:
    found: dict[str, CounterRow] = {}
    with session_scope(hass=hass, read_only=True) as session:
        for entity_id in entity_ids:
            row = (
                session.query(Statistics.start_ts, Statistics.state, Statistics.sum)
                .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
                .filter(StatisticsMeta.statistic_id == entity_id)
                .order_by(Statistics.start_ts)
                .first()
            )
            if row is not None and row[0] is not None:
                found[entity_id] = CounterRow(row[0], row[1] or 0.0, row[2] or 0.0)
    return found


async def async_live(hass: HomeAssistant, target: Target, since: float) -> RecordedState | None:
    """Return the newest five-minute statistics of a counter if they lie in the hour that starts at `since`, else None.

    Just after the start of an hour they lie in the hour after that. The hour in between may not be written yet, and
    its energy would become negative if earlier hours got more.
    """
    rows = await async_read(
        hass,
        lambda: get_last_short_term_statistics(hass, 1, target.entity_id, convert_units=False, types={"state", "sum"}),
    )
    for newest in rows.get(target.entity_id, []):
        if floor_hour(newest["start"]) == since and (row := counter_row(newest)) is not None:
            return RecordedState(row._replace(start=since), newest["start"] + _FIVE_MINUTES)
    return None


async def async_confirm(hass: HomeAssistant, written: Iterable[WrittenHour]) -> None:
    """Wait until the recorder has written, and compare the hours. Raises RecorderFailedError.

    The recorder reports an error such as a full disk in its log only.
    """
    await async_wait(hass)
    by_hour: defaultdict[float, list[WrittenHour]] = defaultdict(list)
    for hour in written:
        by_hour[hour.start].append(hour)
    for start, those in by_hour.items():
        found = await async_hours(hass, [hour.target for hour in those], start, start + HOUR)
        for target, _, number in those:
            rows = found.get(target.entity_id, [])
            kept = None if not rows else rows[0].get("sum") if target.is_counter else rows[0].get("mean")
            if kept is None or not is_same(kept, number):
                raise RecorderFailedError(f"the recorder did not store what was written for {target.entity_id}")


@callback
def async_write_counter(hass: HomeAssistant, target: Target, plan: Plan) -> None:
    """Queue a plan. The recorder keeps the order, so sums are adjusted before the rows are written."""
    unit = target.metadata["unit_of_measurement"]
    for start, by in plan.adjustments:
        get_instance(hass).async_adjust_statistics(target.entity_id, datetime.fromtimestamp(start, UTC), by, unit or "")
    _import(
        hass,
        target,
        [
            StatisticData(start=datetime.fromtimestamp(row.start, UTC), state=row.state, sum=row.sum)
            for row in plan.rows
        ],
    )


@callback
def async_write_measured(hass: HomeAssistant, target: Target, rows: Iterable[MeasuredRow]) -> None:
    """Queue hours of a measured value."""
    _import(
        hass,
        target,
        [
            StatisticData(start=datetime.fromtimestamp(row.start, UTC), mean=row.mean, min=row.low, max=row.high)
            for row in rows
        ],
    )


def _import(hass: HomeAssistant, target: Target, rows: list[StatisticData]) -> None:
    """Queue rows with the metadata that the recorder has. Other metadata would replace it without converting rows."""
    for index in range(0, len(rows), _ROWS_AT_ONCE):
        async_import_statistics(hass, {**target.metadata}, rows[index : index + _ROWS_AT_ONCE])
