"""A sensor for every signal of the gateway."""

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

# The coordinator reads for all of them.
PARALLEL_UPDATES = 0
#: State classes of counters.
_COUNTS: Final = {SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING}
#: kW below which a power is shown in W unless a person chooses kW: a house; a factory's feeder is read more easily in kW.
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
    """Enable registered sensors that are enabled by default now, because their code has a name or their counter moves.

    What a person has enabled or disabled is left alone.
    """
    registry = er.async_get(hass)
    for uid in wanted:
        unique_id = f"{entry.runtime_data.topology.info.serial_number}_{uid}"
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        item = None if entity_id is None else registry.async_get(entity_id)
        if item is not None and item.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
            # The entry is being set up: Home Assistant need not reload it in 30 s, as it does unless the entry was disabled.
            registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.CONFIG_ENTRY)
            registry.async_update_entity(item.entity_id, disabled_by=None)


def _sensor(entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> EmsSensor:
    """Return the sensor of a signal, by what its code means or has meant."""
    if entry.runtime_data.units.state_class(signal.code) in _COUNTS:
        return EmsCounter(entry, signal, meaning, enabled=enabled)
    return EmsSensor(entry, signal, meaning, enabled=enabled)


class EmsSensor(EmsSignalEntity, SensorEntity):
    """One signal; what it measures and in which unit is said only where it is known."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Take class, unit and name from the meaning of the signal's code."""
        super().__init__(entry, signal)
        runtime = entry.runtime_data
        self._attr_entity_registry_enabled_default = enabled
        self._is_status = meaning is not None and meaning.quantity.state_class is None
        self._rows = rows_per_hour(meaning.quantity if meaning else None)
        self._units = runtime.units
        self._unsettled = runtime.unsettled
        self._quantity = None if meaning is None else meaning.quantity
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
        """Show the latest value, and from now on so many an hour as fit into a database."""
        self.coordinator.throttle.register(
            self._signal.uid, self._rows, time.monotonic(), punctual=isinstance(self, EmsCounter)
        )
        await super().async_added_to_hass()
        if self._waits:
            settled = signal_units_settled(self.coordinator.config_entry.entry_id)
            self.async_on_remove(async_dispatcher_connect(self.hass, settled, self._async_settled))

    @callback
    def _async_settled(self) -> None:
        """Show the value, and have statistics."""
        self._shown = self._present()
        self.async_write_ha_state()

    @property
    def _waits(self) -> bool:
        """Whether the recorder still has to compile five minutes in which the unit was another."""
        return self._signal.uid in self._unsettled

    @override
    def _present(self) -> tuple[bool, float | None]:
        """Return the value; a status is a whole number.

        Where there are statistics, Home Assistant objects to a value without a state class, so the value waits too.
        """
        available, value = super()._present()
        if self._waits and str(self._signal.code) in self._units.before:
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
        """Return the decimals in the suggested or native unit, not more than the unit that is shown is worth.

        Home Assistant adds decimals for a larger unit, but takes none away where a smaller one would have none.
        """
        if self._quantity is None:
            return None
        units = (self.suggested_unit_of_measurement or self.native_unit_of_measurement, self.unit_of_measurement)
        known = [decimals for unit in units if (decimals := self._quantity.precision(unit)) is not None]
        return min(known, default=None)

    @property
    @override
    def state_class(self) -> SensorStateClass | None:
        """Return the state class, None for no statistics."""
        return None if self._waits else self._units.state_class(self._signal.code)


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
    """The power of a load turned round: positive while it produces, 0 while it draws, as the Energy dashboard wants it."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_translation_key = _object_id = PRODUCTION

    def __init__(self, entry: EmsConfigEntry, signal: Signal) -> None:
        """Show the production by the power of a load."""
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
        """Show as many values an hour as of the power itself."""
        rows = rows_per_hour(QUANTITIES["active_power"])
        self.coordinator.throttle.register(self._signal.uid, rows, time.monotonic())
        await super().async_added_to_hass()

    @override
    def _present(self) -> tuple[bool, float | None]:
        """Return what is produced."""
        available, value = super()._present()
        return available, None if value is None else max(0.0, -value)

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is shown."""
        shown: float | None = self._shown[1]
        return shown


class EmsCounter(EmsSensor, RestoreEntity):
    """A counter: it keeps its value while its meter is silent, over restarts, and where it is read wrong."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Guard the counter where it can only rise."""
        super().__init__(entry, signal, meaning, enabled=enabled)
        rising = self._units.state_class(signal.code) is SensorStateClass.TOTAL_INCREASING
        self._readings = CounterReadings(entry, signal, meaning.unit if meaning else None, rising=rising)

    @override
    async def async_added_to_hass(self) -> None:
        """Go on from the last good reading, before the first new one is judged."""
        if (stored := await self.async_get_last_extra_data()) is not None:
            self._readings.restore(stored.as_dict())
        self.async_on_remove(self.coordinator.async_add_counter(self._signal.uid, self._readings))
        await super().async_added_to_hass()

    @property
    @override
    def extra_restore_state_data(self) -> StoredReading | None:
        """Return what the next start goes on from."""
        return self._readings.stored


class EmsGatewaySensor(EmsGatewayEntity, SensorEntity):
    """A sensor that helps to find a fault, for those who want it."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    @property
    @override
    def native_value(self) -> datetime | int | None:
        """Return what is shown."""
        shown: datetime | int | None = self._shown[1]
        return shown


class LastSeenSensor(EmsGatewaySensor):
    """When the gateway last answered; to the minute, so that it costs no row with every poll."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _last: datetime | None = None

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        super().__init__(entry, "last_seen")

    @override
    def _present(self) -> tuple[bool, datetime | None]:
        """Return the time, once a minute and whenever the gateway goes silent: then it is worth the most."""
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
        """Return what was found when the lists were last read; the gateway tells whole seconds."""
        offset = self.coordinator.topology.data.clock_offset
        return self.coordinator.last_update_success, None if offset is None else round(offset)


GATEWAY_SENSORS: Final = (LastSeenSensor, ClockOffsetSensor)
