"""The repair of measured values: mean, minimum and maximum of missed hours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from homeassistant.components.recorder.statistics import StatisticsRow
from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, Outcome

from .arithmetic.gaps import measured_gaps, measured_repair
from .arithmetic.rows import HOUR, MeasuredRow, is_same
from .source import async_readings, batches
from .statistics import WrittenHour, async_hours, async_write_measured
from .targets import Target


async def async_repair_measured(  # noqa: PLR0913  # keyword arguments
    hass: HomeAssistant,
    entry: EmsConfigEntry,
    targets: list[Target],
    outcome: Outcome,
    *,
    since: float,
    cut_off: float,
    flat_before: float,
    cut_short: float | None,
) -> tuple[list[WrittenHour], float | None]:
    """Write the missed hours of measured values from `since` to `cut_off`. Raises EmsError.

    `cut_short` is the hour in which an earlier gap ended; it is written too once it is over. Returns one written hour
    of each sensor, and the hour in which a gap ends now.
    """
    measured = [target for target in targets if not target.is_counter]
    found = await async_hours(hass, measured, since - HOUR, cut_off)
    written: list[WrittenHour] = []
    hours_of: dict[str, dict[float, MeasuredRow]] = {}
    groups: defaultdict[frozenset[float], list[Target]] = defaultdict(list)
    short = frozenset() if cut_short is None or cut_short >= cut_off else frozenset({cut_short})
    for target in measured:
        recorded = hours_of[target.entity_id] = _measured(found.get(target.entity_id, []))
        extremes = {start: (row.low, row.high) for start, row in recorded.items()}
        # A sensor cannot miss hours before its first one.
        missed = measured_gaps(extremes, max(since, min(recorded)), cut_off, flat_before) if recorded else set[float]()
        if recorded and (missed or short):
            groups[frozenset(missed)].append(target)
    for hours, group in groups.items():
        start, end = min(hours | short) - HOUR, min(max(hours | short) + 2 * HOUR, cut_off)
        for batch in batches(group, end - start):
            readings = await async_readings(entry.runtime_data.client, [t.uid for t in batch], start - HOUR, end)
            for target in batch:
                rows = measured_repair(target.readings(readings.get(target.uid, [])), hours, short)
                kept = hours_of[target.entity_id]
                begin = max(start, min(kept))
                rows = [row for row in rows if begin <= row.start < cut_off and not _is_kept(row, kept)]
                if rows:
                    async_write_measured(hass, target, rows)
                    outcome.wrote(target.uid, target.entity_id, len(rows))
                    written.append(WrittenHour(target, rows[-1].start, rows[-1].mean))
    return written, cut_off if any(cut_off - HOUR in hours for hours in groups) else None


def _measured(rows: Iterable[StatisticsRow]) -> dict[float, MeasuredRow]:
    """Return the recorded hours of a measured value by start."""
    found: dict[float, MeasuredRow] = {}
    for row in rows:
        mean, low, high = row.get("mean"), row.get("min"), row.get("max")
        if mean is not None and low is not None and high is not None:
            found[row["start"]] = MeasuredRow(row["start"], mean, low, high)
    return found


def _is_kept(row: MeasuredRow, kept: Mapping[float, MeasuredRow]) -> bool:
    """Return whether an hour is recorded with these values already, as it is for a load that was off."""
    there = kept.get(row.start)
    return there is not None and all(map(is_same, row[1:4], there[1:4], strict=True))
