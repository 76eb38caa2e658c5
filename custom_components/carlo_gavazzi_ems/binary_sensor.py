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

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what is shown."""
        shown: bool | None = self._shown[1]
        return shown


class GatewayConnectivity(EmsConnectivity, EmsGatewayEntity):
    """On while the gateway answers; a short failure does not count."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show it for this gateway."""
        EmsGatewayEntity.__init__(self, entry, "gateway_connectivity")
        self._object_id = _OBJECT_ID

    @override
    def _present(self) -> tuple[bool, bool]:
        """Return whether the gateway answers; that it does not is what this tells, so it is always available."""
        return True, self.coordinator.last_update_success


class LoadConnectivity(EmsConnectivity):
    """On while the values of a load are new, off while the gateway repeats old ones."""

    _attr_translation_key = "load_connectivity"

    def __init__(self, entry: EmsConfigEntry, uid: int) -> None:
        """Show it for this load."""
        runtime = entry.runtime_data
        place = runtime.devices.load_info(uid)
        super().__init__(runtime, f"load_{uid}_connectivity", place, LOAD_LISTENERS)
        self._uid = uid
        self._object_id = _OBJECT_ID
        if beginning := runtime.devices.id_beginning(place):
            self.entity_id = f"{Platform.BINARY_SENSOR}.{beginning}_{_OBJECT_ID}"

    @override
    def _present(self) -> tuple[bool, bool | None]:
        """Return what the times of the load's values tell, while the gateway answers and lists the load."""
        coordinator = self.coordinator
        stale = coordinator.staleness.is_stale(self._uid)
        listed = coordinator.last_update_success and self._uid in coordinator.topology.data.loads
        return listed, None if stale is None else not stale
