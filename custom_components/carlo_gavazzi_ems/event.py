"""Events of power quality that an electricity meter counts: voltage sags and swells, and power failures."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
import time
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventExtraStoredData
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import EmsEntity, async_add_for_loads
from .recording.counted_events import CountedEvents
from .runtime import EmsConfigEntry
from .signals.catalogue import Meaning

# The coordinator polls; entities send no request.
PARALLEL_UPDATES = 0
_KEY: Final = "power_quality"
#: Key of a quantity that counts events, without its phase -> the event.
_EVENTS: Final[Mapping[str, str]] = {
    "voltage_sags": "voltage_sag",
    "voltage_swells": "voltage_swell",
    "power_failures": "power_failure",
    "long_power_failures": "long_power_failure",
}
ATTR_NUMBER: Final = "number"
ATTR_TOTAL: Final = "total"


async def async_setup_entry(
    _: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for each load that counts such events, also for loads that the gateway lists later."""
    async_add_for_loads(entry, async_add_entities, partial(_counters, entry), partial(PowerQualityEvent, entry))


def _counters(entry: EmsConfigEntry) -> dict[int, dict[int, Meaning]]:
    """Return the event counters of each load that has any: UID of the load -> UID of the signal -> meaning."""
    runtime = entry.runtime_data
    found: dict[int, dict[int, Meaning]] = {load: {} for load in runtime.topology.data.loads}
    for uid, signal in sorted(runtime.topology.data.signals.items()):
        meaning, load = runtime.catalogue.meaning(signal.code), signal.load_uid
        if load in found and meaning is not None and _event(meaning) is not None:
            found[load][uid] = meaning
    return {load: counters for load, counters in found.items() if counters}


def _event(meaning: Meaning) -> str | None:
    """Return the event that a quantity counts, None if it counts none."""
    key, phase = meaning.quantity.key, meaning.quantity.placeholders.get("phase", "")
    return _EVENTS.get(key.removesuffix(f"_{phase.lower()}"))


@dataclass
class StoredCounts(EventExtraStoredData):
    """The last event, and the counter readings up to which events were triggered."""

    gateway: str = ""
    counts: dict[str, float] = field(default_factory=dict)
    """By the UID of the signal."""


class PowerQualityEvent(EmsEntity, EventEntity):
    """Triggers an event when its counter rises."""

    _attr_translation_key = _KEY
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, entry: EmsConfigEntry, load_uid: int, meanings: Mapping[int, Meaning]) -> None:
        """Follow the counters of a load."""
        runtime = entry.runtime_data
        place = runtime.devices.load_info(load_uid)
        super().__init__(runtime, f"load_{load_uid}_{_KEY}", place, None)
        self._meanings = meanings
        self._counters = {uid: CountedEvents() for uid in meanings}
        self._gateway = runtime.topology.info.serial_number
        events = {_event(meaning) for meaning in meanings.values()}
        self._attr_event_types = [event for event in _EVENTS.values() if event in events]
        self._object_id = _KEY
        if beginning := runtime.devices.id_beginning(place):
            self.entity_id = f"{Platform.EVENT}.{beginning}_{_KEY}"

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the counters of the last run: events since then are triggered with the next poll."""
        if (stored := await self.async_get_last_extra_data()) is not None:
            self._restore(stored.as_dict())
        self.coordinator.also_polled |= self._counters.keys()
        await super().async_added_to_hass()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Poll the counters only where their sensors are enabled."""
        self.coordinator.also_polled -= self._counters.keys()
        await super().async_will_remove_from_hass()

    def _restore(self, stored: Mapping[str, Any]) -> None:
        """Restore the counters of the same gateway and the same signals."""
        counts = stored.get("counts")
        if stored.get("gateway") != self._gateway or not isinstance(counts, Mapping):
            return
        for uid, counter in self._counters.items():
            if isinstance(count := counts.get(str(uid)), (int, float)):
                counter.restore(float(count), time.monotonic())

    @property
    @override
    def extra_restore_state_data(self) -> StoredCounts:
        """Return the counters for the next start."""
        counts = {str(uid): count for uid, each in self._counters.items() if (count := each.count) is not None}
        return StoredCounts(**asdict(super().extra_restore_state_data), gateway=self._gateway, counts=counts)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Trigger one event for each counter that has risen; the number of occurrences is an attribute."""
        for event, attributes in self._happened() if self.coordinator.last_update_success else ():
            self._trigger_event(event, attributes)
            self.async_write_ha_state()
        super()._handle_coordinator_update()

    def _happened(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield the events that the latest answer has counted, with their attributes."""
        numbers, now = self.coordinator.data.numbers, time.monotonic()
        for uid, counter in self._counters.items():
            number, meaning = counter.read(numbers.get(uid), now), self._meanings[uid]
            if number and (event := _event(meaning)) is not None:
                yield event, {ATTR_NUMBER: number, ATTR_TOTAL: counter.count, **meaning.quantity.placeholders}
