"""Powers, currents and power factors: of which kind, of which phase, or of the total.

Rivals of a kind: S for P and P for S where the power factor is 1, Q for P where only S² = P² + Q² is seen, anything in
proportion where a factor hardly moves. So two relations have to hold to the digits, each with every part mattering.
Rivals of a place: the total for the phase of a load whose other phases are off, and the other way round. So a phase is
proven by a second block with a current of its own on the same load, the total by the sum of proven phases, and the only
phase of a load by what the gateway says of its connection.
"""

from collections.abc import Collection, Sequence
from itertools import combinations
from math import hypot

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Readings
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger, Place
from .relations import SCALED, A, Block, F, P, Q, S, U, is_broken, laws_of, look, relations, slack_of

_WITNESSES: tuple[tuple[frozenset[str], frozenset[Kind]], ...] = (
    (frozenset({"factor", "product"}), frozenset({P, S, F, U, A})),
    (frozenset({"factor", "hypotenuse"}), frozenset({P, S, F, Q})),
    (frozenset({"factor", "power"}), frozenset({P, S, F, U, A})),
    (frozenset({"product"}), frozenset({U, A})),
    (frozenset({"power", "reactive"}), frozenset({P, Q, F, U, A})),
    (frozenset({"power", "cosine"}), frozenset({P, Q, F, U, A})),
    (frozenset({"power"}), frozenset({P, F, U, A})),
    (frozenset({"factor", "cosine"}), frozenset({P, S, F, Q})),
    (frozenset({"product", "hypotenuse"}), frozenset({S, U, A})),
    (frozenset({"product", "cosine"}), frozenset({P, Q, F, S, U, A})),
)
"""Relations that together leave no other reading of the codes, and the kinds that they prove."""


_FINE = 4e-3
"""Phases of a balanced load differ by a per cent; what resolves less than half of that tells them apart."""


def prove_kinds(ledger: Ledger) -> None:
    """Prove of which kind the codes of each block are, load by load, by readings that are as good as the gateway's are."""
    look(ledger)
    if (slack := slack_of(ledger)) is not None:
        for seen in ledger.readings:
            seen.slack = slack
        look(ledger)
    for seen in ledger.readings:
        for place, block in ledger.blocks(seen.load):
            found = ledger.found.get((seen.load.key, place), set())
            found -= {name for name in found if is_broken(ledger, name, block)}
            for needed, kinds in _WITNESSES:
                if needed <= found:
                    ledger.kinds.update(block[kind] for kind in kinds if kind in block)
                    ledger.scaled = ledger.scaled or bool(needed & SCALED)


def _carries(ledger: Ledger, key: tuple[int, int], place: Place, block: Block) -> bool:
    """Tell whether a block is that of one conductor: its power is one voltage times one current."""
    return bool(ledger.found.get((key, place), set()) & SCALED) and block.get(A) in ledger.kinds


def prove_phases(ledger: Ledger) -> None:
    """Prove the phases of loads on which two conductors have a block of their own, or add up to the power of the load."""
    for seen in (*ledger.readings, *ledger.readings):  # what one load proves helps on those before it
        key = seen.load.key
        blocks = [(place, block) for place, block in ledger.blocks(seen.load) if place]
        carrying = [(place, block) for place, block in blocks if _carries(ledger, key, place, block)]
        if len({block[A] for _, block in carrying}) < 2:
            carrying = []
        for place, block in carrying or _parts_of_a_total(ledger, seen):
            found = ledger.found.get((key, place), set())
            members = _tied(ledger, block, found, A if carrying else P)
            for kind in set(block) - {U} - members:
                if block[kind] in ledger.phased:  # on another load
                    members |= _tied(ledger, block, found, kind)
            if P not in members and _is_matched(seen, block, [one for where, one in blocks if where != place]):
                members |= _tied(ledger, block, found, P) if _all_there(ledger, seen, S) else set()
            for kind in members - {U}:
                code = block[kind]
                if code not in ledger.phased and code in ledger.kinds and _is_alone(ledger, seen, block, found, kind):
                    ledger.prove(code)
                    ledger.phased.add(code)


def _tied(ledger: Ledger, block: Block, found: Collection[str], kind: Kind) -> set[Kind]:
    """Return the kinds of a block that relations tie to one of them, directly or through others; a voltage ties nothing."""
    laws = laws_of(ledger, block)
    tied = {kind} & block.keys()
    for _ in found:
        for name in found:
            if tied & set(laws[name][1]) - {U}:
                tied |= set(laws[name][1])
    return tied


def _is_matched(seen: Readings, block: Block, others: Sequence[Block]) -> bool:
    """Tell whether P and Q of a block are at times more than the S of every other phase: so S of none of these is theirs."""
    if not {P, Q} <= block.keys():
        return False
    return all(S in other and seen.exceeds(_beyond, [block[P], block[Q], other[S]]) >= _BEYOND for other in others)


_BEYOND = 8
"""In so many rows P and Q have to be more than another phase's S; a few were taken while something switched."""


def _beyond(values: Sequence[float]) -> tuple[float, float]:
    """Return the apparent power that P and Q make at least, and the one that is measured."""
    return hypot(values[0], values[1]), abs(values[2])


