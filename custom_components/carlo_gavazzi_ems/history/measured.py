"""The repair of measured values: mean, lowest and highest value of the hours that were missed."""

from collections import defaultdict

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .gaps import measured_gaps, measured_repair
from .rows import HOUR
from .source import async_readings, batches
from .statistics import async_hours, async_write_measured
from .targets import Target
from .work import Outcome


async def async_repair_measured(  # noqa: PLR0913  # by name, all of them
    hass: HomeAssistant,
    entry: EmsConfigEntry,
    targets: list[Target],
    outcome: Outcome,
    *,
    since: float,
    cut_off: float,
    flat_before: float,
) -> None:
    """Write the missed hours of measured values from `since` to the cut-off. Raises an EmsError."""
    measured = [target for target in targets if not target.is_counter]
    found = await async_hours(hass, measured, since - HOUR, cut_off)
    groups: defaultdict[frozenset[float], list[Target]] = defaultdict(list)
    for target in measured:
        recorded = {
            row["start"]: (low, high)
            for row in found.get(target.entity_id, [])
            if (low := row.get("min")) is not None and (high := row.get("max")) is not None
        }
        # Before its first hour a sensor has missed nothing.
        if recorded and (missed := measured_gaps(recorded, max(since, min(recorded)), cut_off, flat_before)):
            groups[frozenset(missed)].append(target)
    for hours, group in groups.items():
        missed, start, end = set(hours), min(hours) - HOUR, min(max(hours) + 2 * HOUR, cut_off)
        for batch in batches(group, end - start):
            readings = await async_readings(entry.runtime_data.client, [t.uid for t in batch], start - HOUR, end)
            for target in batch:
                rows = measured_repair(target.readings(readings.get(target.uid, [])), missed)
                rows = [row for row in rows if start <= row.start < cut_off]
                if rows:
                    async_write_measured(hass, target, rows)
                    outcome.wrote(target.uid, target.entity_id, len(rows))
