"""How each quantity is read off a meter; inner units are V, A, W, var, VA, Wh, varh, VAh, h, °C, m³."""

from collections.abc import Callable

import numpy as np

from .grid import Area
from .meter import Snapshot
from .noise import Floats
from .quantities import Quantity

type Reading = Callable[[Snapshot], Floats]

Q = Quantity


def _import(at: Snapshot, phase: int) -> Floats:
    """Return the energy that a phase of the meter imported in Wh; in easy connection what it exported too."""
    area: Floats = at.areas[Area.IMPORT_L1 + at.meter.wiring[phase]]
    return 2 * area - at.areas[Area.NET_L1 + at.meter.wiring[phase]] if at.meter.easy else area


def _export(at: Snapshot, phase: int) -> Floats:
    """Return the energy that a phase of the meter exported in Wh."""
    if at.meter.easy:
        return at.constant(0.0)
    net: Floats = at.areas[Area.NET_L1 + at.meter.wiring[phase]]
    return _import(at, phase) - net


def _phase(phase: int) -> dict[str, Reading]:
    """Return the readings of one phase (0 to 2), by the quantity's name without its phase."""
    return {
        "voltage": lambda at: at.voltage[phase],
        "current": lambda at: at.current[phase],
        "active_power": lambda at: at.shown_power(at.active[phase]),
        "power_import": lambda at: np.maximum(at.active[phase], 0.0),
        "power_export": lambda at: np.maximum(-at.active[phase], 0.0),
        "reactive_power": lambda at: at.reactive[phase],
        "apparent_power": lambda at: at.apparent[phase],
        "power_factor": lambda at: at.power_factor(phase),
        "energy_import": lambda at: _import(at, phase),
        "energy_export": lambda at: _export(at, phase),
        "thd_voltage": lambda at: at.distortion(phase, current=False),
        "thd_current": lambda at: at.distortion(phase, current=True),
    }


def _voltage_ln(at: Snapshot) -> Floats:
    """Return the mean of the phase voltages in V."""
    mean: Floats = at.voltage.mean(axis=0)
    return mean


def _voltage_ll(at: Snapshot) -> Floats:
    """Return the mean of the line voltages in V."""
    if len(at.meter.wiring) < 3:
        return at.line_voltage(0, 1)
    return (at.line_voltage(0, 1) + at.line_voltage(1, 2) + at.line_voltage(2, 0)) / 3.0


def _imported(at: Snapshot, areas: Floats) -> Floats:
    """Return the imported energy in Wh; in easy connection what was exported too."""
    imported: Floats = 2 * areas[Area.IMPORT] - areas[Area.NET] if at.meter.easy else areas[Area.IMPORT]
    return imported


def _sold(at: Snapshot, areas: Floats) -> Floats:
    """Return the exported energy in Wh; in easy connection none is counted."""
    return 0.0 * areas[Area.IMPORT] if at.meter.easy else _exported(areas)


def _first_tariff(at: Snapshot) -> Floats:
    """Return the energy in Wh that the first tariff imported; in easy connection what it exported too."""
    first: Floats = at.areas[Area.IMPORT_T1]
    return 2 * first - at.areas[Area.NET_T1] if at.meter.easy else first


def _exported(areas: Floats) -> Floats:
    """Return the exported energy in Wh: what was imported less the net energy."""
    exported: Floats = areas[Area.IMPORT] - areas[Area.NET]
    return exported


