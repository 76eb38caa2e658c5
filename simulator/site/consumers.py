"""The consumers of a home: each a pure function from minutes of the cycle to W and var on three phases."""

from dataclasses import dataclass
from typing import override

import numpy as np

from .calendar import DAY, local
from .noise import Floats, Minutes, smooth, stream, uniform

type Phases = tuple[float, float, float]
"""The share of each phase in a consumer's power; they add up to 1."""

L1: Phases = (1.0, 0.0, 0.0)
L2: Phases = (0.0, 1.0, 0.0)
L3: Phases = (0.0, 0.0, 1.0)
THREE: Phases = (1 / 3, 1 / 3, 1 / 3)


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """Something with a power; `level` is its size in watts, whatever that means for its kind."""

    seed: int
    name: str
    phases: Phases = L1
    level: float = 100.0
    tan_phi: float = 0.0
    """Reactive over active power: positive inductive, negative capacitive."""
    idle_var: float = 0.0
    """Reactive power in var that is there whenever the consumer is connected."""

    def key(self, what: str) -> int:
        """Return the key of this consumer's random stream for a purpose."""
        return stream(self.seed, self.name, what)

    def watts(self, minutes: Minutes) -> Floats:
        """Return the active power in W at each minute."""
        raise NotImplementedError

    def power(self, minutes: Minutes) -> Floats:
        """Return active power (W) and reactive power (var) as an array [P or Q, phase, minute]."""
        watts = self.watts(minutes)
        share = self.shares()[:, None]
        return np.stack((share * watts, share * (self.tan_phi * watts + self.idle_var)))

    def shares(self) -> Floats:
        """Return each phase's share of the power; no real consumer loads its phases quite alike."""
        shares: Floats = np.array(self.phases) * (0.98 + 0.04 * uniform(self.key("imbalance"), np.arange(3)))
        shares /= shares.sum()
        return shares

    def flicker(self, minutes: Minutes, share: float) -> Floats:
        """Return a factor near 1 that changes from minute to minute by at most `share`."""
        return 1.0 + share * (uniform(self.key("flicker"), minutes) - 0.5) * 2.0


@dataclass(frozen=True, kw_only=True)
class Standby(Consumer):
    """What is always on: router, pumps, chargers; it wanders slowly."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        slow = 0.7 + 0.6 * smooth(self.key("slow"), minutes, 90)
        return self.level * slow * self.flicker(minutes, 0.03)


@dataclass(frozen=True, kw_only=True)
class Idle(Consumer):
    """A consumer that is connected and does nothing."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        return np.full(minutes.shape, self.level)


@dataclass(frozen=True, kw_only=True)
class Fridge(Consumer):
    """A compressor that runs some minutes of every cycle, a little harder when it starts."""

    period: int = 48

    @override
    def watts(self, minutes: Minutes) -> Floats:
        cycle, within = np.divmod(minutes, self.period)
        length = self.period * (0.28 + 0.2 * uniform(self.key("length"), cycle))
        start = 1.0 + 0.25 * np.exp(-within / 3.0)
        running = self.level * start * self.flicker(minutes, 0.01)
        return np.where(within < length, running, 1.5)


@dataclass(frozen=True, kw_only=True)
class Kitchen(Consumer):
    """A hob and an oven three times a day, their thermostats switching."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        total = np.full(minutes.shape, 2.0)
        for meal, (earliest, spread, longest, chance, size) in enumerate(
            ((380, 90, 20, 0.8, 0.45), (690, 70, 45, 0.6, 0.8), (1050, 120, 75, 0.9, 1.0))
        ):
            start = earliest + spread * uniform(self.key(f"start{meal}"), time.day)
            length = longest * (0.4 + 0.6 * uniform(self.key(f"length{meal}"), time.day))
            cooks = uniform(self.key(f"cooks{meal}"), time.day) < chance
            within = time.minute - start
            heat = np.where(uniform(self.key(f"thermostat{meal}"), minutes // 2) < 0.6, 1.0, 0.25)
            on = cooks & (within >= 0) & (within < length)
            total += np.where(on, self.level * size * np.where(within < 6, 1.0, heat), 0.0)
        return total * self.flicker(minutes, 0.005)


@dataclass(frozen=True, kw_only=True)
class Evening(Consumer):
    """Light and television: mornings in the dark months, evenings always."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        season = 0.65 + 0.35 * np.cos(2 * np.pi * time.day / 364)
        wake = 375 + 40 * uniform(self.key("wake"), time.day)
        sleep = 1340 + 80 * uniform(self.key("sleep"), time.day)
        dusk = 1020 + 200 * (1 - season)
        morning = (time.minute > wake) & (time.minute < wake + 80 * season)
        evening = (time.minute > dusk) & (time.minute < sleep)
        people = 0.4 + 0.6 * smooth(self.key("people"), minutes, 35)
        share: Floats = np.where(evening, 1.0, np.where(morning, 0.6, 0.02))
        return 3.0 + self.level * people * share


