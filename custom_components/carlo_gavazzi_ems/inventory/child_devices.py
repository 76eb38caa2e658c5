"""Loads that versions before 0.3.0 registered as child devices of their meters."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry


@callback
def async_convert_child_devices(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Convert child devices to devices with the same id, connected via their former parent.

    Home Assistant converts only in the other direction, but gives a device that was removed its id, area, labels and
    name back when it is registered again. Its entities would be removed with it, so they are detached meanwhile.
    """
    devices, entities = dr.async_get(hass), er.async_get(hass)
    for child in dr.async_child_entries_for_config_entry(devices, entry.entry_id):
        parent = devices.async_get(child.parent_device_id)
        attached = er.async_entries_for_device(entities, child.id, include_disabled_entities=True)
        for item in attached:
            entities.async_update_entity(item.entity_id, device_id=None)
        devices.async_remove_device(child.id)
        device = devices.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers=child.identifiers,
            name=child.name,
            via_device_id=child.parent_device_id,
        )
        if isinstance(parent, dr.DeviceEntry):
            # A child device has its parent's area, and is disabled with it.
            devices.async_update_device(
                device.id,
                area_id=child.area_id or parent.area_id,
                disabled_by=parent.disabled_by
                if child.disabled_by is dr.DeviceEntryDisabler.DEVICE
                else device.disabled_by,
            )
        for item in attached:
            entities.async_update_entity(item.entity_id, device_id=device.id)
