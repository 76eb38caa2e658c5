"""Who is who: codes and the places they may have, each code in one place and each place filled once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log

from .fits import Fit

MARGIN = 6.0
"""By how much (natural logarithm of the odds) a place has to be better than the next."""
_FLOOR = 2e-4
"""No law is believed to hold more closely."""
_RELATED = 4
"""Neighbouring rows are not independent: so many count as one."""
_MANY_ROWS = 40

type Fits[Place] = Callable[[int, Place], Sequence[Fit]]
"""How well a code fits a place, load by load or pool by pool."""


@dataclass(frozen=True, slots=True)
class Match:
    """A code in its place."""

    code: int
    margin: float
    """How much likelier this is than any other place for the code and any other code for the place (logarithm)."""
    held: bool
    """The law of the place holds, and fails nowhere."""


def is_sure(found: Match) -> bool:
    """Tell whether the place of a code is beyond doubt."""
    return found.held and found.margin >= MARGIN


def cost_of(fits: Iterable[Fit]) -> float:
    """Return what it costs, as a negative logarithm of likelihood, to believe in fits on several pools."""
    return sum(min(fit.count, 400) / _RELATED * log((fit.spread + _FLOOR) / (1 + _FLOOR)) for fit in fits if fit.count)


def hold(fits: Sequence[Fit]) -> bool:
    """Tell whether a law holds on a pool, and fails on none that shows enough."""
    return any(fit.holds(0.6) for fit in fits) and all(fit.holds(0.5) for fit in fits if fit.count >= _MANY_ROWS)


def match[Place](codes: Sequence[int], places: Sequence[Place], fits: Fits[Place]) -> dict[Place, Match]:
    """Put codes into places, the clearest first.

    A code that has its place beyond doubt no longer competes for another: the rest is told apart by elimination.
    """
    seen = {(code, place): fits(code, place) for code in codes for place in places}
    cost = {pair: cost_of(found) for pair, found in seen.items()}
    rivals = {pair for pair in seen if cost[pair] < 0}
    result: dict[Place, Match] = {}
    taken: set[int] = set()
    while True:
        best: tuple[float, int, int] | None = None
        for code in codes:
            for number, place in enumerate(places):
                if code in taken or place in result or (code, place) not in rivals:
                    continue
                margin = min(
                    (
                        cost[other] - cost[code, place]
                        for other in rivals
                        if other != (code, place) and (other[0] == code or other[1] == place)
                    ),
                    default=-cost[code, place],
                )
                if best is None or margin > best[0]:
                    best = (margin, code, number)
        if best is None or best[0] < 0:
            return result
        margin, code, number = best
        place = places[number]
        result[place] = Match(code, min(margin, -cost[code, place]), hold(seen[code, place]))
        taken.add(code)
        if margin >= MARGIN and result[place].held:
            rivals = {pair for pair in rivals if pair[0] != code and pair[1] != place}
