"""How well a law fits: what a signal reads against what the law says it must read."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log, sqrt

from .columns import is_number

ROWS_NEEDED = 12
"""Fewer informative rows than this prove nothing."""
_KEPT = 0.7
"""The share of rows that counts: the others were taken while something switched."""
_FINEST = 1e-4
"""Laws whose residuals are smaller than this are alike."""
_RELATED = 4
"""Neighbouring rows are not independent: so many count as one."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The relative residuals of a law over its informative rows."""

    count: int
    spread: float
    """Mean residual without the largest."""
    bias: float
    """Median residual with its sign."""
    inliers: float
    """Share of the rows that hold the law within the tolerance."""

    def holds(self, share: float = 0.7) -> bool:
        """Tell whether the law holds in enough rows."""
        return self.count >= ROWS_NEEDED and self.inliers >= share

    def beats(self, other: Fit, sigmas: float = 4.0) -> bool:
        """Tell whether this explains clearly better than another, beyond chance."""
        if not self.count:
            return False
        if not other.count:
            return self.holds()
        gain = log((other.spread + _FINEST) / (self.spread + _FINEST))
        return gain > 0.15 and gain * sqrt(min(self.count, other.count) / _RELATED) > sigmas


NO_FIT = Fit(0, 1.0, 1.0, 0.0)


def summary(residuals: Sequence[float], tolerance: float) -> Fit:
    """Sum up relative residuals."""
    finite = [residual for residual in residuals if isfinite(residual)]
    if not finite:
        return NO_FIT
    sizes = sorted(map(abs, finite))
    kept = sizes[: max(1, round(_KEPT * len(sizes)))]
    inside = sum(size <= tolerance for size in sizes)
    middle = sorted(finite)[len(finite) // 2]
    return Fit(len(sizes), sum(kept) / len(kept), middle, inside / len(sizes))


def compare(read: Sequence[float], said: Sequence[float], *, floor: float, tolerance: float) -> Fit:
    """Compare readings with what a law says of them where it says more than a floor."""
    return summary(
        [(value - law) / law for value, law in zip(read, said, strict=True) if law > floor and is_number(value)],
        tolerance,
    )


def variation(values: Sequence[float]) -> float:
    """Return how much positive values vary around their median, relative, by the same measure as a fit's spread."""
    logs = sorted(log(value) for value in values if isfinite(value) and value > 1e-12)
    if not logs:
        return 0.0
    middle = logs[len(logs) // 2]
    sizes = sorted(abs(value - middle) for value in logs)
    kept = sizes[: max(1, round(_KEPT * len(sizes)))]
    return sum(kept) / len(kept)
