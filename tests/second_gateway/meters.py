"""The quantities that a meter publishes, as curves of the phases that it measures."""

from dataclasses import dataclass
import math

from .curves import Curve, combine, negative, plus, positive


@dataclass(frozen=True)
class Line:
    """One phase: voltage in V, active power in W (positive for import), reactive power in var."""

    voltage: Curve
    power: Curve
    reactive: Curve


@dataclass(frozen=True)
class Quantity:
    """A quantity with its SI unit; `fixed` is a scale and a step that no site changes."""

    name: str
    curve: Curve
    unit: str
    counter: bool = False
    fixed: tuple[float, float] | None = None


def _apparent(line: Line) -> Curve:
    return combine(math.hypot, line.power, line.reactive)


def _current(line: Line) -> Curve:
    return combine(lambda apparent, voltage: apparent / voltage, _apparent(line), line.voltage)


def _factor(power: Curve, apparent: Curve) -> Curve:
    return combine(lambda active, total: active / total if total else 1.0, power, apparent)


def _line_voltage(one: Line, two: Line) -> Curve:
    """Return the voltage between two phases, 120 degrees apart."""
    return combine(lambda a, b: math.sqrt(a * a + b * b + a * b), one.voltage, two.voltage)


def _phase(number: int, line: Line) -> list[Quantity]:
    apparent = _apparent(line)
    suffix = f"l{number}"
    return [
        Quantity(f"voltage_{suffix}", line.voltage, "V"),
        Quantity(f"current_{suffix}", _current(line), "A"),
        Quantity(f"power_{suffix}", line.power, "W"),
        Quantity(f"reactive_power_{suffix}", line.reactive, "var"),
        Quantity(f"apparent_power_{suffix}", apparent, "VA"),
        Quantity(f"power_factor_{suffix}", _factor(line.power, apparent), ""),
    ]


def _system(power: Curve, reactive: Curve, frequency: Curve, *, export: bool) -> list[Quantity]:
    apparent = combine(math.hypot, power, reactive)
    quantities = [
        Quantity("power", power, "W"),
        Quantity("reactive_power", reactive, "var"),
        Quantity("apparent_power", apparent, "VA"),
        Quantity("power_factor", _factor(power, apparent), ""),
        Quantity("frequency", frequency, "Hz"),
        Quantity("energy_import", positive(power), "J", counter=True),
        Quantity("reactive_energy", positive(reactive), "vars", counter=True),
    ]
    if export:
        quantities.append(Quantity("energy_export", negative(power), "J", counter=True))
    return quantities


def three_phase(lines: list[Line], frequency: Curve, *, export: bool = False) -> list[Quantity]:
    """Return what a three-phase meter publishes; it counts the sum of the phases, not each of them."""
    pairs = [(lines[0], lines[1]), (lines[1], lines[2]), (lines[2], lines[0])]
    power = plus(*(line.power for line in lines))
    reactive = plus(*(line.reactive for line in lines))
    return [
        *(quantity for number, line in enumerate(lines, 1) for quantity in _phase(number, line)),
        *(
            Quantity(f"voltage_{name}", _line_voltage(*pair), "V")
            for name, pair in zip(("l12", "l23", "l31"), pairs, strict=True)
        ),
        *_system(power, reactive, frequency, export=export),
    ]


def single_phase(line: Line, frequency: Curve, *, export: bool = False) -> list[Quantity]:
    """Return what a single-phase meter publishes: voltage and current of its phase, the rest as the system's."""
    return [
        Quantity("voltage_l1", line.voltage, "V"),
        Quantity("current_l1", _current(line), "A"),
        *_system(line.power, line.reactive, frequency, export=export),
    ]


def p1_meter(lines: list[Line], tariff: Curve) -> list[Quantity]:
    """Return a P1 port: whole amperes, kilowatts in three decimals, energy by tariff."""
    power = plus(*(line.power for line in lines))

    def counted(number: float, part: Curve) -> Curve:
        return combine(lambda active, running: active if running == number else 0.0, part, tariff)

    kilowatt, kilowatt_hour = (0.001, 0.001), (1 / 3_600_000, 0.001)
    quantities = [Quantity("tariff", tariff, "", fixed=(1.0, 1.0))]
    for number in (1, 2):
        for name, part in (("import", positive(power)), ("export", negative(power))):
            curve = counted(number, part)
            quantities.append(Quantity(f"energy_{name}_t{number}", curve, "J", counter=True, fixed=kilowatt_hour))
    quantities.append(Quantity("power_import", positive(power), "W", fixed=kilowatt))
    quantities.append(Quantity("power_export", negative(power), "W", fixed=kilowatt))
    for number, line in enumerate(lines, 1):
        quantities += [
            Quantity(f"voltage_l{number}", line.voltage, "V"),
            Quantity(f"current_l{number}", _current(line), "A", fixed=(1.0, 1.0)),
            Quantity(f"power_import_l{number}", positive(line.power), "W", fixed=kilowatt),
        ]
    return quantities


def gas_meter(flow: Curve) -> list[Quantity]:
    """Return a gas meter; the flow is in m³/s."""
    return [Quantity("gas_volume", flow, "m3s", counter=True, fixed=(1.0, 0.001))]


def run_time(power: Curve) -> Quantity:
    """Return the hours in which a load took more than 100 W: a counter that counts no energy."""
    on = combine(lambda value: float(value > 100), power)
    return Quantity("run_hours", on, "s", counter=True, fixed=(1 / 3600, 0.01))
