"""A metering point: what a meter on some consumers reads at any instant."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .calendar import ANCHOR, CYCLE, EPOCH, peak_tariff
from .consumers import outdoor
from .grid import Area, Grid
from .noise import Floats, Minutes, draw, smooth, stream, uniform
from .options import SiteOptions

_FEEDER = 0.12
"""Resistance in Ω of each phase between the transformer and the site, at 230 V."""
_NOMINAL = 230.0
_STIFF = 0.1
"""How much of the voltage drop is left on a strong grid."""
_DAY = 86_400.0
_REMEMBERED = 8
_STRAIGHT = (0, 1, 2)
_DEMAND = 900.0
"""Seconds over which demand is the mean of power."""


class Supply:
    """Voltage and frequency at a site's connection; its load pulls the voltage down, its solar power lifts it."""

    def __init__(self, seed: int, options: SiteOptions, main: Grid | None) -> None:
        """Feed a site; `main` is the power through its connection, or None where it does not change the voltage."""
        self.seed = seed
        self.nominal = options.voltage
        self.split_phase = options.split_phase
        self.frequency_nominal = options.frequency
        self.options = options
        self._main = main
        self._latest: dict[int, tuple[Floats, Floats]] = {}

    def voltages(self, minutes: Minutes, part: Floats) -> Floats:
        """Return the phase voltages [phase, n] in V, a straight line from minute to minute."""
        first, second = self._ends(minutes) if minutes.size > 1 else self._recent(int(minutes[0]))
        return first + (second - first) * part

    def _recent(self, minute: int) -> tuple[Floats, Floats]:
        """Return the voltages around one minute, remembered because every meter asks for the same one."""
        if (known := self._latest.get(minute)) is None:
            if len(self._latest) > _REMEMBERED:
                self._latest.clear()
            known = self._latest[minute] = self._ends(np.array([minute], dtype=np.int64))
        return known

    def _ends(self, minutes: Minutes) -> tuple[Floats, Floats]:
        """Return the voltages at each minute and at the one after it."""
        first, second = self._at(minutes), self._at(minutes + 1)
        if self._main is None:
            return first, second
        start, end = self._main.power(minutes)
        return first - self.drop(_FEEDER, start[0]), second - self.drop(_FEEDER, end[0])

    def drop(self, resistance: float, watts: Floats) -> Floats:
        """Return the voltage in V that a power costs on a line; where the voltage is lower, lines are thicker."""
        stiff = _STIFF if self.options.grid_voltage else 1.0
        return stiff * resistance * watts * (self.nominal / _NOMINAL**2)

    def frequency(self, minutes: Minutes, part: Floats) -> Floats:
        """Return the frequency in Hz."""

        def at(when: Minutes) -> Floats:
            """Return the frequency at full minutes."""
            place = (when - ANCHOR) % CYCLE
            slow = smooth(stream(self.seed, "frequency"), place, 6) - 0.5
            return self.frequency_nominal + 0.06 * slow + 0.02 * (uniform(stream(self.seed, "Hz"), place) - 0.5)

        first = at(minutes)
        return first + (at(minutes + 1) - first) * part

    def _at(self, minutes: Minutes) -> Floats:
        """Return the unloaded phase voltages at full minutes."""
        place = (minutes - ANCHOR) % CYCLE
        if self.options.grid_voltage:
            return self._together(place)
        rows = []
        for phase in range(3):
            hours = smooth(stream(self.seed, "hours", phase), place, 400) - 0.5
            quick = smooth(stream(self.seed, "quick", phase), place, 11) - 0.5
            jitter = uniform(stream(self.seed, "jitter", phase), place) - 0.5
            rows.append(self.nominal * (1.004 + 0.03 * hours + 0.008 * quick + 0.0015 * jitter))
        return np.stack(rows)

    def _together(self, place: Minutes) -> Floats:
        """Return unloaded phase voltages that differ by 0.2 % at most, as transformers and long lines make them."""
        slow = smooth(stream(self.seed, "grid"), place, 400) - 0.5
        quick = smooth(stream(self.seed, "grid quick"), place, 11) - 0.5
        jitter = uniform(stream(self.seed, "grid jitter"), place) - 0.5
        common = 1.004 + 0.03 * slow + 0.008 * quick + 0.0015 * jitter
        rows = []
        for phase in range(3):
            offset = 0.001 * (draw(stream(self.seed, "offset", phase)) - 0.5)
            own = 0.001 * (smooth(stream(self.seed, "own", phase), place, 90) - 0.5)
            rows.append(self.nominal * (common + offset + own))
        return np.stack(rows)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter on a grid of consumers, `scale` times as strong."""

    key: int
    """The key of the meter's own random stream."""
    grid: Grid
    supply: Supply
    scale: float = 1.0
    wiring: tuple[int, ...] = (0, 1, 2)
    """The site's phases (0 to 2) that the meter calls L1, L2 and L3; fewer where it measures fewer."""
    signed: bool = True
    origin: float = EPOCH * 60.0
    """Unix time at which the counters stood at zero."""
    easy: bool = False
    """Easy connection: no signs, all energy counts as imported."""

    @property
    def reset(self) -> float:
        """Return the Unix time at which somebody reset the partial counters: in the first year."""
        return self.origin + 364 * 86_400 * draw(self.key, 1)

    def at(self, times: Floats) -> Snapshot:
        """Return everything the meter reads at some times (seconds since 1970)."""
        return Snapshot(self, times)


