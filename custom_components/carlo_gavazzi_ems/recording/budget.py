"""How many rows an hour of a quantity are recorded, so that years of it fit into a database."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass

from custom_components.carlo_gavazzi_ems.signals.quantities import Quantity

_COUNTER_ROWS: Final = 60
_MEASURED_ROWS: Final = 120
_ROWS: Final[Mapping[SensorDeviceClass | None, int]] = MappingProxyType(
    {
        SensorDeviceClass.VOLTAGE: 20,
        SensorDeviceClass.FREQUENCY: 20,
        SensorDeviceClass.POWER_FACTOR: 20,
        SensorDeviceClass.TEMPERATURE: 20,
    }
)
"""Rows an hour of what wavers all the time, and tells little by it."""


def rows_per_hour(quantity: Quantity | None) -> int:
    """Return how many values an hour are written of a quantity, None for one that nobody has named; 0 for all."""
    if quantity is None:
        return _MEASURED_ROWS
    if quantity.state_class is None:
        # A status or a tariff changes seldom, and each time for a reason.
        return 0
    if quantity.is_counter:
        return _COUNTER_ROWS
    return _ROWS.get(quantity.device_class, _MEASURED_ROWS)
