"""A sensor for every signal of the gateway."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import batched
import time
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .api import Signal
from .const import DOMAIN, signal_units_settled
from .entity import EmsGatewayEntity, EmsSignalEntity
from .polling.time_slice import BATCH
from .recording.budget import rows_per_hour
from .recording.counter import CounterReadings, StoredReading
from .runtime import EmsConfigEntry
from .signals.catalogue import Catalogue, Meaning
from .signals.quantities import enabled_by_default
from .writing import NumberWriter

# The coordinator reads for all of them.
PARALLEL_UPDATES = 0
#: State classes of counters.
_COUNTS: Final = {SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING}
_LAST_SEEN_STEP: Final = timedelta(minutes=1)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every signal, also for those that the gateway lists later."""
    runtime = entry.runtime_data
    known: set[int] = set()

    async def add_new() -> None:
        signals = runtime.topology.data.signals
        new = sorted(signals.keys() - known)
        known.update(new)
        wanted = _wanted(signals, runtime.catalogue)
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
        if runtime.topology.data.signals.keys() - known:
            entry.async_create_task(hass, add_new(), f"{DOMAIN} new signals")

    async_add_entities(kind(entry) for kind in GATEWAY_SENSORS)
    await add_new()
    entry.async_on_unload(runtime.topology.async_add_listener(look_for_new))


def _wanted(signals: Mapping[int, Signal], catalogue: Catalogue) -> set[int]:
    """Return the signals of which the sensor is enabled by default: of each load, those that most people want.

    A signal that is switched off on the gateway has no values; one that nobody has named yet may be any.
    """
    wanted: set[int] = set()
    of_load: defaultdict[int | None, dict[int, str]] = defaultdict(dict)
    for uid, signal in signals.items():
        if not signal.enabled:
            continue
        if (meaning := catalogue.meaning(signal.code)) is None:
            wanted.add(uid)
        else:
            of_load[signal.load_uid][uid] = meaning.quantity.key
    for keys in of_load.values():
        enabled = enabled_by_default(keys.values())
        wanted.update(uid for uid, key in keys.items() if key in enabled)
    return wanted


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
        self._attr_entity_registry_enabled_default = enabled
        self._writer = NumberWriter(self, self.coordinator, signal)
        self._rows = rows_per_hour(meaning.quantity if meaning else None)
        self._units = entry.runtime_data.units
        self._unsettled = entry.runtime_data.unsettled
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
            self._attr_suggested_display_precision = quantity.precision(meaning.unit)
            self._attr_entity_category = quantity.entity_category
        if beginning := entry.runtime_data.devices.id_beginning(signal.load_uid, signal.device_uid):
            self.entity_id = f"{Platform.SENSOR}.{beginning}_{self._object_id}"

    @override
    async def async_added_to_hass(self) -> None:
        """Show the latest value, and from now on so many an hour as fit into a database."""
        await super().async_added_to_hass()
        self.coordinator.throttle.register(
            self._signal.uid, self._rows, time.monotonic(), punctual=isinstance(self, EmsCounter)
        )
        self._writer.async_read()
        if self._waits:
            settled = signal_units_settled(self.coordinator.config_entry.entry_id)
            self.async_on_remove(async_dispatcher_connect(self.hass, settled, self.async_write_ha_state))

    @property
    def _waits(self) -> bool:
        """Whether the recorder still has to compile five minutes in which the unit was another."""
        return self._signal.uid in self._unsettled

    @property
    def _is_hidden(self) -> bool:
        """Whether values wait too: where there are statistics, Home Assistant objects to a value without a state class."""
        return self._waits and str(self._signal.code) in self._units.before

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is shown, with all its decimals."""
        return None if self._is_hidden else self._writer.value

    @property
    @override
    def state_class(self) -> SensorStateClass | None:
        """Return the state class, None for no statistics."""
        return None if self._waits else self._units.state_class(self._signal.code)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what is new."""
        if self._is_hidden:
            self._writer.async_read()
        else:
            self._writer.async_update()


class EmsCounter(EmsSensor, RestoreEntity):
    """A counter: it keeps its value while its meter is silent, over restarts, and where it is read wrong."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Guard the counter where it can only rise."""
        super().__init__(entry, signal, meaning, enabled=enabled)
        rising = self._units.state_class(signal.code) is SensorStateClass.TOTAL_INCREASING
        self._readings = CounterReadings(entry, signal, meaning.unit if meaning else None, rising=rising)
        self._writer = NumberWriter(self, self.coordinator, signal, self._judge)

    @override
    async def async_added_to_hass(self) -> None:
        """Go on from the last good reading, before the first new one is judged."""
        if (stored := await self.async_get_last_extra_data()) is not None:
            self._readings.restore(stored.as_dict())
        await super().async_added_to_hass()

    @property
    @override
    def extra_restore_state_data(self) -> StoredReading | None:
        """Return what the next start goes on from."""
        return self._readings.stored

    @property
    @override
    def available(self) -> bool:
        """Return whether the gateway answers, and lists this counter; how old its value is plays no part."""
        if not self.coordinator.last_update_success:
            return False
        listed = self._signal.uid in self.coordinator.topology.data.signals
        return self._sample is not None or (listed and self._readings.shown is not None)

    @callback
    def _judge(self, value: float | None) -> float | None:
        """Return the latest good reading, with all its decimals; while one is in doubt have every one looked at."""
        shown = self._readings.read(value)
        attentive = self.coordinator.throttle.attentive
        if self._readings.in_doubt:
            attentive.add(self._signal.uid)
        else:
            attentive.discard(self._signal.uid)
        return shown


class EmsGatewaySensor(EmsGatewayEntity, SensorEntity):
    """A sensor that helps to find a fault, for those who want it."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    @override
    async def async_added_to_hass(self) -> None:
        """Show the latest value."""
        await super().async_added_to_hass()
        self._update()

    @property
    @override
    def _shown(self) -> object:
        return self._attr_native_value


class LastSeenSensor(EmsGatewaySensor):
    """When the gateway last answered; to the minute, so that it costs no row with every poll."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _last: datetime | None = None

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        super().__init__(entry, "last_seen")

    @property
    @override
    def available(self) -> bool:
        """Return True: it is worth the most while the gateway does not answer."""
        return True

    @callback
    @override
    def _update(self) -> None:
        """Take over the time, once a minute and whenever the gateway goes silent."""
        seen = self.coordinator.last_seen
        if (
            self._last is None
            or seen is None
            or seen - self._last >= _LAST_SEEN_STEP
            or not self.coordinator.last_update_success
        ):
            self._attr_native_value = self._last = seen


class ClockOffsetSensor(EmsGatewaySensor):
    """By how many seconds the gateway's clock is ahead of Home Assistant's."""

    _attr_device_class = SensorDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 0

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        super().__init__(entry, "clock_offset")

    @callback
    @override
    def _update(self) -> None:
        """Take over what was found when the lists were last read; the gateway tells whole seconds."""
        offset = self.coordinator.topology.data.clock_offset
        self._attr_native_value = None if offset is None else round(offset)


GATEWAY_SENSORS: Final = (LastSeenSensor, ClockOffsetSensor)
