"""Keeps the unit of recorded statistics in step with the meaning of a code.

A changed code is an error that was corrected: the recorded numbers were right, the unit was not. So statistics get the
new unit without converting a number. A five-minute period with states in both units would spoil them: the recorder
takes the unit of its first state for all. Until it has compiled that period, the sensor shows no value.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
import logging
from typing import Any, Final, NamedTuple

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import (
    STATISTIC_UNIT_TO_UNIT_CONVERTER,
    UNIT_CLASS_TO_UNIT_CONVERTER,
    async_change_statistics_unit,
    async_update_statistics_metadata,
    get_metadata,
)
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.const import DOMAIN, signal_units_settled
from custom_components.carlo_gavazzi_ems.recording.units import units_store
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.recorded import RecordedAs, RecordedUnits

from .database import RecorderFailedError, async_read, async_wait
from .statistics import async_compiled_until

_LOGGER = logging.getLogger(__name__)
_PERIOD: Final = 300
#: How long after the end of its period a value stays hidden if the recorder compiles nothing.
_PATIENCE: Final = timedelta(minutes=15)


class _Sensor(NamedTuple):
    """A sensor with statistics, and the unit that they are to have."""

    code: int
    unit: str | None
    unit_class: str | None


class UnitSettlement:
    """Gives recorded statistics the unit of their sensor, once for each change."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, units: RecordedUnits) -> None:
        """Settle the sensors of this entry."""
        self._hass = hass
        self._entry = entry
        self._units = units
        self._lock = asyncio.Lock()
        now = dt_util.utcnow().timestamp()
        #: The end of the five-minute period in which the unit has changed.
        self._mark = now - now % _PERIOD + _PERIOD

    @callback
    def async_start(self) -> None:
        """Settle at once if no state was shown in another unit, else after the period is compiled."""
        unsettled = self._entry.runtime_data.unsettled
        if "recorder" not in self._hass.config.components:
            self._async_show()
            self._in_background(self._async_store(self._units.after))
        elif not unsettled:
            self._entry.async_on_unload(async_at_started(self._hass, self._async_started))
        else:
            _LOGGER.debug("%s: %s sensors wait for their new unit", self._entry.title, len(unsettled))
            self._entry.async_on_unload(
                self._hass.bus.async_listen(EVENT_RECORDER_5MIN_STATISTICS_GENERATED, self._async_compiled)
            )
            overdue = dt_util.utc_from_timestamp(self._mark) + _PATIENCE
            self._entry.async_on_unload(async_track_point_in_utc_time(self._hass, self._async_overdue, overdue))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} units of statistics")

    @callback
    def _async_started(self, _: HomeAssistant) -> None:
        self._in_background(self._async_settle())

    @callback
    def _async_compiled(self, _: Event) -> None:
        if self._entry.runtime_data.unsettled and not self._lock.locked():
            self._in_background(self._async_settle_if_compiled())

    @callback
    def _async_overdue(self, _: datetime) -> None:
        """Show the values although the recorder has compiled nothing; the next start tries again."""
        if self._entry.runtime_data.unsettled and not self._lock.locked():
            _LOGGER.warning("%s: the recorder compiles no statistics", self._entry.title)
            self._async_show()

    async def _async_settle_if_compiled(self) -> None:
        """Settle if the period of the change is compiled."""
        try:
            if await async_compiled_until(self._hass) < self._mark:
                return
        except RecorderFailedError as err:
            _LOGGER.debug("%s: %s", self._entry.title, err)
            return
        await self._async_settle()

    async def _async_settle(self) -> None:
        """Correct the recorded units, then show the values."""
        async with self._lock:
            try:
                await self._async_correct()
            except RecorderFailedError as err:
                _LOGGER.warning("%s: the units of statistics could not be corrected: %s", self._entry.title, err)
        self._async_show()

    @callback
    def _async_show(self) -> None:
        """Let the sensors show their values."""
        if unsettled := self._entry.runtime_data.unsettled:
            unsettled.clear()
            async_dispatcher_send(self._hass, signal_units_settled(self._entry.entry_id))

    async def _async_correct(self) -> None:
        """Correct the units of statistics. After an interruption the store tells which step to repeat."""
        sensors = self._sensors()
        metadata = await async_read(self._hass, lambda: get_metadata(self._hass, statistic_ids=set(sensors)))
        if self._units.before != self._units.after and not self._units.converted:
            for entity_id, (_, kept) in metadata.items():
                if self._units.changed(sensors[entity_id].code):
                    await self._async_undo_display_unit(kept, self._units.before.get(str(sensors[entity_id].code)))
            await async_wait(self._hass)
            await self._async_store(self._units.before, converted=True)
        for entity_id, (_, kept) in metadata.items():
            sensor = sensors[entity_id]
            # An older version left statistics without a unit if their code was named later.
            if self._units.changed(sensor.code) or (kept["unit_of_measurement"] is None and sensor.unit is not None):
                async_update_statistics_metadata(
                    self._hass, entity_id, new_unit_class=sensor.unit_class, new_unit_of_measurement=sensor.unit
                )
        await async_wait(self._hass)
        await self._async_store(self._units.after)

    async def _async_undo_display_unit(self, kept: StatisticMetaData, before: RecordedAs | None) -> None:
        """Convert statistics from a unit that was chosen for display back to the one that the code had before."""
        recorded = kept["unit_of_measurement"]
        wrong = None if before is None else before.get("unit")
        converter = UNIT_CLASS_TO_UNIT_CONVERTER.get(kept["unit_class"])
        if recorded is None or wrong is None or recorded == wrong:
            return
        if converter is not None and {recorded, wrong} <= converter.VALID_UNITS:
            await async_change_statistics_unit(
                self._hass, kept["statistic_id"], new_unit_of_measurement=wrong, old_unit_of_measurement=recorded
            )

    async def _async_store(self, codes: Mapping[str, RecordedAs], *, converted: bool = False) -> None:
        """Store how the codes are recorded."""
        await units_store(self._hass, self._entry).async_save({"codes": {**codes}, "converted": converted})

    def _sensors(self) -> dict[str, _Sensor]:
        """Return all sensors that have statistics, by entity id."""
        runtime, registry = self._entry.runtime_data, er.async_get(self._hass)
        found: dict[str, _Sensor] = {}
        for uid, signal in runtime.topology.data.signals.items():
            unique_id = f"{runtime.topology.info.serial_number}_{uid}"
            entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
            if entity_id is None or (recorded := self._units.after.get(str(signal.code))) is None:
                continue
            meaning, unit = runtime.catalogue.meaning(signal.code), recorded.get("unit")
            unit_class = _unit_class(meaning.quantity.device_class if meaning else None, unit)
            found[entity_id] = _Sensor(signal.code, unit, unit_class)
        return found


def _unit_class(device_class: str | None, unit: str | None) -> str | None:
    """Return the unit class as the recorder determines it."""
    by_class = UNIT_CONVERTERS.get(device_class) if device_class else None
    if by_class is not None and unit in by_class.VALID_UNITS:
        return by_class.UNIT_CLASS
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
    return None if converter is None else converter.UNIT_CLASS
