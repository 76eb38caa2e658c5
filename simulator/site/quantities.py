"""What a meter can measure, by the simulator's own names, which no client has to share."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Dimension(Enum):
    """Quantities that share a unit and a number of decimals."""

    VOLTAGE = auto()
    CURRENT = auto()
    ACTIVE_POWER = auto()
    REACTIVE_POWER = auto()
    APPARENT_POWER = auto()
    POWER_FACTOR = auto()
    FREQUENCY = auto()
    ACTIVE_ENERGY = auto()
    REACTIVE_ENERGY = auto()
    APPARENT_ENERGY = auto()
    DISTORTION = auto()
    DURATION = auto()
    TEMPERATURE = auto()
    VOLUME = auto()
    CODE = auto()


class Quantity(StrEnum):
    """A quantity; its value is the key that the truth of a site gives."""

    VOLTAGE_L1 = "voltage_l1"
    VOLTAGE_L2 = "voltage_l2"
    VOLTAGE_L3 = "voltage_l3"
    VOLTAGE_LN = "voltage_ln"
    VOLTAGE_L1_L2 = "voltage_l1_l2"
    VOLTAGE_L2_L3 = "voltage_l2_l3"
    VOLTAGE_L3_L1 = "voltage_l3_l1"
    VOLTAGE_LL = "voltage_ll"
    CURRENT_L1 = "current_l1"
    CURRENT_L2 = "current_l2"
    CURRENT_L3 = "current_l3"
    CURRENT_N = "current_n"
    ACTIVE_POWER = "active_power"
    ACTIVE_POWER_L1 = "active_power_l1"
    ACTIVE_POWER_L2 = "active_power_l2"
    ACTIVE_POWER_L3 = "active_power_l3"
    POWER_IMPORT = "power_import"
    POWER_IMPORT_L1 = "power_import_l1"
    POWER_IMPORT_L2 = "power_import_l2"
    POWER_IMPORT_L3 = "power_import_l3"
    POWER_EXPORT = "power_export"
    POWER_EXPORT_L1 = "power_export_l1"
    POWER_EXPORT_L2 = "power_export_l2"
    POWER_EXPORT_L3 = "power_export_l3"
    REACTIVE_POWER = "reactive_power"
    REACTIVE_POWER_L1 = "reactive_power_l1"
    REACTIVE_POWER_L2 = "reactive_power_l2"
    REACTIVE_POWER_L3 = "reactive_power_l3"
    APPARENT_POWER = "apparent_power"
    APPARENT_POWER_L1 = "apparent_power_l1"
    APPARENT_POWER_L2 = "apparent_power_l2"
    APPARENT_POWER_L3 = "apparent_power_l3"
    POWER_FACTOR = "power_factor"
    POWER_FACTOR_L1 = "power_factor_l1"
    POWER_FACTOR_L2 = "power_factor_l2"
    POWER_FACTOR_L3 = "power_factor_l3"
    FREQUENCY = "frequency"
    ENERGY_IMPORT = "energy_import"
    ENERGY_IMPORT_L1 = "energy_import_l1"
    ENERGY_IMPORT_L2 = "energy_import_l2"
    ENERGY_IMPORT_L3 = "energy_import_l3"
    ENERGY_IMPORT_T1 = "energy_import_t1"
    ENERGY_IMPORT_T2 = "energy_import_t2"
    ENERGY_IMPORT_PARTIAL = "energy_import_partial"
    ENERGY_EXPORT = "energy_export"
    ENERGY_EXPORT_L1 = "energy_export_l1"
    ENERGY_EXPORT_L2 = "energy_export_l2"
    ENERGY_EXPORT_L3 = "energy_export_l3"
    ENERGY_EXPORT_T1 = "energy_export_t1"
    ENERGY_EXPORT_T2 = "energy_export_t2"
    ENERGY_EXPORT_PARTIAL = "energy_export_partial"
    ENERGY_NET = "energy_net"
    REACTIVE_ENERGY_IMPORT = "reactive_energy_import"
    REACTIVE_ENERGY_EXPORT = "reactive_energy_export"
    REACTIVE_ENERGY_IMPORT_PARTIAL = "reactive_energy_import_partial"
    APPARENT_ENERGY = "apparent_energy"
    DEMAND = "demand"
    PEAK_DEMAND = "peak_demand"
    THD_VOLTAGE_L1 = "thd_voltage_l1"
    THD_VOLTAGE_L2 = "thd_voltage_l2"
    THD_VOLTAGE_L3 = "thd_voltage_l3"
    THD_CURRENT_L1 = "thd_current_l1"
    THD_CURRENT_L2 = "thd_current_l2"
    THD_CURRENT_L3 = "thd_current_l3"
    RUN_HOURS = "run_hours"
    PHASE_SEQUENCE = "phase_sequence"
    TARIFF = "tariff"
    STATUS = "status"
    ALARM = "alarm"
    TEMPERATURE = "temperature"
    GAS_VOLUME = "gas_volume"
    WATER_VOLUME = "water_volume"
    HEAT_ENERGY = "heat_energy"
    HEAT_POWER = "heat_power"
    FLOW_TEMPERATURE = "flow_temperature"
    RETURN_TEMPERATURE = "return_temperature"
    # Codes are drawn in this order: new quantities go to the end, so that the codes of a seed do not change.
    REACTIVE_ENERGY_EXPORT_PARTIAL = "reactive_energy_export_partial"
    APPARENT_ENERGY_PARTIAL = "apparent_energy_partial"
    RUN_HOURS_PARTIAL = "run_hours_partial"


_BY_PREFIX: tuple[tuple[str, Dimension], ...] = (
    ("voltage", Dimension.VOLTAGE),
    ("current", Dimension.CURRENT),
    ("active_power", Dimension.ACTIVE_POWER),
    ("power_factor", Dimension.POWER_FACTOR),
    ("power_", Dimension.ACTIVE_POWER),
    ("reactive_power", Dimension.REACTIVE_POWER),
    ("apparent_power", Dimension.APPARENT_POWER),
    ("frequency", Dimension.FREQUENCY),
    ("energy", Dimension.ACTIVE_ENERGY),
    ("reactive_energy", Dimension.REACTIVE_ENERGY),
    ("apparent_energy", Dimension.APPARENT_ENERGY),
    ("demand", Dimension.ACTIVE_POWER),
    ("peak_demand", Dimension.ACTIVE_POWER),
    ("thd", Dimension.DISTORTION),
    ("run_hours", Dimension.DURATION),
    ("temperature", Dimension.TEMPERATURE),
    ("flow_temperature", Dimension.TEMPERATURE),
    ("return_temperature", Dimension.TEMPERATURE),
    ("gas_volume", Dimension.VOLUME),
    ("water_volume", Dimension.VOLUME),
    ("heat_energy", Dimension.ACTIVE_ENERGY),
    ("heat_power", Dimension.ACTIVE_POWER),
)


def _dimension(quantity: Quantity) -> Dimension:
    """Return the dimension that a quantity's name begins with."""
    return next((found for prefix, found in _BY_PREFIX if quantity.startswith(prefix)), Dimension.CODE)


