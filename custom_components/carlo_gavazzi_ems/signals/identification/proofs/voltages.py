"""Voltages: those of the phases, between the phases, and the means.

Rivals: on a real grid the phases lie within 0.2 % of each other and of their mean, so that any of them passes for the
mean of the others, and the mean for a phase that is off; and the line voltages of one grid are the phase voltages of
another. So a relation has to resolve less than that and to fail with every other voltage in the place, and phase and
line voltages are told apart by each other, or by a current that makes a phase voltage a power.
"""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Law, Readings
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger
from .relations import Block, laws_of

_FINE = 1e-3
"""Voltages that lie within 0.2 % of each other are told apart by what resolves half of that."""


def mean(values: Sequence[float]) -> tuple[float, float]:
    """Return a mean and that of its parts."""
    return values[0], sum(values[1:]) / (len(values) - 1)


def line(values: Sequence[float]) -> tuple[float, float]:
    """Return a line voltage, and that between two phases 120° apart."""
    read, a, b = values
    return read, sqrt(max(0.0, a * a + b * b + a * b))


def opposed(values: Sequence[float]) -> tuple[float, float]:
    """Return a line voltage, and that between two legs in opposition."""
    return values[0], values[1] + values[2]


def prove(ledger: Ledger) -> None:
    """Prove voltages, load by load."""
    for seen in ledger.readings:
        rivals = [
            code
            for code in ledger.rivals(seen.load)
            if (role := ledger.role(code)) is None or "voltage" in role.quantity or code not in ledger.kinds
        ]
        _prove_by_powers(ledger, seen, rivals)
        _prove_mean(ledger, seen, rivals)
        _prove_lines(ledger, seen, rivals)


def _stands(seen: Readings, law: Law, codes: Sequence[int], rivals: Sequence[int]) -> bool:
    """Tell whether a relation holds, resolves the distance of phases, and fails with every rival in any place."""
    found = seen.seen(law, codes)
    return (
        found.holds
        and found.resolved < _FINE
        and all(seen.is_unique(law, codes, place, rivals) for place in range(len(codes)))
    )


def _prove_by_powers(ledger: Ledger, seen: Readings, rivals: Sequence[int]) -> None:
    """Prove phase voltages that with a proven current make a power, where no other voltage does."""
    for place, block in ledger.blocks(seen.load):
        code, current = block.get(Kind.VOLTAGE), block.get(Kind.CURRENT)
        if not place or code is None or current not in ledger.phased | ledger.proven:
            continue
        for name in ledger.found.get((seen.load.key, place), set()) & {"product", "power", "reactive"}:
            law, kinds = laws_of(ledger, block)[name]
            codes = [block[kind] for kind in kinds]
            at = kinds.index(Kind.VOLTAGE)
            found = seen.seen(law, codes)
            if found.holds and found.resolved < _FINE and seen.is_unique(law, codes, at, rivals):
                ledger.kinds.add(code)
                ledger.phased.add(code)
                ledger.prove(code)


def _phase_codes(ledger: Ledger, seen: Readings) -> list[int]:
    """Return the codes of a load that are claimed to be phase voltages."""
    found: list[Block] = [block for place, block in ledger.blocks(seen.load) if place]
    return [block[Kind.VOLTAGE] for block in found if Kind.VOLTAGE in block]


def _prove_mean(ledger: Ledger, seen: Readings, rivals: Sequence[int]) -> None:
    """Prove the mean of three phases; and the phases with it, where one of them or line voltages tell what they are."""
    code, phases = ledger.with_role(seen.load, Role("voltage_mean")), _phase_codes(ledger, seen)
    if code is None or len(phases) < 2:
        return
    codes = [code, *phases]
    if len(phases) == 2 and not _has_lines(ledger, seen, phases, opposed):
        return  # of three phases one may be off
    turned = [[one, *(other for other in codes if other != one)] for one in phases]
    if not seen.seen(mean, codes).holds or not all(seen.seen(mean, one).fails for one in turned):
        return
    if not seen.is_unique(mean, codes, 0, rivals):
        return
    witnessed = any(phase in ledger.phased for phase in phases) or any(
        _has_lines(ledger, seen, pair, law) for pair in combinations(phases, 2) for law in (line, opposed)
    )
    if witnessed:
        ledger.kinds.update(codes)
        ledger.prove(code)
        for phase in phases:
            if _is_placed(ledger, seen, phase):
                ledger.phased.add(phase)
                ledger.prove(phase)


