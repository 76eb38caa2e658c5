"""How one site differs from the next."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
import time

from .noise import draw, stream

_DAY = 86_400


class SiteKind(StrEnum):
    """The kinds of site there are."""

    FLAT = "flat"
    HOUSE = "house"
    SHOP = "shop"
    LOAD_TEST = "load-test"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """What may differ between two sites of a kind; `None` is drawn from the seed."""

    power_unit: str | None = None
    """`W` or `kW`; var and VA follow."""
    energy_unit: str | None = None
    """`Wh` or `kWh`; varh and VAh follow."""
    signed_power: bool = True
    """Whether exported power is shown below zero; else it loses its sign."""
    frequency: float = 50.0
    """50 or 60 Hz."""
    voltage: float = 230.0
    """Nominal phase voltage, 100 to 277 V."""
    split_phase: bool = False
    """Two legs in opposition instead of three phases 120° apart."""
    noise: float = 0.0
    """Error of measured values in per cent of the value (not of counters)."""
    counter_decimals: int | None = None
    """Decimals of energy counters; by default 3 for kWh and 0 for Wh."""
    exact: bool = False
    """Show values with all their digits."""
    unity_power_factor: bool = False
    """No reactive power anywhere."""
    solar: bool = True
    """Whether a house has solar power."""
    p1: bool = True
    """Whether a house has a P1 port beside its main meter."""
    idle: float = 0.0
    """Share of the sub-loads that draw nothing, 0 to 1."""
    ascending_phases: bool = True
    """Whether L1, L2, L3 of a quantity have ascending codes; else in random order."""
    signals: int = 1000
    """Signals of a load test, 0 to 100,000."""
    disabled: float = 0.4
    """Share of the rarely wanted signals (distortion, codes) that the gateway lists as not enabled, 0 to 1."""
    period: int = 60
    """Seconds between two history rows: 60, 300 or 900."""
    installed: float | None = None
    """Unix time since which there is history; by default 400 days before now."""
    gaps: tuple[tuple[float, float], ...] = ()
    """Spans in Unix time that have no history."""
    grid_voltage: bool = False
    """The phase voltages move together, within 0.2 % of each other, as on a real grid."""
    distortion: float = 0.0
    """Harmonic current as a share of the fundamental, 0 to 1: apparent power exceeds what P and Q make."""
    cos_phi: bool = False
    """The power factor is that of the fundamental, P / √(P² + Q²), where there is distortion."""
    capacitive: float = 0.0
    """Reactive power in var of a capacitor at the connection and on the first sub-load, 0 to 5000."""
    arithmetic: bool = False
    """Total apparent power is the sum of the phases', not the root of P² and Q²."""
    easy: float = 0.0
    """Share of the sub-loads in easy connection, 0 to 1: no signs, all energy counted as imported."""
    coarse_steps: bool = False
    """Steps of 0.1 A, 0.1 Hz and 0.1 kWh."""
    negative_capacitive: bool = False
    """The power factor is negative where the load is capacitive, not where it exports."""
    tariff_base: int = 1
    """The number of the first tariff, 0 or 1."""
    daily_reset: bool = False
    """Partial counters are reset every midnight."""
    partials: bool = False
    """Each counter of a meter has a partial counter too, which was reset once."""
    switched_off: float = 0.0
    """Share of what is not enabled, 0 to 1; whole families on some sites, single quantities on others."""

    def __post_init__(self) -> None:
        """Raise ValueError with a sentence for the reader if an option is out of its range."""
        checks = {
            f"power_unit is W or kW, not {self.power_unit}": self.power_unit in {None, "W", "kW"},
            f"energy_unit is Wh or kWh, not {self.energy_unit}": self.energy_unit in {None, "Wh", "kWh"},
            f"frequency is 50 or 60, not {self.frequency:g}": self.frequency in {50, 60},
            f"voltage is 100 to 277, not {self.voltage:g}": 100 <= self.voltage <= 277,
            f"noise is 0 to 10 per cent, not {self.noise:g}": 0 <= self.noise <= 10,
            f"idle is 0 to 1, not {self.idle:g}": 0 <= self.idle <= 1,
            f"disabled is 0 to 1, not {self.disabled:g}": 0 <= self.disabled <= 1,
            f"distortion is 0 to 1, not {self.distortion:g}": 0 <= self.distortion <= 1,
            f"capacitive is 0 to 5000 var, not {self.capacitive:g}": 0 <= self.capacitive <= 5000,
            f"easy is 0 to 1, not {self.easy:g}": 0 <= self.easy <= 1,
            f"tariff_base is 0 or 1, not {self.tariff_base}": self.tariff_base in {0, 1},
            f"switched_off is 0 to 1, not {self.switched_off:g}": 0 <= self.switched_off <= 1,
            f"signals is 0 to 100000, not {self.signals}": 0 <= self.signals <= 100_000,
            f"period is 60, 300 or 900, not {self.period}": self.period in {60, 300, 900},
        }
        for sentence, holds in checks.items():
            if not holds:
                raise ValueError(sentence)

    def settle(self, seed: int) -> SiteOptions:
        """Return the same with everything that was left to the seed (and the installation date) filled in."""
        today = time.time() // _DAY * _DAY
        return replace(
            self,
            power_unit=self.power_unit or ("W", "kW")[draw(stream(seed, "power unit")) < 0.5],
            energy_unit=self.energy_unit or ("kWh", "Wh")[draw(stream(seed, "energy unit")) < 0.3],
            installed=today - 400 * _DAY if self.installed is None else self.installed,
        )

    @classmethod
    def vary(cls, seed: int, given: Mapping[str, object] | None = None) -> SiteOptions:
        """Return options of which everything not given is drawn from the seed, as varied as real sites."""

        def chance(what: str) -> float:
            """Return a random number in [0, 1) for a purpose."""
            return draw(stream(seed, "vary", what))

        north_american = chance("continent") < 0.2
        drawn: dict[str, object] = {
            "signed_power": chance("signed") < 0.85,
            "frequency": 60.0 if north_american else 50.0,
            "voltage": (120.0, 110.0, 127.0, 208.0)[int(chance("voltage") * 4)]
            if north_american
            else (230.0, 230.0, 220.0, 240.0)[int(chance("voltage") * 4)],
            "split_phase": north_american and chance("split") < 0.6,
            "noise": (0.0, 0.1, 0.5, 1.0)[int(chance("noise") * 4)],
            "counter_decimals": (None, None, 1, 0)[int(chance("decimals") * 4)],
            "unity_power_factor": chance("unity") < 0.1,
            "solar": chance("solar") < 0.6,
            "p1": chance("p1") < 0.4,
            "idle": (0.0, 0.0, 0.3, 0.6)[int(chance("idle") * 4)],
        }
        drawn |= given or {}
        names = {field.name for field in fields(cls)}
        if unknown := sorted(set(drawn) - names):
            raise TypeError(f"unknown site options: {', '.join(unknown)}")
        return cls(**drawn)  # type: ignore[arg-type]  # checked at run time by __post_init__
