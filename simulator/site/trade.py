"""What draws power in a shop and in a load test."""

from dataclasses import dataclass
from functools import lru_cache
from typing import override

import numpy as np

from .calendar import DAY, local
from .consumers import Consumer, outdoor
from .noise import Floats, Minutes, smooth, stream, uniform

OPENS = 8 * 60
CLOSES = 20 * 60


@dataclass(frozen=True, kw_only=True)
class Refrigeration(Consumer):
    """A rack of compressors switched in steps, harder on warm days, with a defrost every six hours."""

    stages: int = 4

    @override
    def watts(self, minutes: Minutes) -> Floats:
        wanted = 0.35 + 0.012 * outdoor(self.seed, minutes) + 0.35 * (smooth(self.key("doors"), minutes, 25) - 0.4)
        steps = np.clip(np.round(wanted * self.stages), 1, self.stages)
        defrost = (minutes + int(self.key("defrost") % 360)) % 360 < 18
        running = self.level * steps / self.stages * self.flicker(minutes, 0.02)
        return np.where(defrost, self.level * 0.55, running)


@dataclass(frozen=True, kw_only=True)
class ShopLight(Consumer):
    """Light by the opening hours: full while open, half for cleaning, a remainder at night and on Sundays."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        sunday = time.day % 7 == 6
        open_ = (time.minute >= OPENS) & (time.minute < CLOSES) & ~sunday
        clean = (time.minute >= OPENS - 60) & (time.minute < CLOSES + 45) & ~sunday
        share = np.where(open_, 1.0, np.where(clean, 0.5, 0.06))
        return self.level * share * self.flicker(minutes, 0.004)


@dataclass(frozen=True, kw_only=True)
class Machine(Consumer):
    """A motor that runs with the business: escalator, compactor, pump, ventilation."""

    always: float = 0.1

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        open_ = (time.minute >= OPENS - 30) & (time.minute < CLOSES + 15) & (time.day % 7 != 6)
        wanted = np.where(open_, 0.35 + 0.6 * smooth(self.key("trade"), minutes, 50), self.always)
        starts = uniform(self.key("starts"), minutes // 6) < wanted
        load = 0.7 + 0.3 * smooth(self.key("load"), minutes, 12)
        return np.where(starts, self.level * load * self.flicker(minutes, 0.02), 4.0)


@dataclass(frozen=True, kw_only=True)
class Climate(Consumer):
    """Air conditioning: cooling in summer, heating in winter, ventilation between, while people are in."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        open_ = (time.minute >= OPENS - 90) & (time.minute < CLOSES) & (time.day % 7 != 6)
        need = np.clip(np.abs(outdoor(self.seed, minutes) - 17.0) / 20.0, 0.08, 1.0)
        return self.level * np.where(open_, need, 0.05) * self.flicker(minutes, 0.02)


@dataclass(frozen=True, kw_only=True)
class Bakery(Consumer):
    """Ovens that heat through the morning, their thermostats switching."""

    @override
    def watts(self, minutes: Minutes) -> Floats:
        time = local(minutes)
        bakes = (
            (time.minute > 330) & (time.minute < 720 + 120 * uniform(self.key("end"), time.day)) & (time.day % 7 != 6)
        )
        heats = uniform(self.key("thermostat"), minutes // 3) < 0.62
        return np.where(bakes, np.where(heats, self.level, 0.12 * self.level), 12.0) * self.flicker(minutes, 0.01)


@lru_cache(maxsize=64)
def _week(seed: int, shape: int) -> Floats:
    """Return one of the weekly shapes of a load test: minutes of a week, around 1."""
    minutes = np.arange(7 * DAY, dtype=np.int64)
    key = stream(seed, "shape", shape)
    return 0.15 + smooth(key, minutes, 45) + 0.3 * uniform(key + 1, minutes // 4)


@dataclass(frozen=True, kw_only=True)
class Weekly(Consumer):
    """A week that repeats: fast enough for thousands of loads, as only one week of energy is computed."""

    shape: int = 0

    @override
    def watts(self, minutes: Minutes) -> Floats:
        return self.level * _week(self.seed, self.shape)[minutes % (7 * DAY)]
