"""Base classes of the entities of a signal, of a load, and of the gateway itself."""

from collections.abc import Callable, Mapping
from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Signal
from .coordinator import RealtimeCoordinator
from .runtime import EmsConfigEntry, EmsRuntimeData


class EmsEntity(CoordinatorEntity[RealtimeCoordinator]):
    """An entity of one gateway."""

    _attr_has_entity_name = True
    #: The last part of the entity_id, the same in every language.
    _object_id: str
    #: Availability and value as last shown. Kept, because Home Assistant also writes states by itself.
    _shown: tuple[bool, Any] = (False, None)

    def __init__(self, runtime: EmsRuntimeData, key: str, place: DeviceInfo, topic: object) -> None:
        """Set the device. `topic` is the UID of a signal to listen to, LOAD_LISTENERS for loads, None for every poll."""
        super().__init__(runtime.realtime, topic)
        self._attr_unique_id = f"{runtime.topology.info.serial_number}_{key}"
        self._attr_device_info = place

    @property
    @override
    def suggested_object_id(self) -> str:
        """Return the last part of the entity_id; Home Assistant puts the name of the device before it."""
        return self._object_id

    @property
    @override
    def available(self) -> bool:
        """Return the availability as last shown."""
        return self._shown[0]

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to listen, with the latest value. With thousands of entities, other tasks get to run in between."""
        await super().async_added_to_hass()
        self._shown = self._present()
        await self.coordinator.time_slice.take()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:  # type: ignore[explicit-override, unused-ignore]
        """Do nothing: nothing here depends on the entity_id.

        With this hook Home Assistant 2026.11 and later changes the entity_id in place; older releases add the entity anew.
        """

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Let other tasks run while thousands of entities are removed."""
        await super().async_will_remove_from_hass()
        await self.coordinator.time_slice.take()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if availability or value has changed."""
        if (present := self._present()) != self._shown:
            self._shown = present
            self.async_write_ha_state()

    def _present(self) -> tuple[bool, Any]:
        """Return whether it is available, and its value."""
        return self.coordinator.last_update_success, None


class EmsSignalEntity(EmsEntity):
    """An entity that shows one signal."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal, key: str | None = None) -> None:
        """Show this signal on its device. `key` replaces the UID in the unique id of a second entity of the signal."""
        runtime = entry.runtime_data
        super().__init__(runtime, key or str(signal.uid), runtime.devices.device_info(signal), signal.uid)
        self._signal = signal

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state: the coordinator calls only for another value than the shown one."""
        self._shown = self._present()
        self.async_write_ha_state()

    @override
    def _present(self) -> tuple[bool, float | None]:
        """Return whether the signal is available, and its number with all its decimals."""
        to_show, uid = self.coordinator.to_show, self._signal.uid
        return uid in to_show, to_show.get(uid)


class EmsGatewayEntity(EmsEntity):
    """An entity of the gateway itself."""

    def __init__(self, entry: EmsConfigEntry, key: str) -> None:
        """Belong to the gateway. `key` is the translation key and the end of the unique id."""
        runtime = entry.runtime_data
        super().__init__(runtime, key, runtime.devices.gateway_info(), None)
        self._attr_translation_key = self._object_id = key


@callback
def async_add_for_loads[T](
    entry: EmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    listed: Callable[[], Mapping[int, T]],
    entity: Callable[[int, T], Entity],
) -> None:
    """Add an entity for each load in `listed`, which maps UIDs to loads, also for loads that are listed later."""
    known: set[int] = set()

    @callback
    def add_new() -> None:
        loads = listed()
        new = sorted(loads.keys() - known)
        known.update(new)
        async_add_entities(entity(uid, loads[uid]) for uid in new)

    add_new()
    entry.async_on_unload(entry.runtime_data.topology.async_add_listener(add_new))
