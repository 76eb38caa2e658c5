"""A sensor for every signal of the gateway."""

from collections import defaultdict
from collections.abc import Mapping
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Signal
from .entity import EmsSignalEntity
from .runtime import EmsConfigEntry
from .signals.catalogue import Catalogue, Meaning
from .signals.quantities import enabled_by_default

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
        if not (new := signals.keys() - known):
            return
        known.update(new)
        wanted = _wanted(signals, runtime.catalogue)
        async_add_entities(
            EmsSensor(entry, signals[uid], runtime.catalogue.meaning(signals[uid].code), enabled=uid in wanted)
            for uid in sorted(new)
        )

    add_new()
    entry.async_on_unload(runtime.topology.async_add_listener(add_new))


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


class EmsSensor(EmsSignalEntity, SensorEntity):
    """One signal; what it measures and in which unit is said only where it is known."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, meaning: Meaning | None, *, enabled: bool) -> None:
        """Take class, unit and name from the meaning of the signal's code."""
        super().__init__(entry, signal)
        self._attr_entity_registry_enabled_default = enabled
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
