"""Distinguishes active from apparent power when they read the same, because the power factor is 1.

A power that is ever negative is active. And no meter publishes apparent power without active power: of two codes that
always read the same, the one that some load publishes alone is the active power.
"""

from collections.abc import Collection, Sequence
from itertools import combinations, product

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit, summary
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, WEAK, Kind, Votes

from .products import is_product

_SHARE = 0.9
_CLEAR = 2.0
"""How many times closer to each other a pair has to be than either is to a third code."""


def _sameness(pool: Pool, one: int, other: int) -> Fit:
    """Return how closely the absolute values of two codes agree, in rows where one is large enough."""
    floor = tolerances.STEPS * (pool.resolution[one] + pool.resolution[other])
    return summary(
        [
            (abs(a) - abs(b)) / max(abs(a), abs(b))
            for a, b in zip(pool.rows[one], pool.rows[other], strict=True)
            if max(abs(a), abs(b)) > floor
        ],
        tolerances.SUM,
    )


def _twins(pools: Sequence[Pool], codes: Sequence[int], decided: Collection[int]) -> list[tuple[int, int]]:
    """Return pairs of codes that read the same wherever both are measured, and clearly closer than to any third code.

    With balanced phases, the powers of two phases are nearly the same. The apparent powers of two phases are not a
    pair if each is closer to its active power.
    """
    near: dict[tuple[int, int], list[Fit]] = {}
    for one, other in (*combinations(codes, 2), *product(codes, decided)):
        fits = [_sameness(pool, one, other) for pool in pools if one in pool.varying and other in pool.varying]
        telling = [fit for fit in fits if fit.count > 10]
        if telling and all(fit.inliers >= _SHARE for fit in telling):
            near[one, other] = telling
    found = []
    for pair, fits in near.items():
        if pair[1] in decided:
            continue
        worst = max(fit.spread for fit in fits)
        rivals = [others for other, others in near.items() if other != pair and set(other) & set(pair)]
        if all(max(fit.spread for fit in others) > _CLEAR * worst + 1e-5 for others in rivals):
            found.append(pair)
    return found


def _lowest(pools: Sequence[Pool], code: int) -> float:
    """Return the 2 % quantile of a code, the least of all loads; lower values may be noise."""
    return min(
        (load.columns[code].quantile(0.02) for pool in pools for load in pool.loads if code in load.columns),
        default=0.0,
    )


def _is_alone(pools: Sequence[Pool], one: int, other: int) -> bool:
    """Tell whether some load publishes `one` without `other`, and none `other` without `one`."""
    return any(one in pool.varying and other not in pool.codes for pool in pools) and not any(
        other in pool.codes and one not in pool.codes for pool in pools
    )


def find_twins(pools: Sequence[Pool], votes: Votes) -> list[tuple[int, int]]:
    """Vote for pairs of codes that are voltage times current, and return the pairs that cannot be told apart."""
    measured = {code for pool in pools for code in pool.varying}
    open_ = sorted(code for code in measured if not votes.decided(code))
    undecided = []
    for one, other in _twins(pools, open_, measured.difference(open_)):
        if not any(is_product(pool, code) for pool in pools for code in {one, other} & set(pool.varying)):
            continue
        decided = False
        for active, apparent in ((one, other), (other, one)):
            if _lowest(pools, apparent) < 0:
                continue
            strength = WEAK
            if _lowest(pools, active) < 0 or _is_alone(pools, active, apparent):
                strength = DECISIVE
                decided = True
            votes.vote(active, Kind.ACTIVE, strength, "active_comes_first")
            votes.vote(apparent, Kind.APPARENT, strength, "active_comes_first")
        if not decided:
            undecided.append((one, other))
    return undecided


def apply(knowledge: Knowledge) -> None:
    """Vote for powers that always read the same, and keep the pairs that cannot be told apart."""
    for one, other in find_twins(knowledge.pools, knowledge.votes):
        knowledge.twins |= {one: other, other: one}
