"""How a sensor's next number comes into the state machine: it alone, where nothing else about the state is new.

Of what a write costs, most goes into working out attributes that come out as they were. Home Assistant itself writes a
state anew whenever a name, an icon or a unit changes, so as long as the attributes are those that this sensor left
there, they still hold.
"""

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityStateAttribute
from homeassistant.core import HomeAssistant, callback
from homeassistant.core_config import DATA_CUSTOMIZE
from homeassistant.helpers.entity import FLOAT_PRECISION, StateInfo
from homeassistant.helpers.entity_values import EntityValues

from .api import Sample, Signal
from .coordinator import RealtimeCoordinator

#: How Home Assistant itself prints a number with decimals.
_FORMAT: Final = f".{FLOAT_PRECISION}"
_NO_NUMBER: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}


class NumberWriter:
    """Reads the signal of one sensor, which shows it in its native unit, and writes its state.

    All that this takes stands in one small object. A sensor has so many attributes that looking for a few of them
    again and again, in memory that has gone cold since the last poll, costs as much as the writing itself.
    """

    __slots__ = (
        "_attributes",
        "_coordinator",
        "_customized",
        "_entity_id",
        "_hass",
        "_info",
        "_judge",
        "_load",
        "_sensor",
        "_shown",
        "_uid",
        "value",
    )

    def __init__(
        self,
        sensor: SensorEntity,
        coordinator: RealtimeCoordinator,
        signal: Signal,
        judge: Callable[[float | None], float | None] | None = None,
    ) -> None:
        """Write for a sensor; `judge` tells what to show for what was read, None shows just that."""
        self._sensor = sensor
        self._coordinator = coordinator
        self._uid = signal.uid
        self._load = signal.load_uid
        self._judge = judge
        #: What is to be shown.
        self.value: float | None = None
        #: What has been shown: a number, or whether the sensor is available with what else it showed.
        self._shown: object = None
        #: The sensor's own; None as long as nothing has been written.
        self._hass: HomeAssistant | None = None
        self._entity_id = ""
        #: The attributes of what was written last; None where the next state has to be worked out in full.
        self._attributes: Mapping[str, object] | None = None
        self._info: StateInfo | None = None
        #: What a person has set for this sensor in configuration.yaml, read anew when that is reloaded.
        self._customized: EntityValues | None = None

    @callback
    def async_read(self) -> Sample | None:
        """Take over the latest value; return what it was read from."""
        sample = self._coordinator.data.get(self._uid)
        value = None if sample is None else sample.value
        self.value = value if self._judge is None else self._judge(value)
        return sample

    @callback
    def async_update(self) -> None:
        """Take over the latest value, and write what is new."""
        sample, coordinator = self.async_read(), self._coordinator
        value = self.value
        if (
            sample is not None
            and value is not None
            and coordinator.last_update_success
            and self._load not in coordinator.staleness.stale
        ):
            if value != self._shown:
                self._shown = value
                self._async_write(value)
            return
        shown = (self._sensor.available, value)
        if shown != self._shown:
            self._shown = shown
            self._async_write_in_full()

    @callback
    def _async_write(self, value: float) -> None:
        """Write the state of a sensor that is available and shows this value."""
        hass, entity_id = self._hass, self._entity_id
        if (
            hass is None
            or (last := hass.states.get(entity_id)) is None
            # Somebody else has written other attributes, or what they are made of may be another.
            or last.attributes is not self._attributes
            or last.state_info is not self._info
            or hass.data.get(DATA_CUSTOMIZE) is not self._customized
        ):
            self._async_write_in_full()
            return
        text = str(value) if isinstance(value, int) else format(value, _FORMAT)
        hass.states.async_set(entity_id, text, self._attributes, False, None, self._info)  # noqa: FBT003

    @callback
    def _async_write_in_full(self) -> None:
        """Write the state as Home Assistant works it out; keep what goes with a number that was not converted."""
        sensor = self._sensor
        self._hass, self._entity_id = hass, entity_id = sensor.hass, sensor.entity_id
        sensor.async_write_ha_state()
        state = hass.states.get(entity_id)
        if (
            state is None
            or state.state in _NO_NUMBER
            or state.attributes.get(EntityStateAttribute.UNIT_OF_MEASUREMENT) != sensor.native_unit_of_measurement
        ):
            self._attributes = self._info = None
        else:
            self._attributes, self._info = state.attributes, state.state_info
        self._customized = hass.data.get(DATA_CUSTOMIZE)
