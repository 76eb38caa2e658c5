"""The dimensions of quantities: Home Assistant's device class, the native units, and the decimals to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import (
    PERCENTAGE,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfReactiveEnergy,
    UnitOfReactivePower,
    UnitOfTemperature,
    UnitOfTime,
    UnitOfVolume,
    UnitOfVolumeFlowRate,
)

type Decimals = Mapping[str | None, int]
"""Decimals to show in each native unit, the most common unit first; None is the unit of a bare number."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The device class and the units of a quantity."""

    device_class: SensorDeviceClass | None
    decimals: Decimals


VOLTAGE: Final = Dimension(
    SensorDeviceClass.VOLTAGE,
    {UnitOfElectricPotential.VOLT: 1, UnitOfElectricPotential.MILLIVOLT: 0, UnitOfElectricPotential.KILOVOLT: 3},
)
CURRENT: Final = Dimension(
    SensorDeviceClass.CURRENT, {UnitOfElectricCurrent.AMPERE: 2, UnitOfElectricCurrent.MILLIAMPERE: 0}
)
FREQUENCY: Final = Dimension(SensorDeviceClass.FREQUENCY, {UnitOfFrequency.HERTZ: 2})
POWER_FACTOR: Final = Dimension(SensorDeviceClass.POWER_FACTOR, {None: 2, PERCENTAGE: 1})

POWER: Final = Dimension(
    SensorDeviceClass.POWER, {UnitOfPower.WATT: 0, UnitOfPower.KILO_WATT: 3, UnitOfPower.MEGA_WATT: 3}
)
APPARENT_POWER: Final = Dimension(
    SensorDeviceClass.APPARENT_POWER, {UnitOfApparentPower.VOLT_AMPERE: 0, UnitOfApparentPower.KILO_VOLT_AMPERE: 3}
)
REACTIVE_POWER: Final = Dimension(
    SensorDeviceClass.REACTIVE_POWER,
    {UnitOfReactivePower.VOLT_AMPERE_REACTIVE: 0, UnitOfReactivePower.KILO_VOLT_AMPERE_REACTIVE: 3},
)

ENERGY: Final = Dimension(
    SensorDeviceClass.ENERGY,
    {UnitOfEnergy.KILO_WATT_HOUR: 2, UnitOfEnergy.WATT_HOUR: 0, UnitOfEnergy.MEGA_WATT_HOUR: 3},
)
REACTIVE_ENERGY: Final = Dimension(
    SensorDeviceClass.REACTIVE_ENERGY,
    {UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR: 2, UnitOfReactiveEnergy.VOLT_AMPERE_REACTIVE_HOUR: 0},
)
# Home Assistant has neither a device class nor a constant for apparent energy.
APPARENT_ENERGY: Final = Dimension(None, {"kVAh": 2, "VAh": 0})
HEAT: Final = Dimension(
    SensorDeviceClass.ENERGY, {**ENERGY.decimals, UnitOfEnergy.GIGA_JOULE: 3, UnitOfEnergy.MEGA_JOULE: 0}
)

GAS: Final = Dimension(
    SensorDeviceClass.GAS,
    {
        UnitOfVolume.CUBIC_METERS: 3,
        UnitOfVolume.LITERS: 0,
        UnitOfVolume.CUBIC_FEET: 1,
        UnitOfVolume.CENTUM_CUBIC_FEET: 2,
    },
)
WATER: Final = Dimension(SensorDeviceClass.WATER, {**GAS.decimals, UnitOfVolume.GALLONS: 0})
VOLUME: Final = Dimension(SensorDeviceClass.VOLUME, {UnitOfVolume.CUBIC_METERS: 3, UnitOfVolume.LITERS: 0})
FLOW: Final = Dimension(
    SensorDeviceClass.VOLUME_FLOW_RATE,
    {
        UnitOfVolumeFlowRate.CUBIC_METERS_PER_HOUR: 3,
        UnitOfVolumeFlowRate.LITERS_PER_HOUR: 0,
        UnitOfVolumeFlowRate.LITERS_PER_MINUTE: 1,
    },
)
TEMPERATURE: Final = Dimension(
    SensorDeviceClass.TEMPERATURE,
    {UnitOfTemperature.CELSIUS: 1, UnitOfTemperature.FAHRENHEIT: 1, UnitOfTemperature.KELVIN: 1},
)
TEMPERATURE_DIFFERENCE: Final = Dimension(
    SensorDeviceClass.TEMPERATURE_DELTA,
    {UnitOfTemperature.KELVIN: 1, UnitOfTemperature.CELSIUS: 1, UnitOfTemperature.FAHRENHEIT: 1},
)

DURATION: Final = Dimension(
    SensorDeviceClass.DURATION,
    {UnitOfTime.HOURS: 1, UnitOfTime.MINUTES: 0, UnitOfTime.SECONDS: 0, UnitOfTime.DAYS: 2},
)
RATIO: Final = Dimension(None, {PERCENTAGE: 1})
NUMBER: Final = Dimension(None, {None: 0})
