"""A sensor for every signal of the gateway."""

from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Signal
from .entity import EmsSignalEntity
from .runtime import EmsConfigEntry
from .signals.catalogue import Meaning

# The coordinator reads for all of them.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every signal, also for those that the gateway lists later."""
    runtime = entry.runtime_data
    known: set[int] = set()

    @callback
    def add_new() -> None:
        signals = runtime.topology.data.signals
        new = [signals[uid] for uid in sorted(signals.keys() - known)]
        known.update(signal.uid for signal in new)
        async_add_entities(EmsSensor(entry, signal, runtime.catalogue.meaning(signal.code)) for signal in new)

    add_new()
    entry.async_on_unload(runtime.topology.async_add_listener(add_new))


class EmsSensor(EmsSignalEntity, SensorEntity):
    """One signal; what it measures and in which unit is said only where it is known."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None) -> None:
        """Take class, unit and name from the meaning of the signal's code."""
        super().__init__(entry, signal)
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
            self._attr_entity_registry_enabled_default = signal.enabled and quantity.enabled_default
        self._update()

    @property
    @override
    def suggested_object_id(self) -> str:
        """Return the last part of the entity_id: the same in every language."""
        return self._object_id

    @callback
    @override
    def _update(self) -> None:
        """Show the latest value, with all its decimals."""
        sample = self._sample
        self._attr_native_value = None if sample is None else sample.value
