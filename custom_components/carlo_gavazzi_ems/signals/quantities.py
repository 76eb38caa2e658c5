"""The table of all quantities that the meters behind an EMS publish.

Keys are stored in config entries and shared between installations, so a key must not be renamed, reused or removed.
The order is that of lists in dialogs. Power is positive for import; for meters that separate the two directions
(DSMR P1), import and export are quantities of their own, never negative.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType
from typing import Final

from homeassistant.const import EntityCategory

from . import dimensions as dim
from .quantity import (
    Quantity,
    code,
    inputs,
    measurement,
    net,
    phase_pairs,
    phased,
    phases,
    quadrants,
    tariffs,
    total,
)

__all__ = ["FAMILIES", "MAX_ENABLED", "QUANTITIES", "Family", "Quantity", "enabled_by_default"]

MAX_ENABLED: Final = 11
"""The most sensors of one load that are enabled by default; with its connectivity a load has twelve entities."""


class Family(StrEnum):
    """Groups of quantities for a list, in its order; each docstring names the public sources of what is in the group.

    All follow the functions of IEC 61557-12. EM24, EM270, EM300 (EM/ET330, 340), EM500 (EM530, 540) and WM... stand for
    Carlo Gavazzi's communication protocols and data sheets of these meters, P1 for the DSMR P1 companion standard.
    """

    POWER = "power"
    """EM24, EM300, EM500: W of each phase and of the system. P1: import and export apart, OBIS 1.7.0, 2.7.0, 21.7.0."""
    ENERGY = "energy"
    """EM24, EM300, EM500: kWh + and -, total, partial, per phase, per tariff. P1: OBIS 1.8.0 to 1.8.4, 2.8.0 to 2.8.4."""
    VOLTAGE = "voltage"
    """EM24, EM300, EM500: V L-N and V L-L of each phase and of the system."""
    CURRENT = "current"
    """EM24, EM300, EM500: A of each phase. WM14, WM30, WM40: A of the system and A n."""
    GRID = "grid"
    """EM24, EM300, EM500: power factor of each phase and of the system, Hz."""
    APPARENT_REACTIVE = "apparent_reactive"
    """EM24, EM300: VA, var, kvarh. EM500: kVAh. WM24: kvarh of the four quadrants. OBIS 3.7.0, 4.7.0: var each way."""
    DEMAND = "demand"
    """EM24: W, VA dmd and max, A dmd max. EM270, WM14: dmd of each phase. P1 in Belgium: OBIS 1.4.0, 1.6.0."""
    QUALITY = "quality"
    """WM3, WM15: THD of V and A. WM5, WM14: asymmetry L-N, L-L. P1: failures, sags and swells, OBIS 96.7.*, 32.32.0."""
    HOURS = "hours"
    """EM300, EM500: run hour meter of kWh + and of kWh -, total and partial, and the life counter."""
    UTILITIES = "utilities"
    """EM24, WM40: gas, cold and hot water, remote heating by pulses. P1: M-Bus channels. EN 13757: heat and cooling."""
    STATUS = "status"
    """EM24, EM300, EM500: phase sequence, tariff, state, alarm. P1: tariff indicator, OBIS 96.14.0."""


_IMPORT = total("energy_import", dim.ENERGY, enabled=True)
_EXPORT = total("energy_export", dim.ENERGY, enabled=True)
_VOLTAGE = measurement("voltage", dim.VOLTAGE, enabled=True)
_CURRENT = measurement("current", dim.CURRENT, enabled=True)
_REACTIVE_IMPORT = total("reactive_energy_import", dim.REACTIVE_ENERGY)
_REACTIVE_EXPORT = total("reactive_energy_export", dim.REACTIVE_ENERGY)

_PHASE_VOLTAGES = ("voltage", "voltage_l1", "voltage_l2", "voltage_l3")
_PHASE_CURRENTS = ("current", "current_l1", "current_l2", "current_l3")

FAMILIES: Final[Mapping[Family, tuple[Quantity, ...]]] = MappingProxyType(
    {
        Family.POWER: (
            *phased(
                measurement("active_power", dim.POWER, enabled=True), stands_in_for=("active_power", "power_import")
            ),
            *phased(measurement("power_import", dim.POWER, stands_in_for=("active_power",))),
            *phased(measurement("power_export", dim.POWER, stands_in_for=("active_power",))),
        ),
        Family.ENERGY: (
            _IMPORT,
            _EXPORT,
            net("energy_net", dim.ENERGY, stands_in_for=("energy_import", "energy_import_t1")),
            *tariffs(_IMPORT, stands_in_for=("energy_import",)),
            *tariffs(_EXPORT, stands_in_for=("energy_export",)),
            *phases(_IMPORT, stands_in_for=("energy_import", "energy_import_t1", "energy_net")),
            *phases(_EXPORT, stands_in_for=("energy_export", "energy_export_t1", "energy_net")),
            total("energy_import_partial", dim.ENERGY),
            total("energy_export_partial", dim.ENERGY),
        ),
        Family.VOLTAGE: (
            _VOLTAGE,
            *phases(_VOLTAGE, enabled=True),
            measurement("voltage_mean", dim.VOLTAGE, stands_in_for=_PHASE_VOLTAGES),
            *phase_pairs(measurement("line_voltage", dim.VOLTAGE), stands_in_for=(*_PHASE_VOLTAGES, "voltage_mean")),
            measurement("line_voltage_mean", dim.VOLTAGE),
        ),
        Family.CURRENT: (
            _CURRENT,
            *phases(_CURRENT, enabled=True),
            measurement("current_neutral", dim.CURRENT),
            measurement("current_sum", dim.CURRENT, stands_in_for=_PHASE_CURRENTS),
            measurement("current_mean", dim.CURRENT, stands_in_for=(*_PHASE_CURRENTS, "current_sum")),
        ),
        Family.GRID: (
            *phased(measurement("power_factor", dim.POWER_FACTOR, enabled=True)),
            measurement("frequency", dim.FREQUENCY, enabled=True),
        ),
        Family.APPARENT_REACTIVE: (
            *phased(measurement("apparent_power", dim.APPARENT_POWER)),
            *phased(measurement("reactive_power", dim.REACTIVE_POWER)),
            measurement("reactive_power_import", dim.REACTIVE_POWER),
            measurement("reactive_power_export", dim.REACTIVE_POWER),
            total("apparent_energy", dim.APPARENT_ENERGY),
            total("apparent_energy_partial", dim.APPARENT_ENERGY),
            _REACTIVE_IMPORT,
            _REACTIVE_EXPORT,
            *tariffs(_REACTIVE_IMPORT),
            *phases(_REACTIVE_IMPORT),
            *phases(_REACTIVE_EXPORT),
            *quadrants(total("reactive_energy", dim.REACTIVE_ENERGY)),
            total("reactive_energy_import_partial", dim.REACTIVE_ENERGY),
            total("reactive_energy_export_partial", dim.REACTIVE_ENERGY),
        ),
        Family.DEMAND: (
            *phased(measurement("active_power_demand", dim.POWER)),
            *phased(measurement("active_power_peak_demand", dim.POWER)),
            *phased(measurement("apparent_power_demand", dim.APPARENT_POWER)),
            measurement("apparent_power_peak_demand", dim.APPARENT_POWER),
            measurement("reactive_power_demand", dim.REACTIVE_POWER),
            measurement("reactive_power_peak_demand", dim.REACTIVE_POWER),
            *phased(measurement("current_demand", dim.CURRENT)),
            *phased(measurement("current_peak_demand", dim.CURRENT)),
        ),
        Family.QUALITY: (
            *phased(measurement("voltage_thd", dim.RATIO)),
            measurement("line_voltage_thd", dim.RATIO),
            *phase_pairs(measurement("line_voltage_thd", dim.RATIO)),
            *phased(measurement("current_thd", dim.RATIO)),
            measurement("voltage_unbalance", dim.RATIO),
            measurement("line_voltage_unbalance", dim.RATIO),
            total("power_failures", dim.NUMBER, category=EntityCategory.DIAGNOSTIC),
            total("long_power_failures", dim.NUMBER, category=EntityCategory.DIAGNOSTIC),
            *phases(total("voltage_sags", dim.NUMBER, category=EntityCategory.DIAGNOSTIC)),
            *phases(total("voltage_swells", dim.NUMBER, category=EntityCategory.DIAGNOSTIC)),
        ),
        Family.HOURS: (
            total("run_hours", dim.DURATION),
            total("run_hours_export", dim.DURATION),
            total("run_hours_partial", dim.DURATION),
            total("run_hours_export_partial", dim.DURATION),
            total("lifetime_hours", dim.DURATION, category=EntityCategory.DIAGNOSTIC),
        ),
        Family.UTILITIES: (
            total("gas", dim.GAS, enabled=True),
            total("water", dim.WATER, enabled=True),
            total("hot_water", dim.WATER, enabled=True),
            total("heat_energy", dim.HEAT, enabled=True),
            total("cooling_energy", dim.HEAT, enabled=True),
            measurement("thermal_power", dim.POWER, enabled=True),
            total("heat_volume", dim.VOLUME),
            measurement("flow_rate", dim.FLOW),
            measurement("flow_temperature", dim.TEMPERATURE),
            measurement("return_temperature", dim.TEMPERATURE),
            measurement("temperature_difference", dim.TEMPERATURE_DIFFERENCE),
            measurement("temperature", dim.TEMPERATURE, enabled=True),
            total("pulse_count", dim.NUMBER, enabled=True),
        ),
        Family.STATUS: (
            code("tariff", category=None),
            code("phase_sequence"),
            code("status"),
            code("alarm"),
            *inputs(code("digital_input")),
        ),
    }
)

QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType(
    {quantity.key: quantity for family in FAMILIES.values() for quantity in family}
)

_ENERGY_KEYS: Final = frozenset(quantity.key for quantity in FAMILIES[Family.ENERGY])


def enabled_by_default(keys: Collection[str]) -> frozenset[str]:
    """Return which of a load's quantities are enabled by default, given the keys of all that it publishes.

    A quantity with `stands_in_for` is enabled if its load has none of those: a P1 meter, for example, has tariffs but no
    total. If there are more than `MAX_ENABLED`, energy comes first, then the order of the table; phases or tariffs that
    do not all fit are all left out. Unknown keys are ignored.
    """
    published = frozenset(keys)
    wanted = [
        key
        for key, quantity in QUANTITIES.items()
        if key in published
        and (quantity.enabled_default or (quantity.stands_in_for and published.isdisjoint(quantity.stands_in_for)))
    ]
    wanted.sort(key=lambda key: key not in _ENERGY_KEYS)
    enabled: list[str] = []
    for _, alike in groupby(wanted, key=lambda key: QUANTITIES[key].translation_key):
        together = list(alike)
        if len(enabled) + len(together) <= MAX_ENABLED:
            enabled += together
    return frozenset(enabled)
