"""What the entities of a signal, of a load, and of the gateway itself have in common."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Sample, Signal
from .coordinator import RealtimeCoordinator
from .runtime import EmsConfigEntry, EmsRuntimeData


class EmsEntity(CoordinatorEntity[RealtimeCoordinator]):
    """An entity that is written down only where it shows something else than before."""

    _attr_has_entity_name = True
    #: What the entity_id ends with, the same in every language.
    _object_id: str

    def __init__(self, runtime: EmsRuntimeData, key: str, place: DeviceInfo | ChildDeviceInfo, topic: object) -> None:
        """Belong to a device; `topic` is the UID of the signal to follow, LOAD_LISTENERS for all loads, None for every poll."""
        super().__init__(runtime.realtime, topic)
        self._attr_unique_id = f"{runtime.topology.info.serial_number}_{key}"
        self._attr_device_info = place
        self._written: tuple[bool, object] | None = None

    @property
    @override
    def suggested_object_id(self) -> str:
        """Return the last part of the entity_id, to which Home Assistant adds the name of the device."""
        return self._object_id

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the signal; where there are thousands, let others run in between."""
        await super().async_added_to_hass()
        await self.coordinator.time_slice.take()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:  # type: ignore[explicit-override, unused-ignore]
        """Do nothing: nothing here depends on the entity_id.

        With this hook Home Assistant 2026.11 and later changes the entity_id in place; older releases add the entity anew.
        """

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Let others run while thousands are taken away."""
        await super().async_will_remove_from_hass()
        await self.coordinator.time_slice.take()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what is new."""
        self._update()
        shown = (self.available, self._shown)
        if shown != self._written:
            self._written = shown
            self.async_write_ha_state()

    @property
    def _shown(self) -> object:
        """What the state is made of."""
        raise NotImplementedError

    @callback
    def _update(self) -> None:
        """Set the attributes from the latest values."""
        raise NotImplementedError


class EmsSignalEntity(EmsEntity):
    """An entity that shows one signal."""

    def __init__(self, entry: EmsConfigEntry, signal: Signal) -> None:
        """Show this signal, on the device it belongs to."""
        runtime = entry.runtime_data
        super().__init__(runtime, str(signal.uid), runtime.devices.device_info(signal), signal.uid)
        self._signal = signal

    @property
    def _sample(self) -> Sample | None:
        """The latest value, None where the gateway gave none."""
        return self.coordinator.data.get(self._signal.uid)

    @property
    @override
    def available(self) -> bool:
        """Return whether the gateway answers with a value for this signal that is not an old one."""
        coordinator = self.coordinator
        return (
            coordinator.last_update_success
            and self._signal.uid in coordinator.data
            and self._signal.load_uid not in coordinator.staleness.stale
        )


class EmsGatewayEntity(EmsEntity):
    """An entity of the gateway itself."""

    def __init__(self, entry: EmsConfigEntry, key: str) -> None:
        """Belong to the gateway; `key` is the translation key, and names the entity in the registry."""
        runtime = entry.runtime_data
        super().__init__(runtime, key, runtime.devices.gateway_info(), None)
        self._attr_translation_key = self._object_id = key