class Snapshot:
    """What a meter reads at some times, in inner units; each quantity is computed at its first use."""

    def __init__(self, meter: Meter, times: Floats) -> None:
        """Take a meter; `times` are seconds since 1970."""
        self.meter = meter
        self.times = times
        self.minutes = np.floor_divide(times, 60).astype(np.int64)
        self.part = times / 60.0 - self.minutes
        self.place = (self.minutes - ANCHOR) % CYCLE

    @cached_property
    def _power(self) -> Floats:
        """Return the power [P or Q, phase, n] in the order of the meter's own phases."""
        start, end = self.meter.grid.power(self.minutes)
        power = (start + (end - start) * self.part) * self.meter.scale
        return power if self.meter.wiring == _STRAIGHT else power[:, list(self.meter.wiring)]

    @cached_property
    def active(self) -> Floats:
        """Return the active power [each phase, total] in W, negative for export."""
        return np.concatenate((self._power[0], self._power[0].sum(0)[None]))

    @cached_property
    def reactive(self) -> Floats:
        """Return the reactive power [each phase, total] in var, negative for capacitive."""
        return np.concatenate((self._power[1], self._power[1].sum(0)[None]))

    @cached_property
    def apparent(self) -> Floats:
        """Return the apparent power [each phase, total] in VA, with the distortion of the current."""
        options = self.meter.supply.options
        apparent: Floats = np.hypot(self.active, self.reactive)
        if options.distortion:
            slow = smooth(stream(self.meter.key, "distortion"), self.place, 20)
            apparent = apparent * np.sqrt(1.0 + np.square(options.distortion * (0.3 + 0.7 * slow)))
        if options.arithmetic:
            apparent[-1] = apparent[:-1].sum(0)
        return apparent

    @cached_property
    def voltage(self) -> Floats:
        """Return the phase voltages [phase, n] in V, a little lower where the branch is loaded."""
        supply = self.meter.supply
        branch = 0.03 + 0.1 * draw(self.meter.key)
        volts = supply.voltages(self.minutes, self.part)[list(self.meter.wiring)]
        return volts - supply.drop(branch, self.active[:-1])

    @cached_property
    def current(self) -> Floats:
        """Return the phase currents [phase, n] in A."""
        return self.apparent[:-1] / self.voltage

    @cached_property
    def areas(self) -> Floats:
        """Return the areas since the counters' origin, in Wh, varh, VAh and h."""
        origin = self.meter.origin
        return self._scaled(self._since(origin)) if origin != EPOCH * 60.0 else self._scaled(self._whole)

    @cached_property
    def _whole(self) -> Floats:
        """Return the grid's areas since the epoch."""
        return self.meter.grid.areas(self.times)

    def _since(self, origin: float) -> Floats:
        """Return the grid's areas since an instant, nothing before it."""
        grid = self.meter.grid
        whole = self._whole if self.times.min() >= origin else grid.areas(np.maximum(self.times, origin))
        return whole - grid.areas_at(origin)

    def _scaled(self, areas: Floats) -> Floats:
        """Return areas of the grid as those of this meter's consumers."""
        if self.meter.scale == 1.0:
            return areas
        scaled = areas * self.meter.scale
        scaled[Area.RUNNING] = areas[Area.RUNNING]
        return scaled

    def since_reset(self, of: Callable[[Floats], Floats]) -> Floats:
        """Return a partial counter: the growth of a counter since the reset, zero before."""
        if self.meter.supply.options.daily_reset:
            midnight = np.floor(self.times / _DAY) * _DAY
            return of(self.areas) - of(self._scaled(self.meter.grid.areas(midnight)))
        return of(self._scaled(self._since(self.meter.reset)))

    def neutral_current(self) -> Floats:
        """Return the current in the neutral in A: the phase currents added as phasors."""
        step = np.pi if self.meter.supply.split_phase else 2 * np.pi / 3
        angles = np.arctan2(self.reactive[:-1], self.active[:-1]) + step * np.array(self.meter.wiring)[:, None]
        total: Floats = np.abs((self.current * np.exp(-1j * angles)).sum(axis=0))
        return total

    def line_voltage(self, first: int, second: int) -> Floats:
        """Return the voltage between two phases in V."""
        a, b = self.voltage[first], self.voltage[second]
        line: Floats = a + b if self.meter.supply.split_phase else np.sqrt(a * a + b * b + a * b)
        return line

    def shown_power(self, watts: Floats) -> Floats:
        """Return a power as this meter shows it: with its sign, or without."""
        return watts if self.meter.signed and not self.meter.easy else np.abs(watts)

    def power_factor(self, phase: int) -> Floats:
        """Return the power factor of a phase, or (-1) of all, with the sign of the power; 1 where nothing flows."""
        options = self.meter.supply.options
        apparent = np.hypot(self.active[phase], self.reactive[phase]) if options.cos_phi else self.apparent[phase]
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(apparent > 0, self.active[phase] / apparent, 1.0)
        if options.negative_capacitive:
            return np.where(self.reactive[phase] < 0, -np.abs(factor), np.abs(factor))
        return self.shown_power(factor)

    def demand(self) -> Floats:
        """Return the mean of the active power over the last quarter of an hour in W."""
        before = self.meter.grid.areas(self.times - _DEMAND)[Area.NET]
        return self.shown_power((self._whole[Area.NET] - before) * (self.meter.scale * 3600.0 / _DEMAND))

    def peak_demand(self) -> Floats:
        """Return the highest quarter-hour mean of the billing period in W."""
        return self.meter.grid.peak(self.times) * self.meter.scale

    def distortion(self, phase: int, *, current: bool) -> Floats:
        """Return the total harmonic distortion of a phase's voltage or current in per cent."""
        slow = smooth(stream(self.meter.key, "thd", phase, current), self.place, 30)
        if not current:
            return 1.2 + 1.6 * slow
        loaded: Floats = 1.0 + self.current[phase]
        return 3.0 + 25.0 * slow / loaded

    def first_tariff(self) -> Floats:
        """Return the number of the tariff that holds."""
        first = float(self.meter.supply.options.tariff_base)
        return np.where(peak_tariff(self.place), first, first + 1.0)

    def alarm(self) -> Floats:
        """Return 1 in a few quarters of an hour a month, else 0."""
        return np.where(uniform(stream(self.meter.key, "alarm"), self.place // 15) < 0.002, 1.0, 0.0)

    def constant(self, value: float) -> Floats:
        """Return the same value at every time."""
        return np.full(self.times.shape, value)

    def temperature(self, mean: float, swing: float) -> Floats:
        """Return a temperature in °C that follows the weather with a share of `swing`."""
        own = smooth(stream(self.meter.key, "temperature", mean), self.place, 90) - 0.5
        return mean + swing * (outdoor(self.meter.supply.seed, self.place) - 10.0) + 1.5 * own
