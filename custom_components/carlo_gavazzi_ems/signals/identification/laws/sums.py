"""Finds totals and their parts: the phases add up to the total."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit, summary, variation
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, Kind, Votes

_SHARE = 0.03
"""The least share of the total in a row at which a part counts."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A total and its parts, the parts in ascending order of their codes."""

    total: int
    parts: tuple[int, ...]
    fit: Fit


def sum_fit(pool: Pool, total: int, parts: Sequence[int]) -> Fit:
    """Return how well a code is the sum of others; no fit if one of them is hardly ever large enough to matter."""
    floor = tolerances.STEPS * pool.resolution[total]
    residuals = []
    counts = [0] * len(parts)
    columns = [pool.rows[part] for part in parts]
    for whole, *values in zip(pool.rows[total], *columns, strict=True):
        size = sum(map(abs, values))
        if not size > floor:
            continue
        residuals.append((whole - sum(values)) / size)
        for place, value in enumerate(values):
            counts[place] += abs(value) > _SHARE * size
    if not residuals or min(counts) < 8:
        return summary((), tolerances.SUM)
    return summary(residuals, tolerances.SUM)


def _survivors(pool: Pool, total: int, parts: Sequence[int], count: int) -> Iterator[tuple[int, ...]]:
    """Yield the combinations of parts that fit in a few rows."""
    probes = pool.probes(total)
    if len(probes) < 4:
        return
    values = {part: [pool.rows[part][row] for row in probes] for part in parts}
    wanted = [pool.rows[total][row] for row in probes]
    limits = [0.04 * abs(value) for value in wanted]
    allowed = 2 * len(probes) // 5  # powers without sign do not add up while phases have opposite directions
    for chosen in combinations(parts, count):
        misses = 0
        for row, (value, limit) in enumerate(zip(wanted, limits, strict=True)):
            if abs(value - sum(values[part][row] for part in chosen)) > limit:
                misses += 1
                if misses > allowed:
                    break
        else:
            yield chosen


def find_sums(
    pool: Pool, votes: Votes, kind: Kind, counts: Sequence[int] = (2, 3), hidden: Collection[int] = ()
) -> list[Sum]:
    """Find the totals of a kind with their parts. `counts`: possible numbers of parts; `hidden` codes are left out."""
    varying = [code for code in pool.varying if code not in hidden]
    possible = [code for code in varying if votes.likely(code) is kind or not votes.decided(code)]
    totals = votes.of_kind(varying, kind)
    found = [one for total in totals if (one := _best_sum(pool, total, possible, counts)) is not None]
    turned = {part for one in found for part in one.parts} - set(totals)
    if not found and any(votes.is_certain(code, kind) for code in possible):
        turned = set(possible) - set(totals)
    found += [one for total in sorted(turned) if (one := _best_sum(pool, total, possible, counts)) is not None]
    return [one for one in found if any(votes.is_certain(code, kind) for code in (one.total, *one.parts))]


def _best_sum(pool: Pool, total: int, possible: Sequence[int], counts: Sequence[int]) -> Sum | None:
    """Return the best sum for a total, None unless it is clearly better than all others.

    A small additional part hardly changes a sum, so it is included only if the sum gets clearly better.
    """
    parts = [code for code in possible if code != total]
    fits = [
        Sum(total, chosen, fit)
        for count in counts
        for chosen in _survivors(pool, total, parts, count)
        if (fit := sum_fit(pool, total, chosen)).holds()
    ]
    if not fits:
        return None
    best = min(fits, key=lambda one: (one.fit.spread, len(one.parts)))
    simpler = [one for one in fits if set(one.parts) < set(best.parts) and not best.fit.beats(one.fit)]
    best = min(simpler, key=lambda one: one.fit.spread, default=best)
    rivals = (one for one in fits if not set(one.parts) >= set(best.parts))
    return best if all(best.fit.beats(one.fit) for one in rivals) and _independent(pool, best) else None


def _independent(pool: Pool, one: Sum) -> bool:
    """Tell whether the parts vary independently; proportional values may add up by chance."""
    free = 0
    for part in one.parts:
        shares = [
            abs(value / whole) for value, whole in zip(pool.rows[part], pool.rows[one.total], strict=True) if whole
        ]
        free += variation(shares) > 4 * (one.fit.spread + 1e-3)
    return free >= min(2, len(one.parts) - 1)


def without_contradictions(sums: Sequence[Sum], votes: Votes, kind: Kind) -> list[Sum]:
    """Remove sums that share a code with another one: with export, P = P1 + P2 + P3 can be solved for another power.

    Of contradicting sums, the one whose codes are most certainly of the kind is kept; if there is no such one, none.
    """

    def doubts(one: Sum) -> float:
        codes = (one.total, *one.parts)
        against = sum(sum(votes.weight(code, other)) for code in codes for other in Kind if other is not kind)
        return against - sum(votes.is_certain(code, kind) for code in codes)

    def contradict(one: Sum, other: Sum) -> bool:
        same = (one.total, one.parts) == (other.total, other.parts)
        return not same and not {one.total, *one.parts}.isdisjoint({other.total, *other.parts})

    return [one for one in sums if all(doubts(one) < doubts(other) for other in sums if contradict(one, other))]


def vote_for_sums(sums: Sequence[Sum], votes: Votes, kind: Kind) -> None:
    """Vote for the totals and parts of sums: they are of the same kind, and one of them is certainly of this kind."""
    for one in sums:
        votes.vote((one.total, *one.parts), kind, DECISIVE, "phases_add_up")


def apply(knowledge: Knowledge) -> None:
    """Vote for the totals of active and reactive power and their parts."""
    hidden = {max(pair) for pair in knowledge.twins.items()}
    counts = (len(knowledge.volts.phases),) if knowledge.volts else (2, 3)
    for kind in (Kind.ACTIVE, Kind.REACTIVE):
        found = [one for pool in knowledge.pools for one in find_sums(pool, knowledge.votes, kind, counts, hidden)]
        found = without_contradictions(found, knowledge.votes, kind)
        vote_for_sums(found, knowledge.votes, kind)
        if kind is Kind.ACTIVE:
            knowledge.active_sums = Counter((one.total, one.parts) for one in found)