READINGS: dict[Quantity, Reading] = {
    Q(f"{name}_l{phase + 1}"): reading for phase in range(3) for name, reading in _phase(phase).items()
} | {
    Q.VOLTAGE_LN: _voltage_ln,
    Q.VOLTAGE_L1_L2: lambda at: at.line_voltage(0, 1),
    Q.VOLTAGE_L2_L3: lambda at: at.line_voltage(1, 2),
    Q.VOLTAGE_L3_L1: lambda at: at.line_voltage(2, 0),
    Q.VOLTAGE_LL: _voltage_ll,
    Q.CURRENT_N: Snapshot.neutral_current,
    Q.ACTIVE_POWER: lambda at: at.shown_power(at.active[-1]),
    Q.POWER_IMPORT: lambda at: np.maximum(at.active[-1], 0.0),
    Q.POWER_EXPORT: lambda at: np.maximum(-at.active[-1], 0.0),
    Q.REACTIVE_POWER: lambda at: at.reactive[-1],
    Q.APPARENT_POWER: lambda at: at.apparent[-1],
    Q.POWER_FACTOR: lambda at: at.power_factor(-1),
    Q.FREQUENCY: lambda at: at.meter.supply.frequency(at.minutes, at.part),
    Q.ENERGY_IMPORT: lambda at: _imported(at, at.areas),
    Q.ENERGY_IMPORT_T1: _first_tariff,
    Q.ENERGY_IMPORT_T2: lambda at: _imported(at, at.areas) - _first_tariff(at),
    Q.ENERGY_IMPORT_PARTIAL: lambda at: at.since_reset(lambda areas: _imported(at, areas)),
    Q.ENERGY_EXPORT: lambda at: _sold(at, at.areas),
    Q.ENERGY_EXPORT_T1: lambda at: at.areas[Area.IMPORT_T1] - at.areas[Area.NET_T1],
    Q.ENERGY_EXPORT_T2: lambda at: _exported(at.areas) - (at.areas[Area.IMPORT_T1] - at.areas[Area.NET_T1]),
    Q.ENERGY_EXPORT_PARTIAL: lambda at: at.since_reset(lambda areas: _sold(at, areas)),
    Q.ENERGY_NET: lambda at: at.areas[Area.NET],
    Q.REACTIVE_ENERGY_IMPORT: lambda at: at.areas[Area.REACTIVE_IMPORT],
    Q.REACTIVE_ENERGY_EXPORT: lambda at: at.areas[Area.REACTIVE_IMPORT] - at.areas[Area.REACTIVE_NET],
    Q.REACTIVE_ENERGY_IMPORT_PARTIAL: lambda at: at.since_reset(lambda areas: areas[Area.REACTIVE_IMPORT]),
    Q.REACTIVE_ENERGY_EXPORT_PARTIAL: lambda at: at.since_reset(
        lambda areas: areas[Area.REACTIVE_IMPORT] - areas[Area.REACTIVE_NET]
    ),
    Q.APPARENT_ENERGY: lambda at: at.areas[Area.APPARENT],
    Q.APPARENT_ENERGY_PARTIAL: lambda at: at.since_reset(lambda areas: areas[Area.APPARENT]),
    Q.RUN_HOURS_PARTIAL: lambda at: at.since_reset(lambda areas: areas[Area.RUNNING]),
    Q.DEMAND: Snapshot.demand,
    Q.PEAK_DEMAND: Snapshot.peak_demand,
    Q.RUN_HOURS: lambda at: at.areas[Area.RUNNING],
    Q.PHASE_SEQUENCE: lambda at: at.constant(0.0),
    Q.TARIFF: Snapshot.first_tariff,
    Q.STATUS: lambda at: at.constant(1.0),
    Q.ALARM: Snapshot.alarm,
    Q.TEMPERATURE: lambda at: at.temperature(20.5, 0.12),
    Q.GAS_VOLUME: lambda at: at.areas[Area.IMPORT] / 1000.0,
    Q.WATER_VOLUME: lambda at: at.areas[Area.IMPORT] / 1000.0,
    Q.HEAT_ENERGY: lambda at: at.areas[Area.IMPORT],
    Q.HEAT_POWER: lambda at: at.active[-1],
    Q.FLOW_TEMPERATURE: lambda at: at.temperature(36.0, -0.5) + at.active[-1] / 900.0,
    Q.RETURN_TEMPERATURE: lambda at: at.temperature(32.0, -0.4),
}
"""How each quantity is read."""


def read(at: Snapshot, quantity: Quantity) -> Floats:
    """Return a quantity at the snapshot's times in inner units."""
    return READINGS[quantity](at)
