"""The relations between the codes of a block, and how good the readings are that they are seen by."""

from collections import Counter
from math import hypot, sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Law, Readings, Slack
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

U, A, P, S, Q, F = Kind.VOLTAGE, Kind.CURRENT, Kind.ACTIVE, Kind.APPARENT, Kind.REACTIVE, Kind.FACTOR

type Block = dict[Kind, int]


SCALED = frozenset({"product", "power", "reactive"})
"""Relations between powers and volts times amperes."""


_MUST_MATTER = {
    "product": (1, 2),
    "factor": (1, 2),
    "power": (2, 3),
    "hypotenuse": (1, 2),
    "reactive": (1, 2, 3),
    "cosine": (1, 2),
}
"""The parts of each relation whose moves have to be seen; a voltage matters where a kind rests on it alone."""


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
"""Readings that are off by more, as a share, prove nothing."""


_ENOUGH = 3
"""Of loads that publish the same codes, more than so many that tell add nothing."""


def laws_of(ledger: Ledger, block: Block) -> dict[str, tuple[Law, tuple[Kind, ...]]]:
    """Return the relations that tie the codes of a block together, with the kinds in the order of the law."""
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
    """Return the relations that hold between the codes of a block, and could have failed."""
    found = set()
    for name, (law, kinds) in laws_of(ledger, block).items():
        if not set(kinds) <= block.keys():
            continue
        codes = [block[kind] for kind in kinds]
        held = seen.seen(law, codes)
        if held.fails:
            ledger.broken.add((name, tuple(codes)))
        elif held.holds and all(seen.matters(law, codes, place) for place in _MUST_MATTER[name]):
            found.add(name)
    return found


def is_broken(ledger: Ledger, name: str, block: Block) -> bool:
    """Tell whether a relation between the same codes fails on another load: a code means the same everywhere."""
    return (name, tuple(block[kind] for kind in laws_of(ledger, block)[name][1])) in ledger.broken


def look(ledger: Ledger) -> None:
    """See which relations hold between the codes of each block, load by load."""
    ledger.found.clear()
    ledger.broken.clear()
    told: Counter[frozenset[int]] = Counter()
    for seen in ledger.readings:
        if told[seen.load.codes] >= _ENOUGH:
            continue
        for place, block in ledger.blocks(seen.load):
            found = relations(ledger, seen, block)
            told[seen.load.codes] += len(found) > 1 and not place
            ledger.found[seen.load.key, place] = found


def slack_of(ledger: Ledger) -> Slack | None:
    """Return by how much the readings of a gateway are off beyond their digits; None if they are not, or nothing tells.

    Where hardly a relation of a block holds to the digits, all readings are disturbed alike, or they are sampled apart.
    The first shows by relations that are all off by the same share and to both sides; what is wrongly put together is
    off by any share, and mostly to one side. The second shows by relations that hold wherever nothing moves.
    """
    claimed = [
        (seen, law, [block[kind] for kind in kinds])
        for seen in ledger.readings
        for place, block in ledger.blocks(seen.load)
        if (seen.load.key, place) in ledger.found
        for name, (law, kinds) in laws_of(ledger, block).items()
        if name in _TELLING and set(kinds) <= block.keys()
    ]
    shown = [found for seen, law, codes in claimed if (found := seen.seen(law, codes)).rows]
    held = sum(found.holds for found in shown)
    if len(shown) < _SEVERAL or held >= _PARTLY * len(shown):
        return None
    off: list[tuple[float, float]] = []
    for seen, law, codes in claimed:
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
        holds = [found.holds for seen, law, codes in tried if (found := seen.seen_with(slack, law, codes)).rows]
        if len(holds) >= _SEVERAL and sum(holds) >= _MOSTLY * len(holds):
            return slack
    return None