@dataclass(frozen=True, kw_only=True)
class Washer(Consumer):
    """A machine that heats water first, then turns its drum, on some days."""

    chance: float = 0.5

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        start = 480 + 660 * uniform(self.key("start"), time.day)
        within = time.minute - start
        runs = uniform(self.key("runs"), time.day) < self.chance
        heating = (within > 8) & (within < 30)
        drum = self.level * 0.12 * (0.4 + 1.2 * uniform(self.key("drum"), minutes))
        program = np.where(heating, self.level, drum)
        return np.where(runs & (within >= 0) & (within < 105), program, 0.8)


@dataclass(frozen=True, kw_only=True)
class Boiler(Consumer):
    """A resistance that switches on and off."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        cell = minutes // 25
        wanted = 0.04 + 0.25 * smooth(self.key("wanted"), minutes, DAY // 3)
        on = uniform(self.key("on"), cell) < wanted
        return np.where(on, self.level * self.flicker(minutes, 0.01), 0.0)


def outdoor(seed: int, minutes: Minutes) -> Floats:
    """Return the outdoor temperature of a site in °C: season, time of day and weather."""
    time = local(minutes)
    season = -9.5 * np.cos(2 * np.pi * (time.day - 18) / 364)
    daily = 4.0 * np.cos(2 * np.pi * (time.minute - 900) / DAY)
    weather = 9.0 * (smooth(stream(seed, "weather"), minutes, 3 * DAY) - 0.5)
    return 10.0 + season + daily + weather


@dataclass(frozen=True, kw_only=True)
class HeatPump(Consumer):
    """A modulating compressor that follows the weather, cycles below its least load and makes hot water once a day."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        demand = (16.0 - outdoor(self.seed, minutes)) / 28.0
        demand += 0.08 * (smooth(self.key("house"), minutes, 40) - 0.5)
        cycle = uniform(self.key("cycle"), minutes // 20) < demand / 0.3
        heating = np.where(demand > 0.3, np.minimum(demand, 1.0), np.where(cycle & (demand > 0.02), 0.3, 0.0))
        bath = 780 + 60 * uniform(self.key("bath"), time.day)
        water = (time.minute > bath) & (time.minute < bath + 45)
        share = np.where(water, 0.85, heating)
        return np.where(share > 0, self.level * share * self.flicker(minutes, 0.015), 9.0)


@dataclass(frozen=True, kw_only=True)
class Wallbox(Consumer):
    """A charger: every other evening a car comes; it charges on all phases there are or, some cars, on one."""

    phases: Phases = THREE
    legs: int = 3

    @override
    def power(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        start = 1000 + 120 * uniform(self.key("start"), time.day)
        length = 45 + 250 * uniform(self.key("length"), time.day)
        comes = uniform(self.key("comes"), time.day) < 0.5
        within = time.minute - start
        charging = comes & (within >= 0) & (within < length)
        taper = np.clip((length - within) / 15.0, 0.3, 1.0)
        watts = np.where(charging, self.level / self.legs * taper * self.flicker(minutes, 0.004), 2.0)
        three = np.where(charging & (uniform(self.key("three"), time.day) < 0.65), 1.0, 0.0)
        others = three * watts
        active = np.stack((watts, others, others if self.legs == 3 else 0.0 * watts)) * (3.0 * self.shares()[:, None])
        return np.stack((active, active * self.tan_phi - np.array([self.idle_var, 0.0, 0.0])[:, None]))


@dataclass(frozen=True, kw_only=True)
class Solar(Consumer):
    """A photovoltaic system: clear sky by the sun's height, clouds in front; its power is negative, at night it takes some."""

    latitude: float = 45.5

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        tilt = -0.409 * np.cos(2 * np.pi * (time.day + 10) / 364)
        angle = 2 * np.pi * (time.minute - 735) / DAY
        latitude = np.radians(self.latitude)
        height = np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * np.cos(angle)
        clear: Floats = np.clip(height, 0.0, None) ** 1.15
        cover = smooth(self.key("cover"), minutes, 9 * 60)
        patches = smooth(self.key("patches"), minutes, 7)
        clouds = 1.0 - np.clip(1.7 * (cover - 0.35), 0.0, 0.85) * (0.35 + 0.65 * patches)
        return 4.0 - self.level * clear * clouds
