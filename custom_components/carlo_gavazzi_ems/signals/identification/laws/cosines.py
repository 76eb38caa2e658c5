"""The power factor of the fundamental: cos φ = P / √(P² + Q²). With distorted currents, S is more than √(P² + Q²).

This law has no constant that could be fitted, and needs neither S nor U nor I, which are often disabled.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import hypot

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit, summary, variation
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, WEAK, Kind, Votes

_LAW = "cosine_is_p_over_p_and_q"
_LOWEST, _HIGHEST = 0.05, 0.985
"""Range of informative cosines: one near 1 fits any small Q, one near 0 any small P."""
_LEAST, _MOST = 0.3, 1.02
"""Range of the highest value of a cosine."""
_STEPS = 10
_NEAR = 0.02


@dataclass(frozen=True, slots=True)
class Cosine:
    """Three codes of one phase, or of the total."""

    factor: int
    active: int
    reactive: int
    fit: Fit


def _rows(pool: Pool, active: int, reactive: int, rows: Iterable[int]) -> list[tuple[int, float]]:
    """Return the rows, of some, in which two powers have an informative cosine, with the cosine."""
    least_p, least_q = _STEPS * pool.resolution[active], _STEPS * pool.resolution[reactive]
    watts, vars_ = pool.rows[active], pool.rows[reactive]
    return [
        (row, abs(p) / size)
        for row in rows
        for p, q in ((watts[row], vars_[row]),)
        if abs(p) > least_p and abs(q) > least_q and _LOWEST * (size := hypot(p, q)) < abs(p) < _HIGHEST * size
    ]


def _fit(pool: Pool, factor: int, scale: float, rows: Sequence[tuple[int, float]]) -> Fit:
    """Return how well a code equals the cosine of two powers; no fit if a constant would fit nearly as well."""
    values = pool.rows[factor]
    read = [(abs(values[row]) * scale, said) for row, said in rows if values[row] == values[row]]  # not NaN
    fit = summary([(value - said) / said for value, said in read if value], tolerances.TRIANGLE)
    return fit if variation([said for _, said in read]) > 2 * (fit.spread + 1e-4) else summary((), 1.0)


def _survivors(pool: Pool, codes: Sequence[int], factors: Sequence[int], knowledge: Knowledge) -> Iterator[Cosine]:
    """Yield the triples that fit in a few rows and then in all rows."""
    for active, reactive in permutations(codes, 2) if factors else ():
        few = _rows(pool, active, reactive, pool.probes(reactive))
        near = [
            factor for factor in factors if factor not in {active, reactive} and _agrees(pool, factor, few, knowledge)
        ]
        rows = _rows(pool, active, reactive, range(len(pool.rows[active]))) if near else []
        if len(rows) < tolerances.STEPS:
            continue
        for factor in near:
            fit = _fit(pool, factor, knowledge.scales[factor], rows)
            if fit.holds():
                yield Cosine(factor, active, reactive, fit)


def _agrees(pool: Pool, factor: int, rows: Sequence[tuple[int, float]], knowledge: Knowledge) -> bool:
    """Tell whether a code equals the cosine in at least three quarters of some rows."""
    values, scale = pool.rows[factor], knowledge.scales[factor]
    misses = sum(not abs(abs(values[row]) * scale - said) < _NEAR for row, said in rows)
    return misses <= len(rows) // 4


def find_cosines(pool: Pool, knowledge: Knowledge) -> list[Cosine]:
    """Find P, Q and cos φ that belong together, and vote for their kinds."""
    votes = knowledge.votes
    active_known = any(votes.is_certain(code, Kind.ACTIVE) for code in pool.varying)
    factors = [
        code
        for code in pool.measured
        if code in knowledge.scales
        and (not votes.decided(code) or (votes.is_certain(code, Kind.FACTOR) and not active_known))
        and _LEAST <= pool.range(code)[1] * knowledge.scales[code] <= _MOST
    ]
    codes = [code for code in pool.varying if _may_be_power(votes, code)]
    by_factor: dict[int, list[Cosine]] = {}
    for one in _survivors(pool, codes, factors, knowledge):
        by_factor.setdefault(one.factor, []).append(one)
    found = []
    for factor, cosines in sorted(by_factor.items()):
        best = min(cosines, key=lambda one: one.fit.spread)
        rivals = [one for one in cosines if one is not best and not best.fit.beats(one.fit)]
        strength = DECISIVE if best.fit.is_firm and not rivals else WEAK
        votes.vote(factor, Kind.FACTOR, DECISIVE if best.fit.is_firm else WEAK, _LAW)
        votes.vote({one.active for one in (best, *rivals)}, Kind.ACTIVE, strength, _LAW)
        votes.vote({one.reactive for one in (best, *rivals)}, Kind.REACTIVE, strength, _LAW)
        if strength == DECISIVE:
            found.append(best)
    return found


def _may_be_power(votes: Votes, code: int) -> bool:
    """Tell whether a code is not decided to be of another kind than active or reactive power."""
    return not votes.decided(code) or votes.is_certain(code, Kind.ACTIVE) or votes.is_certain(code, Kind.REACTIVE)


def apply(knowledge: Knowledge) -> None:
    """Vote for powers and their cosines where no power factor relates them to apparent power."""
    for pool in knowledge.pools:
        for one in find_cosines(pool, knowledge):
            knowledge.cosines.setdefault(one.active, (one.factor, one.reactive))