DIMENSIONS: dict[Quantity, Dimension] = {quantity: _dimension(quantity) for quantity in Quantity}

_COUNTED = frozenset(
    {
        Dimension.ACTIVE_ENERGY,
        Dimension.REACTIVE_ENERGY,
        Dimension.APPARENT_ENERGY,
        Dimension.DURATION,
        Dimension.VOLUME,
    }
)


def is_counter(quantity: Quantity) -> bool:
    """Return whether the quantity is a meter reading that history rows give as it stands, not as a mean."""
    return DIMENSIONS[quantity] in _COUNTED


@dataclass(frozen=True, slots=True)
class Scale:
    """How a dimension is written: a unit, the factor from the SI-like inner unit to it, and its decimals."""

    unit: str
    factor: float
    decimals: int


def scales(
    *, kilowatts: bool, kilowatt_hours: bool, counter_decimals: int | None, coarse: bool = False
) -> dict[Dimension, Scale]:
    """Return the scale of every dimension (inner units: V, A, W, var, VA, Wh, h, °C, m³).

    Coarse are steps of 0.1 A, 0.1 Hz and 0.1 kWh.
    """
    kilo, power, power_decimals = ("k", 1e-3, 4) if kilowatts else ("", 1.0, 1)
    count, energy, energy_decimals = ("k", 1e-3, 3) if kilowatt_hours else ("", 1.0, 0)
    if counter_decimals is not None:
        energy_decimals = counter_decimals
    if coarse:
        energy_decimals = 1 if kilowatt_hours else -2
    return {
        Dimension.VOLTAGE: Scale("V", 1.0, 1),
        Dimension.CURRENT: Scale("A", 1.0, 1 if coarse else 3),
        Dimension.ACTIVE_POWER: Scale(f"{kilo}W", power, power_decimals),
        Dimension.REACTIVE_POWER: Scale(f"{kilo}var", power, power_decimals),
        Dimension.APPARENT_POWER: Scale(f"{kilo}VA", power, power_decimals),
        Dimension.POWER_FACTOR: Scale("", 1.0, 3),
        Dimension.FREQUENCY: Scale("Hz", 1.0, 1 if coarse else 2),
        Dimension.ACTIVE_ENERGY: Scale(f"{count}Wh", energy, energy_decimals),
        Dimension.REACTIVE_ENERGY: Scale(f"{count}varh", energy, energy_decimals),
        Dimension.APPARENT_ENERGY: Scale(f"{count}VAh", energy, energy_decimals),
        Dimension.DISTORTION: Scale("%", 1.0, 1),
        Dimension.DURATION: Scale("h", 1.0, 2),
        Dimension.TEMPERATURE: Scale("°C", 1.0, 1),
        Dimension.VOLUME: Scale("m³", 1.0, 3),
        Dimension.CODE: Scale("", 1.0, 0),
    }
