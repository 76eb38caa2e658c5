"""What every entity of a signal has in common."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Sample, Signal
from .coordinator import RealtimeCoordinator
from .runtime import EmsConfigEntry


class EmsSignalEntity(CoordinatorEntity[RealtimeCoordinator]):
    """An entity that shows one signal."""

    _attr_has_entity_name = True

    def __init__(self, entry: EmsConfigEntry, signal: Signal) -> None:
        """Show this signal, on the device it belongs to."""
        runtime = entry.runtime_data
        super().__init__(runtime.realtime, signal.uid)
        self._signal = signal
        self._attr_unique_id = f"{runtime.topology.info.serial_number}_{signal.uid}"
        self._attr_device_info = runtime.devices.device_info(signal)

    @property
    def _sample(self) -> Sample | None:
        """The latest value, None where the gateway gave none."""
        return self.coordinator.data.get(self._signal.uid)

    @property
    @override
    def available(self) -> bool:
        """Return whether the gateway answers, and lists a value for this signal."""
        return self.coordinator.last_update_success and self._sample is not None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Take over the latest value."""
        self._update()
        super()._handle_coordinator_update()

    @callback
    def _update(self) -> None:
        """Set the attributes from the latest value."""
        raise NotImplementedError
