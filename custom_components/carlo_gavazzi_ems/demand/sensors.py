"""The sensors of a load's demand."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
import time
from typing import Any, Final, NamedTuple, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import Platform, UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.entity import EmsEntity
from custom_components.carlo_gavazzi_ems.history.external import async_write_powers
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.polling.throttle import Throttle
from custom_components.carlo_gavazzi_ems.recording.budget import rows_per_hour
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES

from .arithmetic import Peak
from .meter import DemandMeter

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_RESOLUTION: Final = "resolution"
#: Names of the running period, by its minutes.
_RUNNING: Final[Mapping[int, str]] = {15: "demand_quarter_hour", 30: "demand_half_hour", 60: "demand_hour"}


class _Shown(NamedTuple):
    """A value and its resolution in kW."""

    value: float | Peak | None
    resolution: float | None


@dataclass(frozen=True, kw_only=True)
class DemandDescription(SensorEntityDescription):
    """One of the sensors; its key ends its unique ID and its entity ID."""

    value: Callable[[DemandMeter], float | Peak | None]


DESCRIPTIONS: Final = (
    DemandDescription(key="demand", state_class=SensorStateClass.MEASUREMENT, value=lambda meter: meter.mean),
    DemandDescription(
        key="demand_expected",
        translation_key="demand_expected",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda meter: meter.expected,
    ),
    # Without statistics: those of a new month or day would begin with the last peak. Each hour's highest period is in
    # external statistics.
    DemandDescription(key="demand_peak_month", translation_key="demand_peak_month", value=lambda meter: meter.month),
    DemandDescription(key="demand_peak_day", translation_key="demand_peak_day", value=lambda meter: meter.day),
)


def demand_key(load_uid: int, key: str) -> str:
    """Return the unique ID of a sensor without the serial number."""
    return f"load_{load_uid}_{key}"


def demand_sensors(entry: EmsConfigEntry, known: set[int]) -> Iterable[DemandSensor]:
    """Return the sensors of new loads whose counters are listed, and add these loads to `known`."""
    meters = entry.runtime_data.demand.meters
    new = [meter for uid, meter in meters.items() if uid not in known and meter.counters]
    known.update(meter.load_uid for meter in new)
    return [DemandSensor(entry, meter, description) for meter in new for description in DESCRIPTIONS]


@callback
def async_remove_unwanted(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Remove the sensors of loads that are no longer chosen."""
    registry = er.async_get(hass)
    runtime = entry.runtime_data
    serial = runtime.topology.info.serial_number
    for load in runtime.devices.registered_loads().keys() - runtime.demand.meters.keys():
        for description in DESCRIPTIONS:
            unique_id = f"{serial}_{demand_key(load, description.key)}"
            if (entity_id := registry.async_get_entity_id(Platform.SENSOR, entry.domain, unique_id)) is not None:
                registry.async_remove(entity_id)


@callback
def async_write_hours(hass: HomeAssistant, entry: EmsConfigEntry, meter: DemandMeter) -> None:
    """Write new hours of the month to external statistics, if the sensor of the running period is enabled.

    That sensor's own statistics are of unfinished means, which are too high or too low early in a period.
    """
    unique_id = f"{entry.runtime_data.topology.info.serial_number}_{demand_key(meter.load_uid, DESCRIPTIONS[0].key)}"
    entity_id = er.async_get(hass).async_get_entity_id(Platform.SENSOR, entry.domain, unique_id)
    state = None if entity_id is None else hass.states.get(entity_id)
    if state is not None and (hours := meter.new_hours.take(meter.ledger)):
        async_write_powers(hass, state.entity_id, state.name, hours)


class DemandSensor(EmsEntity, SensorEntity):
    """A power that is computed from the import counters of a load."""

    entity_description: DemandDescription
    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_suggested_display_precision = 2

    def __init__(self, entry: EmsConfigEntry, meter: DemandMeter, description: DemandDescription) -> None:
        """Show one value of a load."""
        runtime = entry.runtime_data
        place = runtime.devices.load_info(meter.load_uid)
        super().__init__(runtime, demand_key(meter.load_uid, description.key), place, None)
        self.entity_description = description
        self._meter = meter
        self._object_id = description.key
        options = Options.of(entry)
        if description.translation_key is None:
            self._attr_translation_key = _RUNNING[options.demand_period]
        if beginning := runtime.devices.id_beginning(place):
            self.entity_id = f"{Platform.SENSOR}.{beginning}_{description.key}"
        self._shown = False, _Shown(None, None)
        self._throttle = Throttle(factor=options.throttle)
        self._throttle.register(meter.load_uid, rows_per_hour(QUANTITIES["active_power"]), time.monotonic())

    @override
    async def async_added_to_hass(self) -> None:
        """Show what history has filled at once: the next poll may be minutes away."""
        await super().async_added_to_hass()
        self._meter.updates.add(self._handle_coordinator_update)
        self.async_on_remove(lambda: self._meter.updates.discard(self._handle_coordinator_update))

    @override
    def _present(self) -> tuple[bool, _Shown]:
        """Return whether it is available, and its value. A peak stays available while its meter is silent."""
        available = self.coordinator.last_update_success
        if self.state_class is not None:
            available &= self._meter.load_uid not in self.coordinator.staleness.stale
        return available, _Shown(self.entity_description.value(self._meter), self._meter.resolution)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show a new value, a running one only as often as a power."""
        now, uid, (available, shown) = time.monotonic(), self._meter.load_uid, self._present()
        before: _Shown = self._shown[1]
        if isinstance(shown.value, float) and before.value is not None and available == self._shown[0]:
            if now < self._throttle.next_turn.get(uid, now):
                return
            self._throttle.take(uid, now)
        super()._handle_coordinator_update()

    @property
    @override
    def native_value(self) -> float | None:
        """Return the power in kW."""
        value = self._shown[1].value
        return value.kw if isinstance(value, Peak) else value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the resolution, and start and end of a peak's period in Home Assistant's time zone."""
        value, resolution = self._shown[1]
        attributes = {} if resolution is None else {ATTR_RESOLUTION: round(resolution, 6)}
        return attributes | _times(value) if isinstance(value, Peak) else attributes


def _times(peak: Peak) -> dict[str, Any]:
    """Return start and end of a peak's period."""
    return {ATTR_START: _local(peak.start), ATTR_END: _local(peak.end)}


def _local(instant: float) -> str:
    """Return an instant in ISO format."""
    return dt_util.as_local(dt_util.utc_from_timestamp(instant)).isoformat()
