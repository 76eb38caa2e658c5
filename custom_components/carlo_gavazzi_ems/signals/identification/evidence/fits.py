"""How well a law fits: readings compared with the values by the law."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log, sqrt

from .columns import is_number

ROWS_NEEDED = 12
"""The fewest informative rows that prove anything."""
_KEPT = 0.7
"""The share of rows that counts; the others may have been sampled during switching."""
_FIRM = 0.85
"""The share of rows in which a law has to hold to be decisive; switching between two samples spoils some."""
_FINEST = 1e-4
"""Differences between residuals smaller than this do not count."""
_RELATED = 4
"""Neighbouring rows are not independent: this many count as one."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The relative residuals of a law over its informative rows."""

    count: int
    spread: float
    """Mean absolute residual without the largest."""
    bias: float
    """Median residual, with its sign."""
    inliers: float
    """Share of the rows within the tolerance."""

    def holds(self, share: float = 0.7) -> bool:
        """Tell whether the law holds in enough rows."""
        return self.count >= ROWS_NEEDED and self.inliers >= share

    @property
    def is_firm(self) -> bool:
        """Tell whether it holds in nearly all rows; a wrong law may fit for hours while a machine runs steadily."""
        return self.holds(_FIRM)

    def beats(self, other: Fit, sigmas: float = 4.0) -> bool:
        """Tell whether this fits significantly better than another."""
        if not self.count:
            return False
        if not other.count:
            return self.holds()
        gain = log((other.spread + _FINEST) / (self.spread + _FINEST))
        return gain > 0.15 and gain * sqrt(min(self.count, other.count) / _RELATED) > sigmas


NO_FIT = Fit(0, 1.0, 1.0, 0.0)


def summary(residuals: Sequence[float], tolerance: float) -> Fit:
    """Return the fit of relative residuals."""
    finite = [residual for residual in residuals if isfinite(residual)]
    if not finite:
        return NO_FIT
    sizes = sorted(map(abs, finite))
    kept = sizes[: max(1, round(_KEPT * len(sizes)))]
    inside = sum(size <= tolerance for size in sizes)
    middle = sorted(finite)[len(finite) // 2]
    return Fit(len(sizes), sum(kept) / len(kept), middle, inside / len(sizes))


def compare(read: Sequence[float], said: Sequence[float], *, floor: float, tolerance: float) -> Fit:
    """Compare readings with the values by a law, in rows where these exceed `floor`."""
    return summary(
        [(value - law) / law for value, law in zip(read, said, strict=True) if law > floor and is_number(value)],
        tolerance,
    )


def variation(values: Sequence[float]) -> float:
    """Return the relative variation of positive values around their median, by the measure of a fit's spread."""
    logs = sorted(log(value) for value in values if isfinite(value) and value > 1e-12)
    if not logs:
        return 0.0
    middle = logs[len(logs) // 2]
    sizes = sorted(abs(value - middle) for value in logs)
    kept = sizes[: max(1, round(_KEPT * len(sizes)))]
    return sum(kept) / len(kept)
