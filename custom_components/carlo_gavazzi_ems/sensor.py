"""The sensors: one for every signal, for production and demand of chosen loads, and for the gateway itself."""

from datetime import datetime, timedelta
from itertools import batched
import time
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .api import Signal
from .const import DOMAIN, PRODUCTION, production_key, signal_units_settled
from .demand.sensors import async_remove_unwanted, demand_sensors
from .entity import EmsGatewayEntity, EmsSignalEntity
from .options import Options
from .polling.time_slice import BATCH
from .recording.budget import rows_per_hour
from .recording.counter import CounterReadings, StoredReading
from .runtime import EmsConfigEntry
from .signals.catalogue import Meaning
from .signals.dimensions import POWER
from .signals.enabled import wanted_signals
from .signals.load_power import load_power
from .signals.quantities import QUANTITIES

# The coordinator polls; entities send no request.
PARALLEL_UPDATES = 0
#: State classes of counters.
_COUNTS: Final = {SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING}
#: A power below this many kW is shown in W by default. A factory's feeder is easier to read in kW.
_SHOWN_IN_WATTS: Final = 10.0
_LAST_SEEN_STEP: Final = timedelta(minutes=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every signal, also for those that the gateway lists later."""
    runtime = entry.runtime_data
    known: set[int] = set()
    demanded: set[int] = set()

    def wanted_now() -> set[int]:
        return wanted_signals(runtime.topology.data.signals, runtime.catalogue, runtime.realtime.data.numbers)

    async def add_new() -> None:
        signals = runtime.topology.data.signals
        new = sorted(signals.keys() - known)
        known.update(new)
        wanted = wanted_now()
        for uids in batched(new, BATCH, strict=False):
            async_add_entities(
                [
                    _sensor(entry, signals[uid], runtime.catalogue.meaning(signals[uid].code), enabled=uid in wanted)
                    for uid in uids
                ]
            )
            await runtime.realtime.time_slice.take()

    @callback
    def look_for_new() -> None:
        async_add_entities(demand_sensors(entry, demanded))
        if runtime.topology.data.signals.keys() - known:
            entry.async_create_task(hass, add_new(), f"{DOMAIN} new signals")

    async_add_entities(kind(entry) for kind in GATEWAY_SENSORS)
    async_add_entities(ProductionSensor(entry, signal) for signal in _producing(entry))
    async_remove_unwanted(hass, entry)
    async_add_entities(demand_sensors(entry, demanded))
    _async_enable(hass, entry, wanted_now())
    await add_new()
    entry.async_on_unload(runtime.topology.async_add_listener(look_for_new))


@callback
def _async_enable(hass: HomeAssistant, entry: EmsConfigEntry, wanted: set[int]) -> None:
    """Enable registered sensors that are enabled by default now, because their code was named or their counter moves.

    What a person has enabled or disabled is left alone.
    """
    registry = er.async_get(hass)
    for uid in wanted:
        unique_id = f"{entry.runtime_data.topology.info.serial_number}_{uid}"
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        item = None if entity_id is None else registry.async_get(entity_id)
        if item is not None and item.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
            # Home Assistant would reload the entry in 30 s, which is not needed during set-up. It does not reload for an
            # entity that was disabled by its config entry.
            registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.CONFIG_ENTRY)
            registry.async_update_entity(item.entity_id, disabled_by=None)


def _sensor(entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> EmsSensor:
    """Return the sensor of a signal, by the present or former meaning of its code."""
    if entry.runtime_data.units.state_class(signal.code) in _COUNTS:
        return EmsCounter(entry, signal, meaning, enabled=enabled)
    return EmsSensor(entry, signal, meaning, enabled=enabled)


class EmsSensor(EmsSignalEntity, SensorEntity):
    """One signal. It has a device class and a unit only if the meaning of its code is known."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Take class, unit and name from the meaning of the signal's code."""
        super().__init__(entry, signal)
        runtime = entry.runtime_data
        self._attr_entity_registry_enabled_default = enabled
        self._is_status = meaning is not None and meaning.quantity.state_class is None
        self._rows = rows_per_hour(meaning.quantity if meaning else None)
        self._recorded_class = runtime.units.state_class(signal.code)
        self._had_statistics = str(signal.code) in runtime.units.before
        self._unsettled = runtime.unsettled
        self._take_state_class()
        self._quantity = None if meaning is None else meaning.quantity
        self._precision: tuple[er.RegistryEntry | None, int | None] | None = None
        if meaning is None:
            self._object_id = f"signal_{signal.code}"
            self._attr_translation_key = "signal"
            self._attr_translation_placeholders = {"code": str(signal.code)}
        else:
            quantity = meaning.quantity
            self._object_id = quantity.key
            self._attr_translation_key = quantity.translation_key
            self._attr_translation_placeholders = dict(quantity.placeholders)
            self._attr_device_class = quantity.device_class
            self._attr_native_unit_of_measurement = meaning.unit
            self._attr_entity_category = quantity.entity_category
            if meaning.unit == UnitOfPower.KILO_WATT and _is_small(entry, signal):
                self._attr_suggested_unit_of_measurement = UnitOfPower.WATT
        if beginning := runtime.devices.id_beginning(runtime.devices.device_info(signal)):
            self.entity_id = f"{Platform.SENSOR}.{beginning}_{self._object_id}"

    @override
    async def async_added_to_hass(self) -> None:
        """Show the latest value, and register with the throttle, which limits the states per hour."""
        self.coordinator.throttle.register(
            self._signal.uid, self._rows, time.monotonic(), punctual=isinstance(self, EmsCounter)
        )
        await super().async_added_to_hass()
        self._take_state_class()
        if self._waits:
            settled = signal_units_settled(self.coordinator.config_entry.entry_id)
            self.async_on_remove(async_dispatcher_connect(self.hass, settled, self._async_settled))

    @callback
    def _async_settled(self) -> None:
        """Show the value and set the state class, after the unit has settled."""
        self._take_state_class()
        self._shown = self._present()
        self.async_write_ha_state()

    def _take_state_class(self) -> None:
        """Set the state class, unless the recorder would mix two units in its statistics."""
        self._attr_state_class = None if self._waits else self._recorded_class

    @property
    def _waits(self) -> bool:
        """Whether the recorder still has to compile a five-minute period in which the unit was another one."""
        return self._signal.uid in self._unsettled

    @override
    def _present(self) -> tuple[bool, float | None]:
        """Return availability and value; a status is a whole number.

        Home Assistant raises an issue for a sensor that has statistics but no state class. So the value waits too.
        """
        available, value = super()._present()
        if self._had_statistics and self._waits:
            return available, None
        if self._is_status and value is not None and value.is_integer():
            return available, int(value)
        return available, value

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is shown."""
        shown: float | None = self._shown[1]
        return shown

    @property
    @override
    def suggested_display_precision(self) -> int | None:
        """Return the decimals for the suggested or native unit, not more than the shown unit needs.

        Home Assistant adds decimals for a larger unit, but does not remove those that a smaller unit does not need.
        """
        if self._quantity is None:
            return None
        entry = self.registry_entry
        if self._precision is None or self._precision[0] is not entry:
            # The person's unit is in the entity registry. Home Assistant asks with every state, and its unit takes long.
            units = (self.suggested_unit_of_measurement or self.native_unit_of_measurement, self.unit_of_measurement)
            known = [decimals for unit in units if (decimals := self._quantity.precision(unit)) is not None]
            self._precision = entry, min(known, default=None)
        return self._precision[1]


def _is_small(entry: EmsConfigEntry, signal: Signal) -> bool:
    """Return whether a power in kW is shown in W."""
    present = entry.runtime_data.realtime.data.get(signal.uid)
    return present is None or abs(present.value or 0.0) < _SHOWN_IN_WATTS


def _producing(entry: EmsConfigEntry) -> list[Signal]:
    """Return the powers of the loads that have a sensor of their production."""
    runtime = entry.runtime_data
    powers = (load_power(runtime.topology.data.signals, runtime.catalogue, uid) for uid in Options.of(entry).production)
    return [signal for signal in powers if signal is not None]


class ProductionSensor(EmsSignalEntity, SensorEntity):
    """The power that a load produces, 0 while it consumes: what the Energy dashboard expects."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_translation_key = _object_id = PRODUCTION

    def __init__(self, entry: EmsConfigEntry, signal: Signal) -> None:
        """Show the production that belongs to the active power `signal` of a load."""
        super().__init__(entry, signal, production_key(signal.load_uid))
        meaning = entry.runtime_data.catalogue.meaning(signal.code)
        unit = None if meaning is None else meaning.unit
        self._attr_native_unit_of_measurement = unit
        if unit == UnitOfPower.KILO_WATT and _is_small(entry, signal):
            self._attr_suggested_unit_of_measurement = unit = UnitOfPower.WATT
        self._attr_suggested_display_precision = POWER.decimals.get(unit)
        if beginning := entry.runtime_data.devices.id_beginning(entry.runtime_data.devices.device_info(signal)):
            self.entity_id = f"{Platform.SENSOR}.{beginning}_{PRODUCTION}"

    @override
    async def async_added_to_hass(self) -> None:
        """Limit the states per hour as for the power itself."""
        rows = rows_per_hour(QUANTITIES["active_power"])
        self.coordinator.throttle.register(self._signal.uid, rows, time.monotonic())
        await super().async_added_to_hass()

    @override
    def _present(self) -> tuple[bool, float | None]:
        """Return availability and the produced power."""
        available, value = super()._present()
        return available, None if value is None else max(0.0, -value)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is shown."""
        shown: float | None = self._shown[1]
        return shown


class EmsCounter(EmsSensor, RestoreEntity):
    """A counter. It keeps its value while its meter does not answer, over restarts, and during wrong readings."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Filter implausible readings if the counter can only rise."""
        super().__init__(entry, signal, meaning, enabled=enabled)
        rising = self._recorded_class is SensorStateClass.TOTAL_INCREASING
        self._readings = CounterReadings(entry, signal, meaning.unit if meaning else None, rising=rising)

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the last good reading before the first new one is checked."""
        if (stored := await self.async_get_last_extra_data()) is not None:
            self._readings.restore(stored.as_dict())
        self.async_on_remove(self.coordinator.async_add_counter(self._signal.uid, self._readings))
        await super().async_added_to_hass()

    @property
    @override
    def extra_restore_state_data(self) -> StoredReading | None:
        """Return the last good reading for the next start."""
        return self._readings.stored


class EmsGatewaySensor(EmsGatewayEntity, SensorEntity):
    """A diagnostic sensor of the gateway, disabled by default."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    @property
    @override
    def native_value(self) -> datetime | int | None:
        """Return what is shown."""
        shown: datetime | int | None = self._shown[1]
        return shown


class LastSeenSensor(EmsGatewaySensor):
    """When the gateway last answered. Updated once a minute, so that few states are recorded."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _last: datetime | None = None

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        super().__init__(entry, "last_seen")

    @override
    def _present(self) -> tuple[bool, datetime | None]:
        """Return the time of the last answer; it moves once a minute, and is exact while the gateway does not answer."""
        seen = self.coordinator.last_seen
        if (
            self._last is None
            or seen is None
            or seen - self._last >= _LAST_SEEN_STEP
            or not self.coordinator.last_update_success
        ):
            self._last = seen
        return True, self._last


class ClockOffsetSensor(EmsGatewaySensor):
    """By how many seconds the gateway's clock is ahead of Home Assistant's."""

    _attr_device_class = SensorDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 0

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        super().__init__(entry, "clock_offset")

    @override
    def _present(self) -> tuple[bool, int | None]:
        """Return the offset from the last reading of the lists; the gateway's clock has a resolution of one second."""
        offset = self.coordinator.topology.data.clock_offset
        return self.coordinator.last_update_success, None if offset is None else round(offset)


GATEWAY_SENSORS: Final = (LastSeenSensor, ClockOffsetSensor)
