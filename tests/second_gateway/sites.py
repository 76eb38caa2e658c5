"""Sites from a seed: a house with a photovoltaic plant, a flat with a P1 port only, a workshop of three-phase meters."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
import random
from typing import Final

from .curves import Curve, by_hour, combine, constant, drifting, plus, solar, switching
from .meters import Line, Quantity, gas_meter, p1_meter, run_time, single_phase, three_phase
from .model import Device, Load, Signal, Site

#: The code that the document shows, with a reading of 230.4.
VOLTAGE_CODE: Final = 29


class Builder:
    """Assigns UIDs and codes, and collects devices, loads and signals."""

    def __init__(self, seed: int) -> None:
        """Draw everything from one seed."""
        self.rng = random.Random(seed)
        self.site = Site()
        self._uid = 0
        self._codes: dict[str, int] = {"voltage_l1": VOLTAGE_CODE}
        self._free = [code for code in range(1, 900) if code != VOLTAGE_CODE]
        self.rng.shuffle(self._free)
        self.kilowatts = self.rng.random() < 0.5
        self.watt_hours = self.rng.random() < 0.4

    def _next_uid(self) -> int:
        self._uid += self.rng.choice((1, 1, 1, 2, 5, 17))
        return self._uid

    def device(self, label: str, part_number: str, system: str) -> Device:
        """Add a device."""
        device = Device(self._next_uid(), label, part_number, system)
        self.site.devices[device.uid] = device
        return device

    def load(self, label: str, device: Device | None, protocol: str, rhythm: float = 1.0) -> Load:
        """Add a load."""
        uid = self._next_uid()
        index = 1 + sum(load.device == (device and device.uid) for load in self.site.loads.values())
        load = Load(uid, label, device.uid if device else None, protocol, index, rhythm=rhythm)
        self.site.loads[uid] = load
        return load

    def signals(self, load: Load, quantities: list[Quantity]) -> None:
        """Add the signals of a load, with the site's own units."""
        for quantity in quantities:
            scale, step = self._unit(quantity)
            start = self.rng.uniform(10, 90_000) if quantity.counter else 0.0
            code = self._codes.get(quantity.name) or self._codes.setdefault(quantity.name, self._free.pop())
            uid = self._next_uid()
            self.site.signals[uid] = Signal(
                uid=uid,
                code=code,
                quantity=quantity.name,
                load=load.uid,
                device=load.device,
                curve=quantity.curve,
                unit=quantity.unit,
                scale=scale,
                step=step,
                counter=quantity.counter,
                start=start * (1000 if quantity.unit == "J" and scale > 1e-6 else 1),
            )

    def _unit(self, quantity: Quantity) -> tuple[float, float]:
        """Return the printed units per SI unit, and the smallest step."""
        if fixed := quantity.fixed:
            return fixed
        match quantity.unit:
            case "W" | "var" | "VA":
                return (0.001, 0.001) if self.kilowatts else (1.0, 0.1)
            case "J" | "vars":
                return (1 / 3600, 1.0) if self.watt_hours else (1 / 3_600_000, 0.001)
            case "V":
                return 1.0, 0.1
            case "A":
                return 1.0, 0.001
            case _:
                return 1.0, 0.01

    def finish(self) -> Site:
        """Return the site with its maps in random order, as JSON has none."""
        self._shuffle(self.site.devices)
        self._shuffle(self.site.loads)
        self._shuffle(self.site.signals)
        return self.site

    def _shuffle[T](self, listed: dict[int, T]) -> None:
        items = list(listed.items())
        self.rng.shuffle(items)
        listed.clear()
        listed.update(items)


def _lines(rng: random.Random, voltages: list[Curve], powers: list[Curve], tangent: float) -> list[Line]:
    """Return phases with their own reactive power."""
    lines = []
    for voltage, power in zip(voltages, powers, strict=True):
        ratio, base = tangent * rng.uniform(0.7, 1.3), rng.uniform(2, 15)
        reactive = combine(lambda value, ratio=ratio, base=base: abs(value) * ratio + base, power)
        lines.append(Line(voltage, power, reactive))
    return lines


def _voltages(rng: random.Random) -> list[Curve]:
    return [drifting(rng, rng.uniform(228, 234), 1.2) for _ in range(3)]


