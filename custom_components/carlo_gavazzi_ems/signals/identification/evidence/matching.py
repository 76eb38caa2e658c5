"""Assigns codes to places: each code gets one place at most, and each place one code."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log

from .fits import Fit

MARGIN = 6.0
"""How much better the best place has to be than the next, as a natural logarithm of the odds."""
_FLOOR = 2e-4
"""The smallest spread that is distinguished."""
_RELATED = 4
"""Neighbouring rows are not independent: this many count as one."""
_MANY_ROWS = 40

type Fits[Place] = Callable[[int, Place], Sequence[Fit]]
"""How well a code fits a place, load by load or pool by pool."""


@dataclass(frozen=True, slots=True)
class Match:
    """A code in its place."""

    code: int
    margin: float
    """Logarithm of how much likelier this is than any other place for the code and any other code for the place."""
    held: bool
    """Whether the law of the place holds, and fails nowhere."""


def is_sure(found: Match) -> bool:
    """Tell whether the place of a code is beyond doubt."""
    return found.held and found.margin >= MARGIN


def cost_of(fits: Iterable[Fit]) -> float:
    """Return the cost of fits on several pools: a logarithm, the lower the likelier."""
    return sum(min(fit.count, 400) / _RELATED * log((fit.spread + _FLOOR) / (1 + _FLOOR)) for fit in fits if fit.count)


def hold(fits: Sequence[Fit]) -> bool:
    """Tell whether a law holds on some pool, and fails on none with many rows."""
    return any(fit.holds(0.6) for fit in fits) and all(fit.holds(0.5) for fit in fits if fit.count >= _MANY_ROWS)


def match[Place](codes: Sequence[int], places: Sequence[Place], fits: Fits[Place]) -> dict[Place, Match]:
    """Assign codes to places, starting with the clearest.

    A code with a place beyond doubt no longer competes for others, so the rest follows by elimination.
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
