"""A house behind a gateway; a test or a switch turns its loads on and off."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
import math
import time
from typing import Final, override

from tests.second_gateway.curves import Curve
from tests.second_gateway.model import JOULE, WATT, Device, Load, Signal, Site

VOLTS: Final = 230.0
JOULES_PER_KWH: Final = 3.6e6
#: The integration's key of each quantity.
CODES: Final = {
    "active_power": 11,
    "energy_import": 12,
    "energy_export": 13,
    "current_l1": 14,
    "current_l2": 15,
    "current_l3": 16,
}


class Level(Curve):
    """A power in W that is constant until it is set."""

    def __init__(self, watts: float = 0.0) -> None:
        """Begin with a power."""
        super().__init__(lambda _: watts)
        self.times, self.watts = [-math.inf], [watts]

    def set(self, watts: float) -> None:
        """Change the power from now on."""
        self.times.append(time.time())
        self.watts.append(watts)

    @override
    def at(self, when: float) -> float:
        """Return the power at an instant."""
        return self.watts[bisect_right(self.times, when) - 1]


class Sum(Curve):
    """A function of the sum of levels."""

    def __init__(self, function: Callable[[float], float], *levels: Level) -> None:
        """Take the levels."""
        super().__init__(lambda _: 0.0)
        self._function, self._levels = function, levels

    @override
    def at(self, when: float) -> float:
        """Return the value at an instant."""
        return self._function(math.fsum(level.at(when) for level in self._levels))

    @override
    def integral(self, start: float, end: float) -> float:
        """Return the exact integral."""
        return math.fsum(seconds * value for seconds, value in self._steps(start, end))

    @override
    def profile(self, start: float, end: float) -> tuple[float, float, float]:
        """Return mean, least and greatest value over a span."""
        values = [value for _, value in self._steps(start, end)]
        return self.integral(start, end) / (end - start), min(values), max(values)

    def _steps(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        changes = {at for level in self._levels for at in level.times if start < at < end}
        marks = [start, *sorted(changes), end]
        for begin, stop in pairwise(marks):
            yield stop - begin, self.at(begin)


class Plant:
    """A main meter on three phases, and a washing machine with a meter of its own, on the first."""

    def __init__(self, *, kilowatts: bool = True) -> None:
        """Draw 300 W on each phase; the powers are printed in kW, or in W."""
        self.boiler, self.wallbox, self.sauna, self.washer, self.solar = (Level() for _ in range(5))
        base = [Level(300.0) for _ in range(3)]
        phases = [
            (base[0], self.boiler, self.washer),
            (base[1], self.wallbox),
            (base[2], self.sauna, self.solar),
        ]
        self._scale = (0.001, 0.001) if kilowatts else (1.0, 1.0)
        self.site = Site({}, {}, {}, time.time() - 3600)
        main = {f"current_l{number}": Sum(_amperes, *levels) for number, levels in enumerate(phases, 1)}
        self._load("Main", [level for levels in phases for level in levels], main)
        self._load("Washing machine", [self.washer], {})

    def _load(self, label: str, levels: list[Level], others: dict[str, Sum]) -> None:
        """List a meter."""
        number = 1 + 100 * len(self.site.loads)
        self.site.devices[number] = Device(number, label, "EM340DINAV23XS1X", "3P")
        self.site.loads[number + 1] = Load(number + 1, label, number, "rtu")
        curves = {
            "active_power": Sum(lambda watts: watts, *levels),
            "energy_import": Sum(lambda watts: max(watts, 0.0), *levels),
            "energy_export": Sum(lambda watts: max(-watts, 0.0), *levels),
            **others,
        }
        for uid, (quantity, curve) in enumerate(curves.items(), number + 2):
            unit, (scale, step) = "A", (1.0, 0.01)
            if quantity == "active_power":
                unit, (scale, step) = WATT, self._scale
            elif quantity.startswith("energy"):
                unit, scale, step = JOULE, 1 / JOULES_PER_KWH, 0.001
            self.site.signals[uid] = Signal(
                uid,
                CODES[quantity],
                quantity,
                number + 1,
                number,
                curve,
                unit,
                scale,
                step,
                counter=quantity.startswith("energy"),
            )

    @property
    def codes(self) -> dict[str, str]:
        """The meaning of each code, as a person names it."""
        power = "kW" if self._scale[0] < 1 else "W"
        units = {"active_power": power, "energy_import": "kWh", "energy_export": "kWh"}
        return {str(code): f"{quantity}/{units.get(quantity, 'A')}" for quantity, code in CODES.items()}

    def kwh(self, label: str, start: float, end: float) -> float:
        """Return what a meter imported between two instants."""
        return self.site.signal(label, "energy_import").truth_kwh(start, end)


def _amperes(watts: float) -> float:
    return abs(watts) / VOLTS
