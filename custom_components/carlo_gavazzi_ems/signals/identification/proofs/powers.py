"""Proves kind and place (phase or total) of powers, currents and power factors.

Rivals of a kind: S and P for each other if the power factor is 1, Q for P if only S² = P² + Q² is known, any
proportional quantity if the power factor hardly changes. So two relations have to hold within the resolution, and each
of their parts has to matter.
Rivals of a place: the total and a phase for each other, if the other phases of the load are disabled. So a phase is
proven by a second block with its own current on the same load, the total by the sum of proven phases, and the only
phase of a load by the connection that the gateway reports.
"""

from collections.abc import Collection, Sequence
from math import hypot

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Readings
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger, Place
from .relations import SCALED, A, Block, F, P, Q, S, U, is_broken, laws_of, look, relations, slack_of

_SUFFICIENT: tuple[tuple[frozenset[str], frozenset[Kind]], ...] = (
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
"""Relations that together have no other explanation, and the kinds that they prove."""


_FINE = 4e-3
"""Phases of a balanced load differ by 1 %; a resolution of less than half of that distinguishes them."""


def prove_kinds(ledger: Ledger) -> None:
    """Prove the kinds of the codes of each block on each load, with the slack of the gateway's readings."""
    look(ledger)
    if (slack := slack_of(ledger)) is not None:
        for seen in ledger.readings:
            seen.slack = slack
        look(ledger)
    for seen in ledger.readings:
        for place, block in ledger.blocks(seen.load):
            found = ledger.found.get((seen.load.key, place), set())
            found -= {name for name in found if is_broken(ledger, name, block)}
            for needed, kinds in _SUFFICIENT:
                if needed <= found:
                    ledger.kinds.update(block[kind] for kind in kinds if kind in block)
                    ledger.scaled = ledger.scaled or bool(needed & SCALED)


def _carries(ledger: Ledger, key: tuple[int, int], place: Place, block: Block) -> bool:
    """Tell whether a block is that of one phase: its power is one voltage times one current."""
    return bool(ledger.found.get((key, place), set()) & SCALED) and block.get(A) in ledger.kinds


def prove_phases(ledger: Ledger) -> None:
    """Prove the phases of loads on which two phases have their own block, or add up to the power of the load."""
    for seen in (*ledger.readings, *ledger.readings):  # twice, because a proof on one load helps on loads before it
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
    """Return the kinds of a block that relations connect to `kind`, directly or through others, but not through U."""
    laws = laws_of(ledger, block)
    tied = {kind} & block.keys()
    for _ in found:
        for name in found:
            if tied & set(laws[name][1]) - {U}:
                tied |= set(laws[name][1])
    return tied


def _is_matched(seen: Readings, block: Block, others: Sequence[Block]) -> bool:
    """Tell whether √(P² + Q²) of a block sometimes exceeds S of each other phase, so that these cannot be its S."""
    if not {P, Q} <= block.keys():
        return False
    return all(S in other and seen.exceeds(_beyond, [block[P], block[Q], other[S]]) >= _BEYOND for other in others)


_BEYOND = 8
"""The number of rows in which they have to exceed S of another phase; a few were sampled during switching."""


def _beyond(values: Sequence[float]) -> tuple[float, float]:
    """Return the least apparent power by P and Q, and the measured one."""
    return hypot(values[0], values[1]), abs(values[2])


def _parts_of_a_total(ledger: Ledger, seen: Readings) -> list[tuple[Place, Block]]:
    """Return the blocks of phases whose active powers have a proven kind, if they add up to that of the load."""
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
    """Tell whether no other code of the load fits in the place of the code of a kind."""
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
    """Tell whether a power factor also fits another phase or the total, as on a balanced load."""
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
    """Tell whether a load publishes a kind in all phases, so that none that is disabled can be confused with another."""
    phases = [block for place, block in ledger.blocks(seen.load) if place]
    return len(phases) == ledger.phase_count and all(kind in block for block in phases)


def _sum(values: Sequence[float]) -> tuple[float, float]:
    """Return a total and the sum of its parts."""
    return values[0], sum(values[1:])


def prove_totals(ledger: Ledger) -> None:
    """Prove the totals: those of P, Q and S as sums of proven phases, others by relations with a proven total."""
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
    """Tell whether a total is not equal to one of its parts, and no other code fits in its place."""
    total, *parts = codes
    return all(seen.seen(_sum, [total, part]).fails for part in parts) and seen.is_unique(
        _sum, codes, 0, ledger.rivals(seen.load, codes)
    )


def _prove_by_total(ledger: Ledger, seen: Readings, total: Block) -> None:
    """Prove S, PF and Q of a load by relations with proven totals."""
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
    """Prove the codes of loads that the gateway reports as single-phase; otherwise the other phases may be disabled."""
    for seen in ledger.readings:
        if not ledger.system(seen.load).upper().startswith("1P"):
            continue
        blocks = list(ledger.blocks(seen.load))
        # A single-phase load has U and I of some phase and totals of everything else: together they are one block.
        merged: Block = {}
        for _, block in blocks:
            if set(block) & set(merged):
                merged = {}
                break
            merged |= block
        if not merged:
            continue
        found = {name for name in relations(ledger, seen, merged) if not is_broken(ledger, name, merged)}
        kinds = {kind for needed, proved in _SUFFICIENT if needed <= found for kind in proved if kind in merged}
        if not found & SCALED or not kinds:
            continue
        ledger.scaled = True
        for kind in kinds:
            code = merged[kind]
            ledger.kinds.add(code)
            if not _is_phase(ledger, code) or kind in {U, A}:
                ledger.prove(code)


def _is_phase(ledger: Ledger, code: int) -> bool:
    """Tell whether the role of a code has a phase."""
    role = ledger.role(code)
    return role is not None and bool(role.phases)
