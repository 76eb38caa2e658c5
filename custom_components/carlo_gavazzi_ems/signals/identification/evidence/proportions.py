"""How well one code is proportional to another."""

from dataclasses import dataclass
from math import log

from .fits import Fit, summary
from .pools import Pool
from .tolerances import PROPORTION


@dataclass(frozen=True, slots=True)
class Proportion(Fit):
    """How well one code is proportional to another, and by what factor."""

    level: float
    """The natural logarithm of the factor."""


def proportion(pool: Pool, power: int, current: int) -> Proportion:
    """Return how well one code is proportional to another, with any factor."""
    ratios = [log(p / i) for p, i in zip(pool.sizes(power), pool.sizes(current), strict=True) if p > 0 and i > 0]
    middle = sorted(ratios)[len(ratios) // 2] if ratios else 0.0
    fit = summary([max(-1.0, min(1.0, ratio - middle)) for ratio in ratios], PROPORTION)
    return Proportion(fit.count, fit.spread, fit.bias, fit.inliers, middle)
