"""The meters behind a gateway, with the quantities that their makers publish."""

from dataclasses import dataclass, field

from .quantities import Dimension, Quantity

Q = Quantity


def _quantities(*names: str) -> tuple[Quantity, ...]:
    """Return quantities by their names; `voltage_l*` stands for all three phases."""
    expanded: list[str] = []
    for name in names:
        expanded += [name.replace("*", str(phase)) for phase in (1, 2, 3)] if "*" in name else [name]
    return tuple(Quantity(name) for name in expanded)


_MEANINGLESS = frozenset({Q.VOLTAGE_LN, Q.VOLTAGE_LL, Q.CURRENT_N, Q.PHASE_SEQUENCE})
_KEPT = ("voltage_", "current_", "thd_")
"""On one phase a meter shows no value of a phase beside its total, and no means over phases."""

_PARTIALS = {Q(name.removesuffix("_partial")): Q(name) for name in Q if name.endswith("_partial")}


@dataclass(frozen=True, slots=True)
class MeterType:
    """A kind of meter."""

    part_number: str
    quantities: tuple[Quantity, ...]
    decimals: dict[Dimension, int] = field(default_factory=dict)
    """Where this meter shows more or fewer decimals than others."""

    def on(self, phases: int, *, partials: bool = False) -> tuple[Quantity, ...]:
        """Return what the meter publishes when it is connected to so many phases, with a partial for each counter."""
        absent = {f"_l{phase}" for phase in (1, 2, 3) if phase > phases}
        there = [q for q in self.quantities if not any(phase in q for phase in absent)]
        if partials:
            there += [_PARTIALS[q] for q in there if q in _PARTIALS and _PARTIALS[q] not in there]
        if phases > 1:
            return tuple(there)
        return tuple(q for q in there if q not in _MEANINGLESS and ("_l1" not in q or q.startswith(_KEPT)))


_LINES = ("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1")
_THREE_PHASE = (
    "voltage_l*",
    *_LINES,
    "current_l*",
    "active_power_l*",
    "apparent_power_l*",
    "reactive_power_l*",
    "voltage_ln",
    "voltage_ll",
    "active_power",
    "apparent_power",
    "reactive_power",
    "power_factor_l*",
    "power_factor",
    "phase_sequence",
    "frequency",
    "energy_import",
    "reactive_energy_import",
    "demand",
    "peak_demand",
)
_SINGLE_PHASE = (
    "voltage_l1",
    "current_l1",
    "active_power",
    "apparent_power",
    "reactive_power",
    "demand",
    "peak_demand",
    "power_factor",
    "frequency",
    "energy_import",
    "reactive_energy_import",
    "energy_import_partial",
    "reactive_energy_import_partial",
    "energy_export",
    "reactive_energy_export",
    "run_hours",
)

BUILT_IN = MeterType(
    "EMS10AV5S1X",
    _quantities(
        *_THREE_PHASE,
        "current_n",
        "energy_export",
        "reactive_energy_export",
        "energy_net",
        "energy_import_l*",
        "energy_export_l*",
        "apparent_energy",
        "thd_voltage_l*",
        "thd_current_l*",
        "run_hours",
        "status",
        "alarm",
    ),
)
EM111 = MeterType("EM111DINAV81XS1X", _quantities(*_SINGLE_PHASE, "energy_import_t1", "energy_import_t2"))
EM112 = MeterType("EM112DINAV01XS1X", _quantities(*_SINGLE_PHASE))
EM24 = MeterType(
    "EM24DINAV93XISX",
    _quantities(
        *_THREE_PHASE,
        "energy_import_partial",
        "reactive_energy_import_partial",
        "energy_import_l*",
        "energy_import_t1",
        "energy_import_t2",
        "energy_export",
        "reactive_energy_export",
        "run_hours",
        "tariff",
    ),
)
EM340 = MeterType(
    "EM340DINAV23XS1X",
    _quantities(
        *_THREE_PHASE,
        "energy_import_partial",
        "energy_import_l*",
        "energy_import_t1",
        "energy_import_t2",
        "energy_export",
        "run_hours",
    ),
)
EM530 = MeterType(
    "EM530DINAV53XS1X",
    _quantities(
        *_THREE_PHASE,
        "current_n",
        "energy_export",
        "reactive_energy_export",
        "energy_import_partial",
        "energy_export_partial",
        "energy_import_l*",
        "apparent_energy",
        "thd_voltage_l*",
        "thd_current_l*",
        "run_hours",
        "tariff",
    ),
)
WM15 = MeterType(
    "WM1596AV53X",
    _quantities(
        "voltage_l*",
        *_LINES,
        "voltage_ln",
        "voltage_ll",
        "current_l*",
        "current_n",
        "active_power_l*",
        "active_power",
        "apparent_power",
        "reactive_power",
        "power_factor",
        "frequency",
        "thd_voltage_l*",
        "thd_current_l*",
        "demand",
        "energy_import",
        "energy_export",
        "reactive_energy_import",
        "reactive_energy_export",
        "run_hours",
        "alarm",
    ),
)
P1 = MeterType(
    "DSMR 5",
    _quantities(
        "energy_import_t1",
        "energy_import_t2",
        "energy_export_t1",
        "energy_export_t2",
        "tariff",
        "power_import",
        "power_export",
        "voltage_l*",
        "current_l*",
        "power_import_l*",
        "power_export_l*",
    ),
    {Dimension.CURRENT: 0},
)
VIRTUAL = MeterType("Virtual", (Q.ACTIVE_POWER, Q.ENERGY_IMPORT))
TEMPERATURE = MeterType("VMU-P", (Q.TEMPERATURE,))
GAS = MeterType("VMU-MC", (Q.GAS_VOLUME,))
WATER = MeterType("VMU-MC", (Q.WATER_VOLUME,))
HEAT = MeterType("VMU-MC", (Q.HEAT_ENERGY, Q.HEAT_POWER, Q.FLOW_TEMPERATURE, Q.RETURN_TEMPERATURE))

RARELY_WANTED = frozenset(q for q in Quantity if q.startswith(("thd_", "phase_sequence", "alarm", "apparent_power_l")))
"""Quantities that an installer may have left switched off."""
