"""How a sensor's next number comes into the state machine: it alone, where nothing else about the state is new.

Of what a write costs, most goes into working out attributes that come out as they were. Home Assistant itself writes a
state anew whenever a name, an icon or a unit changes, so as long as the attributes are those that this sensor left
there, they still hold.
"""

from collections.abc import Mapping
from typing import Final

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityStateAttribute
from homeassistant.core import callback
from homeassistant.core_config import DATA_CUSTOMIZE
from homeassistant.helpers.entity import FLOAT_PRECISION, StateInfo
from homeassistant.helpers.entity_values import EntityValues

#: How Home Assistant itself prints a number with decimals.
_FORMAT: Final = f".{FLOAT_PRECISION}"
_NO_NUMBER: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}


class NumberWriter:
    """Writes the state of one sensor that shows its native value in its native unit."""

    __slots__ = ("_attributes", "_customized", "_info", "_sensor")

    def __init__(self, sensor: SensorEntity) -> None:
        """Write for a sensor."""
        self._sensor = sensor
        #: The attributes of what was written last; None where the next state has to be worked out in full.
        self._attributes: Mapping[str, object] | None = None
        self._info: StateInfo | None = None
        #: What a person has set for this sensor in configuration.yaml, read anew when that is reloaded.
        self._customized: EntityValues | None = None

    @callback
    def async_write(self, value: float) -> None:
        """Write the state of a sensor that is available and shows this value."""
        sensor = self._sensor
        hass, entity_id = sensor.hass, sensor.entity_id
        last = hass.states.get(entity_id)
        if (
            last is None
            # Somebody else has written other attributes, or what they are made of may be another.
            or last.attributes is not self._attributes
            or last.state_info is not self._info
            or hass.data.get(DATA_CUSTOMIZE) is not self._customized
        ):
            self.async_write_in_full()
            return
        text = str(value) if isinstance(value, int) else format(value, _FORMAT)
        hass.states.async_set(entity_id, text, self._attributes, sensor.force_update, None, self._info)

    @callback
    def async_write_in_full(self) -> None:
        """Write the state as Home Assistant works it out; keep what goes with a number that was not converted."""
        sensor = self._sensor
        hass = sensor.hass
        sensor.async_write_ha_state()
        state = hass.states.get(sensor.entity_id)
        if (
            state is None
            or state.state in _NO_NUMBER
            or state.attributes.get(EntityStateAttribute.UNIT_OF_MEASUREMENT) != sensor.native_unit_of_measurement
        ):
            self._attributes = self._info = None
        else:
            self._attributes, self._info = state.attributes, state.state_info
        self._customized = hass.data.get(DATA_CUSTOMIZE)
