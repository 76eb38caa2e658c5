"""The power triangle: PF = P / S and S² = P² + Q². Without a constant to fit, they hardly hold by chance."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import (
    NO_FIT,
    Fit,
    compare,
    summary,
    variation,
)
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, WEAK, Kind, Votes

from .frequency import is_like_frequency
from .products import is_product

type Scales = Mapping[int, float]
"""The scales of codes that could be power factors: 1 for a bare number, 0.01 for per cent."""


@dataclass(frozen=True, slots=True)
class Triangle:
    """Three codes that belong to one phase, or to the total."""

    factor: int
    active: int
    apparent: int
    fit: Fit


def factor_scales(loads: Iterable[Load], excluded: Collection[int]) -> Scales:
    """Return the codes that could be power factors: on no load do they exceed 1 or 100 % by more than noise."""
    sizes: dict[int, float] = {}
    for load in loads:
        for code, column in load.columns.items():
            if code in excluded:
                continue
            size = max(-column.quantile(0.003), column.quantile(0.997))
            sizes[code] = max(size, sizes.get(code, 0.0))
    return {code: 1.0 if size <= 1.05 else 0.01 for code, size in sizes.items() if 0 < size <= 105}


def triangle_fit(pool: Pool, scale: float, factor: int, active: int, apparent: Sequence[float]) -> Fit:
    """Return how well PF = P / S fits two codes of a pool and the rows of an apparent power."""
    least_factor = 10 * pool.resolution[factor]
    said = [
        abs(f) * s * scale if abs(f) > least_factor else 0.0 for f, s in zip(pool.rows[factor], apparent, strict=True)
    ]
    read = [abs(p) for p in pool.rows[active]]
    return compare(read, said, floor=tolerances.STEPS * pool.resolution[active], tolerance=tolerances.TRIANGLE)


def reactive_fit(pool: Pool, active: int, apparent: Sequence[float], reactive: int) -> Fit:
    """Return how well S² = P² + Q² fits two codes and the rows of an apparent power, if neither P nor Q is too small."""
    said = []
    for p, s in zip(pool.rows[active], apparent, strict=True):
        square = s * s - p * p
        said.append(sqrt(square) if 0.05 * s * s < square < 0.97 * s * s else 0.0)
    read = [abs(q) for q in pool.rows[reactive]]
    return compare(read, said, floor=tolerances.STEPS * pool.resolution[reactive], tolerance=tolerances.HYPOTENUSE)


def _survivors(pool: Pool, scales: Scales) -> list[tuple[int, int, int]]:
    """Return the codes (factor, active, apparent) for which PF = P / S fits in a few rows."""
    factors = [code for code in pool.rows if code in scales and (code in pool.measured or _is_still(pool, code))]
    found = []
    for apparent in pool.varying:
        probes = pool.probes(apparent)
        if len(probes) < 4:
            continue
        inverse = [1 / abs(pool.rows[apparent][row]) for row in probes]
        expected = {code: [abs(pool.rows[code][row]) * scales[code] for row in probes] for code in factors}
        allowed = len(probes) // 4
        for active in pool.varying:
            if active == apparent:
                continue
            rows = pool.rows[active]
            ratios = [abs(rows[row]) * inverted for row, inverted in zip(probes, inverse, strict=True)]
            if sum(ratio > 1.03 for ratio in ratios) > allowed or max(ratios) < 0.05:
                continue
            found += [
                (factor, active, apparent)
                for factor in factors
                if factor not in {active, apparent} and _agree(ratios, expected[factor], allowed)
            ]
    return found


def _is_still(pool: Pool, code: int) -> bool:
    """Tell whether a code is constant and could be the power factor of a steady machine."""
    columns = [load.columns[code] for load in pool.loads]
    return all(not column.moving and 0.05 < abs(column.highest) < 0.99 for column in columns)


def _agree(ratios: Sequence[float], expected: Sequence[float], allowed: int) -> bool:
    """Tell whether all pairs but `allowed` ones are nearly equal."""
    misses = 0
    for ratio, other in zip(ratios, expected, strict=True):
        if abs(ratio - other) > 0.04:
            misses += 1
            if misses > allowed:
                return False
    return True


def _explains(pool: Pool, scale: float, triangle: Triangle) -> bool:
    """Tell whether the power factor is informative: it changes with P / S, or is clearly not 1."""
    least = tolerances.STEPS * pool.resolution[triangle.apparent]
    seen = [
        (abs(p / s), abs(f) * scale)
        for f, p, s in zip(
            pool.rows[triangle.factor], pool.rows[triangle.active], pool.rows[triangle.apparent], strict=True
        )
        if f and p and abs(s) > least
    ]
    if not seen:
        return False
    spread = triangle.fit.spread + 1e-4
    level = -log(sorted(factor for _, factor in seen)[len(seen) // 2])
    if summary([log(ratio) for ratio, _ in seen], tolerances.TRIANGLE).spread < 2 * spread:
        return False  # P = S fits as well
    moves = min(variation([ratio for ratio, _ in seen]), variation([factor for _, factor in seen]))
    return moves > 1.6 * spread or (level > 5 * spread and level > 0.02 and spread < 0.01)


def _is_mirrored(pool: Pool, scales: Scales, triangle: Triangle) -> bool:
    """Tell whether PF and S may be swapped, which is possible if S stays below 1 kVA.

    They are not swapped if S is U times I, or fits S² = P² + Q² exactly with some Q.
    """
    if scales.get(triangle.apparent) != scales[triangle.factor] or is_product(pool, triangle.apparent):
        return False
    fit = _closing(pool, triangle)
    return not fit.holds(0.85) or fit.spread > 0.006


def _closing(pool: Pool, triangle: Triangle) -> Fit:
    """Return the best fit of S² = P² + Q² with any code as Q."""
    mine = {triangle.factor, triangle.active, triangle.apparent}
    apparent = pool.sizes(triangle.apparent)
    fits = (
        fit
        for code in pool.varying
        if code not in mine
        and (fit := reactive_fit(pool, triangle.active, apparent, code)).holds()
        and variation([abs(value) for value in pool.rows[code]]) > 2 * fit.spread
    )
    return min(fits, key=lambda fit: fit.spread, default=NO_FIT)


def find_triangles(pool: Pool, votes: Votes, scales: Scales) -> list[Triangle]:
    """Find P, S and PF that belong together, and vote for their kinds.

    If all values stay below 1, many codes are products of two others by chance or because of one machine. So the votes
    are decisive only if S² = P² + Q² fits with some Q, or if S is a voltage times a current.
    """
    by_factor: dict[int, list[Triangle]] = {}
    for factor, active, apparent in _survivors(pool, scales):
        fit = triangle_fit(pool, scales[factor], factor, active, pool.sizes(apparent))
        one = Triangle(factor, active, apparent, fit)
        if fit.holds() and _explains(pool, scales[factor], one) and not _is_mirrored(pool, scales, one):
            by_factor.setdefault(factor, []).append(one)
    found = []
    for factor, triangles in sorted(by_factor.items()):
        best = min(triangles, key=lambda one: one.fit.spread)
        rivals = [one for one in triangles if one is not best and not best.fit.beats(one.fit)]
        actives = {one.active for one in (best, *rivals)}
        apparents = {one.apparent for one in (best, *rivals)}
        tied = best.fit.is_firm and (_closing(pool, best).holds() or is_product(pool, best.apparent))
        mixed = not tied or bool(actives & apparents)
        clear = len(actives) == 1 and not mixed, len(apparents) == 1 and not mixed
        votes.vote(factor, Kind.FACTOR, WEAK if mixed or _is_still(pool, factor) else DECISIVE, "p_is_s_times_pf")
        votes.vote(actives, Kind.ACTIVE, DECISIVE if clear[0] else WEAK, "p_is_s_times_pf")
        votes.vote(apparents, Kind.APPARENT, DECISIVE if clear[1] else WEAK, "p_is_s_times_pf")
        found.append(best)
    return found


def find_reactive(pool: Pool, votes: Votes, triangles: Sequence[Triangle]) -> list[tuple[Triangle, int]]:
    """Find the reactive power of each triangle, and vote for it."""
    found = []
    for triangle in triangles:
        apparent = pool.sizes(triangle.apparent)
        fits = {
            code: fit
            for code in pool.varying
            if code not in {triangle.factor, triangle.active, triangle.apparent}
            and (fit := reactive_fit(pool, triangle.active, apparent, code)).holds()
        }
        if not fits:
            continue
        best = min(fits, key=lambda code: fits[code].spread)
        rivals = [code for code in fits if code != best and not fits[best].beats(fits[code])]
        if variation([abs(value) for value in pool.rows[best]]) > 2 * fits[best].spread:
            found.append((triangle, best))
            votes.vote((best, *rivals), Kind.REACTIVE, WEAK if rivals else DECISIVE, "s2_is_p2_plus_q2")
    return found


def apply(knowledge: Knowledge) -> None:
    """Vote for active, apparent and reactive powers and power factors that belong together."""
    hertz = {code for code in knowledge.codes if is_like_frequency(knowledge.loads, code)}
    knowledge.scales = factor_scales(knowledge.loads, hertz)
    for pool in knowledge.pools:
        find_reactive(pool, knowledge.votes, find_triangles(pool, knowledge.votes, knowledge.scales))
