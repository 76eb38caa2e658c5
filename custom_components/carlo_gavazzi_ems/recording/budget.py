"""How many states of a quantity are recorded per hour, so that the database stays small."""

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
"""States per hour of quantities whose fluctuations have little information."""


def rows_per_hour(quantity: Quantity | None) -> int:
    """Return the limit of states per hour, 0 for no limit. `quantity` is None for a code without a meaning."""
    if quantity is None:
        return _MEASURED_ROWS
    if quantity.state_class is None:
        # A status or a tariff changes rarely, and each change matters.
        return 0
    if quantity.is_counter:
        return _COUNTER_ROWS
    return _ROWS.get(quantity.device_class, _MEASURED_ROWS)
