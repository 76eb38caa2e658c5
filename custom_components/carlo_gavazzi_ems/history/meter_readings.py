"""What the counters read at an instant, such as the first of a month, as records and as a table."""

from collections.abc import Collection, Mapping, Sequence
import csv
from io import StringIO
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from custom_components.carlo_gavazzi_ems.recording.guard import RESET_BELOW
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .arithmetic.rows import HOUR, floor_hour
from .clock_offset import async_clock_offset
from .counter_repair import curve_of
from .source import async_readings
from .statistics import async_hours, counter_row
from .targets import Target

#: Seconds before and after the instant in which history is read: rows may be an hour long.
_AROUND: Final = 2 * HOUR
_COLUMNS: Final = ("load", "quantity", "entity_id", "unit", "start", "end", "difference")
_FORMULA: Final = ("=", "+", "-", "@")
_DECIMALS: Final = 6

type Record = dict[str, JsonValueType]


class MeterReading(NamedTuple):
    """A reading of a counter in the unit of its statistics."""

    value: float
    total: float | None
    """The reading as a sum of the statistics, which continues after a meter's reset; None if they lack the hour."""


async def async_meter_readings(
    hass: HomeAssistant, entry: EmsConfigEntry, targets: Collection[Target], instant: float
) -> dict[int, MeterReading]:
    """Return the readings at an instant by signal UID, as far as they are known.

    They are from the gateway's history, or, at a full hour that it lacks, from the statistics. Raises EmsError or
    RecorderFailedError.
    """
    offset, uids = await async_clock_offset(entry), [target.uid for target in targets]
    end = min(instant + _AROUND, dt_util.utcnow().timestamp())
    found = await async_readings(entry.runtime_data.client, uids, instant - _AROUND, end, offset=offset)
    hour = floor_hour(instant)
    hours = await async_hours(hass, targets, hour - HOUR, hour)
    known: dict[int, MeterReading] = {}
    for target in targets:
        rows = [row for each in hours.get(target.entity_id, []) if (row := counter_row(each)) is not None]
        row = rows[-1] if rows and rows[-1].start == hour - HOUR else None
        curve = curve_of(target, found.get(target.uid, []))
        if curve.covers(instant) and curve.hole(instant) is None:
            value = round(curve.at(instant)[0], _DECIMALS)
        elif row is not None and hour == instant:
            value = row.state
        else:
            continue
        began_anew = row is not None and target.increasing and value < RESET_BELOW * row.state
        known[target.uid] = MeterReading(value, None if row is None or began_anew else row.sum + value - row.state)
    return known


def meter_records(
    entry: EmsConfigEntry,
    targets: Collection[Target],
    start: Mapping[int, MeterReading] | None,
    end: Mapping[int, MeterReading],
) -> list[Record]:
    """Return a record for each counter: its readings and, if there is a start, what it counted in between."""
    runtime = entry.runtime_data
    signals, devices, catalogue = runtime.topology.data.signals, runtime.devices.registered_loads(), runtime.catalogue
    records: list[Record] = []
    for target in targets:
        signal = signals[target.uid]
        device = None if signal.load_uid is None else devices.get(signal.load_uid)
        meaning = catalogue.meaning(signal.code)
        stop = end.get(target.uid)
        record: Record = {
            "load": None if device is None else device.name_by_user or device.name,
            "quantity": None if meaning is None else meaning.quantity.key,
            "entity_id": target.entity_id,
            "unit": target.metadata["unit_of_measurement"],
        }
        if start is None:
            records.append(record | {"end": stop and stop.value})
            continue
        begin = start.get(target.uid)
        difference = _difference(target, begin, stop)
        records.append(record | {"start": begin and begin.value, "end": stop and stop.value, "difference": difference})
    return records


def _difference(target: Target, begin: MeterReading | None, stop: MeterReading | None) -> float | None:
    """Return what was counted between two readings, None if that is unknown."""
    if begin is None or stop is None:
        return None
    if begin.total is not None and stop.total is not None:
        return round(stop.total - begin.total, _DECIMALS)
    # Without statistics, the consumption of a meter that was reset in between is unknown.
    return None if target.increasing and stop.value < begin.value else round(stop.value - begin.value, _DECIMALS)


def as_csv(records: Sequence[Record]) -> str:
    """Return records as CSV with a header line; unknown values are empty, and no name is a formula."""
    table = StringIO()
    writer = csv.DictWriter(
        table, [name for name in _COLUMNS if not records or name in records[0]], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)
    return table.getvalue()


def _cell(value: JsonValueType) -> JsonValueType:
    """Mark a value as text if a spreadsheet would take it for a formula; only the name of a load may look like one."""
    return f"'{value}" if isinstance(value, str) and value.lstrip().startswith(_FORMULA) else value
