"""The sensors whose statistics may be written."""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import UNIT_CLASS_TO_UNIT_CONVERTER, get_metadata
from homeassistant.components.sensor import SensorStateClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .arithmetic.rows import Reading
from .database import async_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A sensor with statistics."""

    uid: int
    entity_id: str
    metadata: StatisticMetaData
    is_counter: bool
    increasing: bool
    convert: Callable[[float], float]
    """Converts from the gateway's unit to the unit of the statistics."""

    def readings(self, readings: list[Reading]) -> list[Reading]:
        """Return readings in the unit of the statistics."""
        convert = self.convert
        return [
            Reading(end, convert(value), convert(low), convert(high))
            for end, value, low, high in readings
            if not is_over_range(value, short=self.is_counter)
        ]


async def async_targets(hass: HomeAssistant, entry: EmsConfigEntry) -> list[Target]:
    """Return the sensors of an entry that have statistics, sorted by signal UID.

    Sensors that are disabled or not recorded are left out, and those whose statistics have a unit that the gateway's
    unit cannot be converted to, or are about to get another unit. Raises RecorderFailedError.
    """
    entity_ids = _recorded(hass, entry)
    metadata = await async_read(hass, lambda: get_metadata(hass, statistic_ids=set(entity_ids)))
    found = (
        _target(entry, entity_ids[entity_id], entity_id, kept)
        for entity_id, (_, kept) in metadata.items()
        if entity_id in entity_ids
    )
    return sorted((target for target in found if target is not None), key=lambda target: target.uid)


async def async_has_silent(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Return whether a sensor of an entry will have statistics but has none yet, as its meter was silent so far.

    Raises RecorderFailedError.
    """
    runtime = entry.runtime_data
    due = {
        entity_id
        for entity_id, uid in _recorded(hass, entry).items()
        if runtime.units.state_class(runtime.topology.data.signals[uid].code) is not None
    }
    return len(await async_read(hass, lambda: get_metadata(hass, statistic_ids=due))) < len(due)


def _recorded(hass: HomeAssistant, entry: EmsConfigEntry) -> dict[str, int]:
    """Return signal UIDs by entity ID, of sensors that are enabled, recorded and not about to get another unit."""
    runtime = entry.runtime_data
    registry = er.async_get(hass)
    entity_ids: dict[str, int] = {}
    for uid in runtime.topology.data.signals.keys() - runtime.unsettled:
        unique_id = f"{runtime.topology.info.serial_number}_{uid}"
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        if entity_id is None or not is_entity_recorded(hass, entity_id):
            continue
        item = registry.async_get(entity_id)
        if item is not None and not item.disabled:
            entity_ids[entity_id] = uid
    return entity_ids


def _target(entry: EmsConfigEntry, uid: int, entity_id: str, metadata: StatisticMetaData) -> Target | None:
    """Return a sensor whose statistics can be written, else None."""
    runtime = entry.runtime_data
    meaning = runtime.catalogue.meaning(runtime.topology.data.signals[uid].code)
    if meaning is None:
        return None
    is_counter = meaning.quantity.is_counter
    if metadata["has_sum"] != is_counter:
        return None
    if not is_counter and metadata["mean_type"] is not StatisticMeanType.ARITHMETIC:
        return None
    convert = _converter(meaning.unit, metadata)
    if convert is None:
        return None
    return Target(
        uid=uid,
        entity_id=entity_id,
        metadata=metadata,
        is_counter=is_counter,
        increasing=meaning.quantity.state_class is SensorStateClass.TOTAL_INCREASING,
        convert=convert,
    )


def _converter(unit: str | None, metadata: StatisticMetaData) -> Callable[[float], float] | None:
    """Return the conversion from a unit to the unit of the statistics, None if there is none."""
    kept = metadata["unit_of_measurement"]
    if unit == kept:
        return float
    converter = UNIT_CLASS_TO_UNIT_CONVERTER.get(metadata["unit_class"])
    if converter is None or not {unit, kept} <= converter.VALID_UNITS:
        return None
    return converter.converter_factory(unit, kept)