def _parts_of_a_total(ledger: Ledger, seen: Readings) -> list[tuple[Place, Block]]:
    """Return the blocks of phases whose active powers are proven to be such and add up to that of the load."""
    blocks = [(place, block) for place, block in ledger.blocks(seen.load) if place and P in block]
    total = dict(ledger.blocks(seen.load)).get((), {}).get(P)
    kinds = [(place, block) for place, block in blocks if block[P] in ledger.kinds]
    if total is None or len(blocks) < 2 or not kinds:
        return []
    codes = [total, *(block[P] for _, block in blocks)]
    if not (seen.seen(_sum, codes).holds and _is_no_part(ledger, seen, codes)):
        return []
    ledger.kinds.add(total)
    ledger.prove(total, *(block[P] for _, block in kinds))
    ledger.phased.update(block[P] for _, block in kinds)
    return kinds


def _is_alone(ledger: Ledger, seen: Readings, block: Block, found: set[str], kind: Kind) -> bool:
    """Tell whether no other code of the load fits in the place of a kind."""
    laws = laws_of(ledger, block)
    for name in found:
        law, kinds = laws[name]
        if kind in kinds:
            codes = [block[one] for one in kinds]
            if not seen.is_unique(law, codes, kinds.index(kind), ledger.rivals(seen.load, codes)):
                continue
            if kind is F and _fits_elsewhere(ledger, seen, block):
                continue
            if seen.seen(law, codes).resolved <= _FINE or _all_there(ledger, seen, kind):
                return True
    return False


def _fits_elsewhere(ledger: Ledger, seen: Readings, block: Block) -> bool:
    """Tell whether a power factor fits another phase or the total as well, as it does on a balanced load."""
    for _, other in ledger.blocks(seen.load):
        if other == block:
            continue
        moved = {**other, F: block[F]}
        for law, kinds in laws_of(ledger, moved).values():
            if F in kinds and set(kinds) <= moved.keys():
                held = seen.seen(law, [moved[one] for one in kinds])
                if held.rows and not held.fails:
                    return True
    return False


def _all_there(ledger: Ledger, seen: Readings, kind: Kind) -> bool:
    """Tell whether a load shows a kind in all of its phases, so that none that is off can be mixed up with another."""
    phases = [block for place, block in ledger.blocks(seen.load) if place]
    return len(phases) == ledger.phase_count and all(kind in block for block in phases)


def _sum(values: Sequence[float]) -> tuple[float, float]:
    """Return a total and the sum of its parts."""
    return values[0], sum(values[1:])


def prove_totals(ledger: Ledger) -> None:
    """Prove the totals: of P, Q or S as sums of proven phases, the others by relations with a proven total."""
    for seen in ledger.readings:
        load = seen.load
        blocks = dict(ledger.blocks(load))
        total = blocks.pop((), {})
        phases = [block for _, block in sorted(blocks.items())]
        if len(phases) < 2:
            continue
        for kind in (P, Q, S):
            parts = [block[kind] for block in phases if kind in block]
            if kind in total and len(parts) >= 2 and set(parts) <= ledger.phased | ledger.proven:
                codes = [total[kind], *parts]
                if seen.seen(_sum, codes).holds and _is_no_part(ledger, seen, codes):
                    ledger.kinds.add(total[kind])
                    ledger.prove(total[kind])
        _prove_by_total(ledger, seen, total)


def _is_no_part(ledger: Ledger, seen: Readings, codes: Sequence[int]) -> bool:
    """Tell whether a total is neither one of its parts nor the sum of fewer, and no other code reads the same."""
    total, *parts = codes
    smaller = [[total, *few] for count in range(1, len(parts)) for few in combinations(parts, count)]
    singles = [one for one in smaller if len(one) == 2]
    return all(seen.seen(_sum, one).fails for one in singles) and seen.is_unique(
        _sum, codes, 0, ledger.rivals(seen.load, codes)
    )


def _prove_by_total(ledger: Ledger, seen: Readings, total: Block) -> None:
    """Prove S, PF and Q of a load by relations with totals that are proven."""
    laws = laws_of(ledger, total)
    found = ledger.found.get((seen.load.key, ()), set())
    if not any(P in block for place, block in ledger.blocks(seen.load) if place):
        return
    for _ in range(2):
        for name in ("factor", "hypotenuse", "cosine"):
            kinds = laws[name][1]
            if name not in found or sum(total[kind] in ledger.proven for kind in kinds) < (1 if len(found) > 1 else 2):
                continue
            for kind in kinds:
                if total[kind] not in ledger.proven and _is_alone(ledger, seen, total, {name}, kind):
                    ledger.kinds.add(total[kind])
                    ledger.prove(total[kind])


def prove_singles(ledger: Ledger) -> None:
    """Prove the codes of loads on one phase, where the gateway says so: else one phase may be all that is switched on."""
    for seen in ledger.readings:
        if not ledger.system(seen.load).upper().startswith("1P"):
            continue
        blocks = list(ledger.blocks(seen.load))
        # A load on one phase has U and I of some phase and totals of everything else: one block for the relations.
        merged: Block = {}
        for _, block in blocks:
            if set(block) & set(merged):
                merged = {}
                break
            merged |= block
        if not merged:
            continue
        found = {name for name in relations(ledger, seen, merged) if not is_broken(ledger, name, merged)}
        kinds = {kind for needed, proved in _WITNESSES if needed <= found for kind in proved if kind in merged}
        if not found & SCALED or not kinds:
            continue
        ledger.scaled = True
        for kind in kinds:
            code = merged[kind]
            ledger.kinds.add(code)
            if not _is_phase(ledger, code) or kind in {U, A}:
                ledger.prove(code)


def _is_phase(ledger: Ledger, code: int) -> bool:
    """Tell whether a code is claimed to be of one phase."""
    role = ledger.role(code)
    return role is not None and bool(role.phases)
