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
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .api import Signal
from .const import DOMAIN
from .entity import EmsGatewayEntity, EmsSignalEntity
from .polling.time_slice import BATCH
from .recording.budget import rows_per_hour
from .recording.counter import CounterReadings, StoredReading
from .runtime import EmsConfigEntry
from .signals.catalogue import Catalogue, Meaning
from .signals.quantities import enabled_by_default

# The coordinator reads for all of them.
PARALLEL_UPDATES = 0
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
    """Return the sensor of a signal, by what its code means."""
    if meaning is not None and meaning.quantity.is_counter:
        return EmsCounter(entry, signal, meaning, enabled=enabled)
    return EmsSensor(entry, signal, meaning, enabled=enabled)


class EmsSensor(EmsSignalEntity, SensorEntity):
    """One signal; what it measures and in which unit is said only where it is known."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Take class, unit and name from the meaning of the signal's code."""
        super().__init__(entry, signal)
        self._attr_entity_registry_enabled_default = enabled
        self._rows = rows_per_hour(meaning.quantity if meaning else None)
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
            self._attr_state_class = quantity.state_class
            self._attr_native_unit_of_measurement = meaning.unit
            self._attr_suggested_display_precision = quantity.precision(meaning.unit)
            self._attr_entity_category = quantity.entity_category
        if beginning := entry.runtime_data.devices.id_beginning(signal.load_uid, signal.device_uid):
            self.entity_id = f"{Platform.SENSOR}.{beginning}_{self._object_id}"

    @override
    async def async_added_to_hass(self) -> None:
        """Show the latest value, and from now on so many an hour as fit into a database."""
        self.coordinator.throttle.register(
            self._signal.uid, self._rows, time.monotonic(), punctual=isinstance(self, EmsCounter)
        )
        await super().async_added_to_hass()

    @property
    @override
    def native_value(self) -> float | None:
        """Return the number that is shown."""
        shown: float | None = self._shown[1]
        return shown


class EmsCounter(EmsSensor, RestoreEntity):
    """A counter: it keeps its value while its meter is silent, over restarts, and where it is read wrong."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning, *, enabled: bool) -> None:
        """Guard the counter where it can only rise."""
        super().__init__(entry, signal, meaning, enabled=enabled)
        rising = meaning.quantity.state_class is SensorStateClass.TOTAL_INCREASING
        self._readings = CounterReadings(entry, signal, meaning.unit, rising=rising)

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
