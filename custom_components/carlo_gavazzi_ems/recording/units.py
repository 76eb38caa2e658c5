"""The store of how each code is recorded, and which sensors are affected when that changes."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.signals.recorded import RecordedUnits, StoredUnits

_VERSION: Final = 1
#: Options that Home Assistant keeps about the unit of a sensor, and the key that makes it work them out again.
_UNIT_OPTIONS: Final = f"{SENSOR_DOMAIN}.private"
_REFRESH: Final[Mapping[str, Any]] = {"refresh_initial_entity_options": True}


def units_store(hass: HomeAssistant, entry_id: str) -> Store[StoredUnits]:
    """Return the store of how each code of an entry is recorded."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.units")


async def async_recorded_units(
    hass: HomeAssistant, entry_id: str, signals: Mapping[int, Signal], catalogue: Catalogue
) -> RecordedUnits:
    """Compare how the codes were recorded with what they mean now."""
    try:
        stored = await units_store(hass, entry_id).async_load()
    except HomeAssistantError, NotImplementedError:
        # Damaged, or of a newer version.
        stored = None
    return RecordedUnits.compare(stored, (signal.code for signal in signals.values()), catalogue)


@callback
def async_unsettled(
    hass: HomeAssistant, serial_number: str, signals: Mapping[int, Signal], units: RecordedUnits
) -> set[int]:
    """Return the signals whose statistics would mix two units: those that had states in another one until now.

    When a sensor's unit changes from Wh to kWh, Home Assistant keeps showing Wh and converts. Here the old unit was an
    error, so the stored unit is dropped. A unit that the user chose for display is kept.
    """
    registry = er.async_get(hass)
    unsettled: set[int] = set()
    for signal in signals.values():
        if not units.changed(signal.code):
            continue
        entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{serial_number}_{signal.uid}")
        if entity_id is None or (item := registry.async_get(entity_id)) is None:
            continue
        registry.async_update_entity_options(entity_id, _UNIT_OPTIONS, _REFRESH)
        registry.async_update_entity(entity_id, unit_of_measurement=None)
        if not item.disabled:
            unsettled.add(signal.uid)
    return unsettled
