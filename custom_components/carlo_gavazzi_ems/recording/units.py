"""The store of how each code is recorded, and which sensors are affected when that changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN, SensorStateClass
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.signals.recorded import RecordedUnits, StoredUnits
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_SCHEMA: Final = vol.Schema(
    {
        vol.Required("codes"): {
            str: {vol.Required("state_class"): vol.In(SensorStateClass), vol.Optional("unit"): str},
        },
        vol.Required("converted"): bool,
    }
)
#: Options in which Home Assistant keeps the unit of a sensor, and the key that makes it compute them again.
_UNIT_OPTIONS: Final = f"{SENSOR_DOMAIN}.private"
_REFRESH: Final[Mapping[str, Any]] = {"refresh_initial_entity_options": True}


def units_store(hass: HomeAssistant, entry: EmsConfigEntry) -> CheckedStore[StoredUnits]:
    """Return the store of the unit and state class in which each code of an entry is recorded."""
    what = f"{entry.title}: the list of recorded units"
    return CheckedStore(hass, f"{DOMAIN}.{entry.entry_id}.units", what, _SCHEMA)


async def async_recorded_units(
    hass: HomeAssistant, entry: EmsConfigEntry, signals: Mapping[int, Signal], catalogue: Catalogue
) -> RecordedUnits:
    """Compare how the codes were recorded with their present meanings."""
    stored = await units_store(hass, entry).async_read()
    return RecordedUnits.compare(stored, (signal.code for signal in signals.values()), catalogue)


@callback
def async_unsettled(
    hass: HomeAssistant, serial_number: str, signals: Mapping[int, Signal], units: RecordedUnits
) -> set[int]:
    """Return the UIDs of signals whose statistics would mix two units, because they had another one until now.

    When a sensor's unit changes from Wh to kWh, Home Assistant continues to show Wh and converts. Here the old unit was
    wrong, so the stored unit is removed. A unit that the user chose for display is kept.
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
