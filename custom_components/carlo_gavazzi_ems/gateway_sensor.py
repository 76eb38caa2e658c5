"""Sensors of the gateway itself: when it was last heard, and how wrong its clock is."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import callback

from .entity import EmsGatewayEntity
from .runtime import EmsConfigEntry

_STEP: Final = timedelta(minutes=1)


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
        if self._last is None or seen is None or seen - self._last >= _STEP or not self.coordinator.last_update_success:
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
