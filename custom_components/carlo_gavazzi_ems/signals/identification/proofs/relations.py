"""The relations between the codes of a block, and the errors of the readings beyond rounding."""

from collections import Counter
from math import hypot, sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Law, Readings, Slack
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

U, A, P, S, Q, F = Kind.VOLTAGE, Kind.CURRENT, Kind.ACTIVE, Kind.APPARENT, Kind.REACTIVE, Kind.FACTOR

type Block = dict[Kind, int]


SCALED = frozenset({"product", "power", "reactive"})
"""Relations of powers to volts times amperes, which determine the unit of power."""


_MUST_MATTER = {
    "product": (1, 2),
    "factor": (1, 2),
    "power": (2, 3),
    "hypotenuse": (1, 2),
    "reactive": (1, 2, 3),
    "cosine": (1, 2),
}
"""The parts of each relation whose changes have to matter, by position; U only if a kind depends on it alone."""


_LAG = Slack(lag=1.0)
_TELLING = frozenset({"product", "factor", "power"})
"""The relations without a difference of squares."""
_SEVERAL = 6
_TRIED = 24
_PARTLY = 0.6
_HARDLY = 0.2
_MOSTLY = 0.75
_ALIKE = 1.8
_ONE_SIDED = 0.35
_MOST = 6e-3
"""Readings with more noise, as a share of their value, prove nothing."""


_ENOUGH = 3
"""The number of informative loads that are used of those with the same codes."""


def laws_of(ledger: Ledger, block: Block) -> dict[str, tuple[Law, tuple[Kind, ...]]]:
    """Return all relations of a block, each with the kinds in the order of the law's arguments."""
    scale = ledger.knowledge.votes.scale() or 0.0
    share = ledger.knowledge.scales.get(block.get(F, -1), 1.0)
    return {
        "product": (lambda v: (abs(v[0]), scale * v[1] * abs(v[2])), (S, U, A)),
        "factor": (lambda v: (abs(v[0]), abs(v[1] * v[2]) * share), (P, S, F)),
        "power": (lambda v: (abs(v[0]), scale * v[1] * abs(v[2] * v[3]) * share), (P, U, A, F)),
        "hypotenuse": (lambda v: (abs(v[0]), hypot(v[1], v[2])), (S, P, Q)),
        "reactive": (lambda v: (scale * v[0] * abs(v[1]), hypot(v[2], v[3])), (U, A, P, Q)),
        "cosine": (lambda v: (abs(v[0]), hypot(v[0], v[1]) * abs(v[2]) * share), (P, Q, F)),
    }


def relations(ledger: Ledger, seen: Readings, block: Block) -> set[str]:
    """Return the relations that hold between the codes of a block and could have failed."""
    found = set()
    for name, (law, kinds) in laws_of(ledger, block).items():
        if not set(kinds) <= block.keys():
            continue
        codes = [block[kind] for kind in kinds]
        held = ledger.held[seen.load.key, name, tuple(codes)] = seen.seen(law, codes)
        if held.fails:
            ledger.broken.add((name, tuple(codes)))
        elif held.holds and all(seen.matters(law, codes, place) for place in _MUST_MATTER[name]):
            found.add(name)
    return found


def is_broken(ledger: Ledger, name: str, block: Block) -> bool:
    """Tell whether a relation between the same codes fails on some load; a code means the same on all loads."""
    return (name, tuple(block[kind] for kind in laws_of(ledger, block)[name][1])) in ledger.broken


def look(ledger: Ledger) -> None:
    """Determine which relations hold between the codes of each block, on each load."""
    ledger.found.clear()
    ledger.broken.clear()
    informative: Counter[frozenset[int]] = Counter()
    for seen in ledger.readings:
        if informative[seen.load.codes] >= _ENOUGH:
            continue
        for place, block in ledger.blocks(seen.load):
            found = relations(ledger, seen, block)
            informative[seen.load.codes] += len(found) > 1 and not place
            ledger.found[seen.load.key, place] = found


def slack_of(ledger: Ledger) -> Slack | None:
    """Return the errors of a gateway's readings beyond rounding; None if there are none or they are not known.

    If few relations hold within the resolution, the readings have noise, or are sampled at different times. With noise,
    the residuals of all relations are a similar share, in both directions; a wrong assignment has any share, mostly in
    one direction. With different sampling times, relations hold in rows in which nothing changes.
    """
    claimed = [
        (seen, law, codes, ledger.held[seen.load.key, name, tuple(codes)])
        for seen in ledger.readings
        for place, block in ledger.blocks(seen.load)
        if (seen.load.key, place) in ledger.found
        for name, (law, kinds) in laws_of(ledger, block).items()
        if name in _TELLING and set(kinds) <= block.keys()
        for codes in ([block[kind] for kind in kinds],)
    ]
    shown = [found for *_, found in claimed if found.rows]
    held = sum(found.holds for found in shown)
    if len(shown) < _SEVERAL or held >= _PARTLY * len(shown):
        return None
    off: list[tuple[float, float]] = []
    for seen, law, codes, _ in claimed:
        if (stray := seen.off(law, codes)) is not None:
            off.append((stray[0] / sqrt(len(codes)), abs(stray[1])))
    ways = [_LAG]
    if len(off) >= _SEVERAL and held < _HARDLY * len(shown):
        middle = sorted(share for share, _ in off)[len(off) // 2]
        alike = sum(middle / _ALIKE < share < middle * _ALIKE and side < _ONE_SIDED for share, side in off)
        if alike >= _MOSTLY * len(off) and middle <= _MOST:
            ways.insert(0, Slack(noise=middle))
    tried = claimed[:: max(1, len(claimed) // _TRIED)]
    for slack in ways:
        holds = [found.holds for seen, law, codes, _ in tried if (found := seen.seen_with(slack, law, codes)).rows]
        if len(holds) >= _SEVERAL and sum(holds) >= _MOSTLY * len(holds):
            return slack
    return None
