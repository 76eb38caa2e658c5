"""A model for the tests of laws and proofs, independent of the simulator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import cos, hypot, pi, sin, sqrt
import random

from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series

MINUTES = 1440
START = 1_750_032_000.0
QUARTER = 15
#: Afternoon and night of working days: a counter of one of two tariffs stands still in between.
TIMES = [START + 60.0 * (minute + 1) for minute in range(MINUTES)]

type Rows = list[float]


def walk(chance: random.Random, level: float, step: float, low: float, high: float) -> Rows:
    """Return a random walk between two bounds."""
    values = [level]
    for _ in range(MINUTES - 1):
        values.append(min(high, max(low, values[-1] + chance.gauss(0, step))))
    return values


def stretches(chance: random.Random, sizes: Sequence[float], longest: int) -> Rows:
    """Return a power that switches between some sizes."""
    values: Rows = []
    while len(values) < MINUTES:
        size = chance.choice(sizes)
        values += [size * chance.uniform(0.97, 1.03) for _ in range(chance.randrange(5, longest))]
    return values[:MINUTES]


def counted(start: float, watts: Sequence[float]) -> Rows:
    """Return a counter in kWh of the positive power."""
    return [start + total for total in accumulate(max(0.0, one) / 60_000 for one in watts)]


@dataclass
class Plant:
    """Three phases with a meter on the connection, one on a machine and one on a single phase."""

    readings: dict[int, dict[str, Rows]] = field(default_factory=dict)

    @classmethod
    def build(cls, seed: int) -> Plant:
        """Draw a day."""
        chance = random.Random(seed)
        plant = cls()
        volts = [walk(chance, level, 0.12, 222, 240) for level in (229.0, 231.5, 233.0)]
        house = [stretches(chance, (80, 400, 1500, 2600), 40) for _ in range(3)]
        machine = [stretches(chance, (15, 900, 1400), 60) for _ in range(3)]
        sun = [max(0.0, sin(pi * (minute - 400) / 640)) for minute in range(MINUTES)]
        clouds = walk(chance, 0.8, 0.05, 0.2, 1.0)
        solar = [2200.0 * one * cloud for one, cloud in zip(sun, clouds, strict=True)]
        site = [[a + b - s for a, b, s in zip(h, m, solar, strict=True)] for h, m in zip(house, machine, strict=True)]
        tans = (0.15, 0.3, -0.2)
        reactive = [
            [t * a + 0.6 * b + 20 for a, b in zip(h, m, strict=True)]
            for t, h, m in zip(tans, house, machine, strict=True)
        ]
        plant.readings[1] = three_phases(volts, site, reactive, 5200.0)
        plant.readings[2] = three_phases(volts, machine, [[0.6 * one + 8 for one in m] for m in machine], 900.0)
        plant.readings[3] = one_phase(volts[0], house[0], [0.15 * one + 5 for one in house[0]], 1300.0)
        hertz = [50 + 0.03 * sin(minute / 9) + chance.gauss(0, 0.008) for minute in range(MINUTES)]
        for load in (1, 2, 3):
            plant.readings[load]["frequency"] = hertz
        return plant

    def codes(self) -> dict[str, int]:
        """Return a code for each name, the phases in ascending order."""
        names = sorted({name for readings in self.readings.values() for name in readings})
        return {name: 3 * place + 5 for place, name in enumerate(names)}

    def series(self, codes: dict[str, int]) -> list[Series]:
        """Return the series in the gateway's history."""
        return [
            Series(
                uid=1000 * load + codes[name],
                code=codes[name],
                load_uid=load,
                device_uid=load,
                times=TIMES,
                values=[round(value, 4) for value in values],
            )
            for load, readings in self.readings.items()
            for name, values in readings.items()
        ]


def load(
    readings: dict[str, Rows], *, shift: float = 0.0, digits: int | None = None, system: str | None = None
) -> list[Series]:
    """Return one load with some readings, their codes ascending from 31."""
    times = [time + shift for time in TIMES]
    return [
        Series(
            uid=code,
            code=code,
            load_uid=1,
            device_uid=1,
            times=times,
            values=values if digits is None else [round(value, digits) for value in values],
            system=system,
        )
        for code, values in enumerate(readings.values(), start=31)
    ]


