"""Unit settings of sensors whose code was corrected."""

from collections.abc import Mapping
from typing import Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.options import CONF_CORRECTED, Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_SUGGESTED_UNIT: Final = f"{SENSOR_DOMAIN}.private"


@callback
def async_forget_units(
    hass: HomeAssistant, entry: EmsConfigEntry, serial_number: str, signals: Mapping[int, Signal]
) -> None:
    """Reset the unit of sensors whose code was corrected, and clear the list of corrected codes.

    When a sensor's unit changes from Wh to kWh, Home Assistant keeps showing Wh and converts. Here the old unit was an
    error, so the stored unit is removed. A unit that the user chose for display is kept.
    """
    corrected = {int(code) for code in Options.of(entry).corrected}
    if not corrected:
        return
    registry = er.async_get(hass)
    for signal in signals.values():
        entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{serial_number}_{signal.uid}")
        if signal.code in corrected and entity_id is not None:
            registry.async_update_entity_options(entity_id, _SUGGESTED_UNIT, None)
            registry.async_update_entity(entity_id, unit_of_measurement=None)
    options = {key: value for key, value in entry.options.items() if key != CONF_CORRECTED}
    hass.config_entries.async_update_entry(entry, options=options)
