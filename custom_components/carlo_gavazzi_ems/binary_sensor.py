"""Connectivity of the gateway and of each load."""

from typing import Final, override

from homeassistant.components.binary_sensor import (  # type: ignore[attr-defined, unused-ignore]  # 2026.10 alone
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import LOAD_LISTENERS
from .entity import EmsEntity, EmsGatewayEntity, async_add_for_loads
from .runtime import EmsConfigEntry

# The coordinator polls; entities send no request.
PARALLEL_UPDATES = 0
_OBJECT_ID: Final = "connection"


async def async_setup_entry(
    _: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for the gateway and one for each load, also for loads that the gateway lists later."""
    topology = entry.runtime_data.topology
    async_add_entities([GatewayConnectivity(entry)])
    async_add_for_loads(
        entry, async_add_entities, lambda: topology.data.loads, lambda uid, _: LoadConnectivity(entry, uid)
    )


class EmsConnectivity(EmsEntity, BinarySensorEntity):
    """Base of the connectivity sensors of the gateway and of its loads."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the state as last shown; None is unknown."""
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
        """Return whether the gateway answers; the entity itself is always available."""
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
        """Return whether the load is listed by a gateway that answers, and whether its values are new (None: unknown)."""
        coordinator = self.coordinator
        stale = coordinator.staleness.is_stale(self._uid)
        listed = coordinator.last_update_success and self._uid in coordinator.topology.data.loads
        return listed, None if stale is None else not stale
