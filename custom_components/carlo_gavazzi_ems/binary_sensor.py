"""Whether the gateway answers, and whether its loads have new values."""

from typing import Final, override

from homeassistant.components.binary_sensor import (  # type: ignore[attr-defined, unused-ignore]  # 2026.10 alone
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LOAD_LISTENERS
from .entity import EmsEntity, EmsGatewayEntity
from .runtime import EmsConfigEntry

# The coordinator reads for all of them.
PARALLEL_UPDATES = 0
_OBJECT_ID: Final = "connection"


async def async_setup_entry(
    _: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for the gateway and one for each load, also for those that the gateway lists later."""
    runtime = entry.runtime_data
    known: set[int] = set()

    @callback
    def add_new() -> None:
        new = runtime.topology.data.loads.keys() - known
        known.update(new)
        async_add_entities(LoadConnectivity(entry, uid) for uid in sorted(new))

    async_add_entities([GatewayConnectivity(entry)])
    add_new()
    entry.async_on_unload(runtime.topology.async_add_listener(add_new))


class EmsConnectivity(EmsEntity, BinarySensorEntity):
    """On while something can be reached."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @override
    async def async_added_to_hass(self) -> None:
        """Show how it is now."""
        await super().async_added_to_hass()
        self._update()

    @property
    @override
    def _shown(self) -> object:
        return self._attr_is_on


class GatewayConnectivity(EmsConnectivity, EmsGatewayEntity):
    """On while the gateway answers; a short failure does not count."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        EmsGatewayEntity.__init__(self, entry, "gateway_connectivity")
        self._object_id = _OBJECT_ID

    @property
    @override
    def available(self) -> bool:
        """Return True: that the gateway does not answer is what this tells."""
        return True

    @callback
    @override
    def _update(self) -> None:
        """Take over whether the gateway answers."""
        self._attr_is_on = self.coordinator.last_update_success


class LoadConnectivity(EmsConnectivity):
    """On while the values of a load are new, off while the gateway repeats old ones."""

    _attr_translation_key = "load_connectivity"

    def __init__(self, entry: EmsConfigEntry, uid: int) -> None:
        """Show it for this load."""
        runtime = entry.runtime_data
        super().__init__(runtime, f"load_{uid}_connectivity", runtime.devices.load_info(uid), LOAD_LISTENERS)
        self._uid = uid
        self._object_id = _OBJECT_ID
        if beginning := runtime.devices.id_beginning(uid, None):
            self.entity_id = f"{Platform.BINARY_SENSOR}.{beginning}_{_OBJECT_ID}"

    @property
    @override
    def available(self) -> bool:
        """Return whether the gateway answers, and lists the load."""
        return self.coordinator.last_update_success and self._uid in self.coordinator.topology.data.loads

    @callback
    @override
    def _update(self) -> None:
        """Take over what the times of the load's values tell."""
        stale = self.coordinator.staleness.is_stale(self._uid)
        self._attr_is_on = None if stale is None else not stale
