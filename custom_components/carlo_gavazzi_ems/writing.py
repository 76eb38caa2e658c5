"""How a sensor's next number comes into the state machine: it alone, where nothing else about the state is new.

Of what a write costs, most goes into working out attributes that come out as they were. Home Assistant itself writes a
state anew whenever a name, an icon or a unit changes, so as long as the state is the one that this sensor left there,
its attributes still hold.
"""

from typing import Final

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityStateAttribute
from homeassistant.core import State, callback
from homeassistant.core_config import DATA_CUSTOMIZE
from homeassistant.helpers.entity import FLOAT_PRECISION
from homeassistant.helpers.entity_values import EntityValues

_NO_NUMBER: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}


class NumberWriter:
    """Writes the state of one sensor that shows its native value in its native unit."""

    __slots__ = ("_customized", "_sensor", "_state")

    def __init__(self, sensor: SensorEntity) -> None:
        """Write for a sensor."""
        self._sensor = sensor
        #: What was written last; None where the next state has to be worked out in full.
        self._state: State | None = None
        #: What a person has set for this sensor in configuration.yaml, read anew when that is reloaded.
        self._customized: EntityValues | None = None

    @callback
    def async_write(self) -> None:
        """Write the sensor's state."""
        sensor = self._sensor
        states = sensor.hass.states
        value, last = sensor.native_value, self._state
        if (
            last is None
            or not isinstance(value, int | float)
            or not sensor.available
            # Somebody else has written the state, or what it is made of may be another.
            or states.get(sensor.entity_id) is not last
            or sensor.hass.data.get(DATA_CUSTOMIZE) is not self._customized
        ):
            sensor.async_write_ha_state()
            self._remember()
            return
        text = f"{value:.{FLOAT_PRECISION}}" if isinstance(value, float) else str(value)
        states.async_set(sensor.entity_id, text, last.attributes, sensor.force_update, None, last.state_info)
        self._state = states.get(sensor.entity_id)

    def _remember(self) -> None:
        """Keep a state that was worked out in full, if it holds a number that was not converted."""
        hass, sensor = self._sensor.hass, self._sensor
        state = hass.states.get(sensor.entity_id)
        if state is not None and (
            state.state in _NO_NUMBER
            or state.attributes.get(EntityStateAttribute.UNIT_OF_MEASUREMENT) != sensor.native_unit_of_measurement
        ):
            state = None
        self._state = state
        self._customized = hass.data.get(DATA_CUSTOMIZE)
