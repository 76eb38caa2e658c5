"""A site's devices, loads and signals, as the document names them."""

from dataclasses import dataclass, field
from typing import Final

from .curves import Curve

PROTOCOLS: Final = ("meterBus", "tcp", "rtu", "virtual", "P1")
JOULE: Final = "J"
WATT: Final = "W"
JOULES_PER_KWH: Final = 3_600_000


@dataclass
class Device:
    """A meter. A label in bytes is sent as it is, whatever its encoding."""

    uid: int
    label: str | bytes
    part_number: str
    system: str


@dataclass
class Load:
    """A measurement context; its samples are taken each `rhythm` seconds, `phase` seconds after the full rhythm."""

    uid: int
    label: str | bytes
    device: int | None
    protocol: str
    index: int = 1
    enable: bool = True
    rhythm: float = 1.0
    phase: float = 0.0


@dataclass
class Signal:
    """A quantity of a load.

    The curve is in SI units; what is printed is `scale` times the curve, or times its integral for a counter,
    cut down to whole steps.
    """

    uid: int
    code: int
    quantity: str
    load: int
    device: int | None
    curve: Curve
    unit: str
    scale: float
    step: float
    counter: bool = False
    enable: bool = True
    start: float = 0.0
    rollover: float | None = None

    @property
    def decimals(self) -> int:
        """The decimals that the step needs."""
        return max(0, len(f"{self.step:.9f}".rstrip("0").partition(".")[2]))

    def truth(self, start: float, end: float) -> float:
        """Return the growth of a counter over a span of true time, in the printed unit."""
        return self.scale * self.curve.integral(start, end)

    def truth_kwh(self, start: float, end: float) -> float:
        """Return the energy over a span of true time in kWh, of an energy counter or a power."""
        if self.unit not in {JOULE, WATT}:
            raise ValueError(f"{self.quantity} is no energy")
        return self.curve.integral(start, end) / JOULES_PER_KWH


@dataclass
class Site:
    """Everything behind one gateway, keyed by UID in the order in which it is listed."""

    devices: dict[int, Device] = field(default_factory=dict)
    loads: dict[int, Load] = field(default_factory=dict)
    signals: dict[int, Signal] = field(default_factory=dict)
    installed: float = 0.0

    def signal(self, load: str, quantity: str) -> Signal:
        """Return the signal of a load by label and quantity."""
        for signal in self.signals.values():
            if signal.quantity == quantity and self.loads[signal.load].label == load:
                return signal
        raise KeyError(load, quantity)