def certain(findings: dict[int, Finding]) -> dict[int, str]:
    """Return the certain meanings by code."""
    return {code: finding.candidates[0].text for code, finding in findings.items() if finding.certain}


def three_phases(volts: list[Rows], active: list[Rows], reactive: list[Rows], counter: float) -> dict[str, Rows]:
    """Return what a meter on three phases reads."""
    readings: dict[str, Rows] = {}
    apparent = [[hypot(p, q) for p, q in zip(*pair, strict=True)] for pair in zip(active, reactive, strict=True)]
    for phase in range(3):
        name = f"l{phase + 1}"
        readings[f"voltage_{name}"] = volts[phase]
        readings[f"current_{name}"] = [s / u for s, u in zip(apparent[phase], volts[phase], strict=True)]
        readings[f"active_power_{name}"] = active[phase]
        readings[f"apparent_power_{name}"] = apparent[phase]
        readings[f"reactive_power_{name}"] = reactive[phase]
        readings[f"power_factor_{name}"] = [p / s for p, s in zip(active[phase], apparent[phase], strict=True)]
        readings[f"energy_import_{name}"] = counted(counter * (0.3 + 0.02 * phase), active[phase])
    readings["voltage_mean"] = [sum(one) / 3 for one in zip(*volts, strict=True)]
    for first, second in ((0, 1), (1, 2), (2, 0)):
        pairs = zip(volts[first], volts[second], strict=True)
        key = "line_voltage_" + {(0, 1): "l1_l2", (1, 2): "l2_l3", (2, 0): "l3_l1"}[first, second]
        readings[key] = [sqrt(a * a + b * b + a * b) for a, b in pairs]
    phasors = [
        [complex(p, -q) / u * complex(cos(2 * pi * k / 3), -sin(2 * pi * k / 3)) for p, q, u in zip(*one, strict=True)]
        for k, one in enumerate(zip(active, reactive, volts, strict=True))
    ]
    readings["current_neutral"] = [abs(sum(one)) for one in zip(*phasors, strict=True)]
    return readings | totals([sum(one) for one in zip(*active, strict=True)], reactive, counter)


def one_phase(volts: Rows, active: Rows, reactive: Rows, counter: float) -> dict[str, Rows]:
    """Return what a meter on one phase reads."""
    amperes = [hypot(p, q) / u for p, q, u in zip(active, reactive, volts, strict=True)]
    return {"voltage_l1": volts, "current_l1": amperes} | totals(active, [reactive], counter)


def totals(active: Rows, reactive: list[Rows], counter: float) -> dict[str, Rows]:
    """Return the totals, the counters and the demand."""
    var = [sum(one) for one in zip(*reactive, strict=True)]
    apparent = [hypot(p, q) for p, q in zip(active, var, strict=True)]
    bought, sold = counted(counter, active), counted(counter / 3, [-one for one in active])
    return {
        "active_power": active,
        "apparent_power": apparent,
        "reactive_power": var,
        "power_factor": [p / s for p, s in zip(active, apparent, strict=True)],
        "energy_import": bought,
        "energy_export": sold,
        "energy_net": [plus - minus for plus, minus in zip(bought, sold, strict=True)],
        "energy_import_partial": [one - counter * 0.4 for one in bought],
        "energy_export_partial": [one - counter * 0.2 for one in sold],
        "apparent_energy": counted(counter * 1.4, apparent),
        "apparent_energy_partial": counted(counter * 0.9, apparent),
        "reactive_energy_import": counted(counter / 5, var),
        "reactive_energy_import_partial": counted(counter / 9, var),
        "active_power_demand": [
            sum(active[max(0, row - QUARTER + 1) : row + 1]) / min(QUARTER, row + 1) for row in range(MINUTES)
        ],
    }