def _house(builder: Builder) -> None:
    rng = builder.rng
    voltages, frequency = _voltages(rng), drifting(rng, 50, 0.02)
    base = [switching(rng, [60, 90, 150, 400, 1200, 2100], hold) for hold in (9, 14, 22)]
    pump = [switching(rng, [0, 12, 700, 1100], 45) for _ in range(3)]
    sun = solar(rng, rng.uniform(3500, 6000))
    grid = [plus(base[0], pump[0], combine(lambda value: -value, sun)), plus(base[1], pump[1]), plus(base[2], pump[2])]

    main = builder.device("Main meter", "EM340DINAV23XS1X", "3P")
    load = builder.load("Grid", main, "meterBus")
    builder.signals(load, three_phase(_lines(rng, voltages, grid, 0.2), frequency, export=True))

    heat = builder.device("Heat pump", "EM330DINAV53HS1X", "3P")
    load = builder.load("Heat pump", heat, "rtu")
    builder.signals(load, three_phase(_lines(rng, voltages, pump, 0.5), frequency))
    builder.signals(load, [run_time(plus(*pump))])

    plant = builder.device("Dach Süd ☀", "EM111DINAV81XS1X", "1P")
    load = builder.load("PV", plant, "rtu", rhythm=5)
    sign = rng.choice((1, -1))
    produced = combine(lambda value: sign * value, sun)
    builder.signals(load, single_phase(_lines(rng, voltages[:1], [produced], 0.05)[0], frequency, export=sign < 0))


def _flat(builder: Builder) -> None:
    rng = builder.rng
    voltages = _voltages(rng)
    powers = [switching(rng, [30, 55, 80, 350, 900, 2000], hold) for hold in (11, 17, 31)]
    port = builder.device("Slimme meter", "P1", "3P")
    load = builder.load("P1", port, "P1", rhythm=10)
    tariff = by_hour(lambda hour: 2.0 if 6 <= hour < 22 else 1.0)
    builder.signals(load, p1_meter([Line(u, p, constant(0)) for u, p in zip(voltages, powers, strict=True)], tariff))
    gas = builder.load("Gas", port, "P1", rhythm=3600)
    builder.signals(gas, gas_meter(switching(rng, [0, 0, 1e-4, 4e-4], 25, noise=0)))


def _workshop(builder: Builder) -> None:
    rng = builder.rng
    voltages, frequency = _voltages(rng), drifting(rng, 50, 0.02)
    machines = {
        "Lathe": [0, 15, 1800, 2600],
        "Compressor": [0, 0, 3900],
        "Wallbox": [2, 2, 3600, 7200],
        "Lights & sockets": [80, 350, 900],
    }
    total: list[list[Curve]] = [[], [], []]
    panel = builder.device("Panel", "EM530DINAV53XS1X", "3P")
    for label, levels in machines.items():
        powers = [switching(rng, [float(level) for level in levels], rng.randint(10, 60)) for _ in range(3)]
        for phase, power in enumerate(powers):
            total[phase].append(power)
        load = builder.load(label, panel, "tcp")
        builder.signals(load, three_phase(_lines(rng, voltages, powers, rng.uniform(0.1, 0.6)), frequency))
    supply = builder.device("Supply", "EM24DINAV23XE1X", "3P")
    load = builder.load("Supply", supply, "tcp", rhythm=2)
    lines = _lines(rng, voltages, [plus(*parts) for parts in total], 0.3)
    builder.signals(load, three_phase(lines, frequency, export=True))


SITES: Final[dict[str, Callable[[Builder], None]]] = {"house": _house, "flat": _flat, "workshop": _workshop}


@cache
def _drawn(kind: str, seed: int) -> Site:
    """Draw a site once: its curves take long to compute, and never change."""
    builder = Builder(seed)
    SITES[kind](builder)
    return builder.finish()


def build_site(kind: str, seed: int, installed: float = 0.0) -> Site:
    """Build a site; counters stand at their start at the instant of installation."""
    drawn = _drawn(kind, seed)
    return Site(
        {uid: replace(device) for uid, device in drawn.devices.items()},
        {uid: replace(load) for uid, load in drawn.loads.items()},
        {uid: replace(signal) for uid, signal in drawn.signals.items()},
        installed,
    )