def _is_placed(ledger: Ledger, seen: Readings, code: int) -> bool:
    """Tell whether a voltage that is proven to be some phase's is that of its claimed phase: its power says so, or nothing else is there to say."""
    for place, block in ledger.blocks(seen.load):
        if block.get(Kind.VOLTAGE) != code:
            continue
        others = {kind for kind, one in block.items() if kind is not Kind.VOLTAGE and one in ledger.proven}
        if not others:
            return not any(Kind.VOLTAGE not in other and where for where, other in ledger.blocks(seen.load)) and _only(
                ledger
            )
        for name in ledger.found.get((seen.load.key, place), set()) & {"product", "power", "reactive"}:
            law, kinds = laws_of(ledger, block)[name]
            codes = [block[kind] for kind in kinds]
            rivals = [one for one in _phase_codes(ledger, seen) if one != code]
            if seen.is_unique(law, codes, kinds.index(Kind.VOLTAGE), rivals):
                return True
    return False


def _only(ledger: Ledger) -> bool:
    """Tell whether voltages are all that has a phase on a load: then any numbers are right."""
    return not any(
        (role := ledger.role(code)) is not None and role.phases and "voltage" not in role.quantity
        for load in ledger.knowledge.loads
        for code in load.columns
    )


def _has_lines(ledger: Ledger, seen: Readings, pair: Sequence[int], law: Law) -> bool:
    """Tell whether some code of a load is roughly the voltage between two phases: within 1 %, which 230 V are not of 400."""
    for code in ledger.rivals(seen.load, pair):
        role = ledger.role(code)
        if role is None or not role.quantity.startswith("line_voltage"):
            continue
        middle = [seen.load.columns[one].quantile(0.5) for one in (code, *pair)]
        read, said = law(middle)
        if abs(read - said) < 0.01 * said:
            return True
    return False


def _prove_lines(ledger: Ledger, seen: Readings, rivals: Sequence[int]) -> None:
    """Prove the voltages between proven phases, or together with their phases where two of them hold, and their mean."""
    columns = seen.load.columns
    phases = {
        place: block[Kind.VOLTAGE] for place, block in ledger.blocks(seen.load) if place and Kind.VOLTAGE in block
    }
    held: list[tuple[int, tuple[int, int]]] = []
    for code in columns:
        role = ledger.role(code)
        if role is None or role.quantity != "line_voltage" or len(role.phases) != 2:
            continue
        one, other = (phases.get((phase,)) for phase in role.phases)
        if one is None or other is None:
            continue
        law = opposed if columns[code].quantile(0.5) > 1.86 * columns[one].quantile(0.5) else line
        if _stands(seen, law, [code, one, other], rivals):
            held.append((code, (one, other)))
    between = {one for _, pair in held for one in pair}
    for code, pair in held:
        if set(pair) <= ledger.phased or (len(held) >= 2 and all(_is_placed(ledger, seen, one) for one in pair)):
            ledger.kinds.add(code)
            ledger.prove(code, *pair)
            ledger.phased.update(pair)
    middle = ledger.with_role(seen.load, Role("line_voltage_mean"))
    lines = [line_code for line_code, _ in held]
    if middle is None or len(lines) != 3 or len(between) != 3:
        return
    codes = [middle, *lines]
    turned = [[one, *(other for other in codes if other != one)] for one in lines]
    if (
        seen.seen(mean, codes).holds
        and all(seen.seen(mean, one).fails for one in turned)
        and seen.is_unique(mean, codes, 0, rivals)
    ):
        ledger.kinds.add(middle)
        ledger.prove(middle)
