"""Proves phase voltages, line voltages and means.

Rivals: on a real grid the phases lie within 0.2 % of each other and of their mean. So each looks like the mean of the
others, and the mean looks like a disabled phase. The line voltages of one grid may be the phase voltages of another.
So a relation has to resolve less than 0.2 % and to fail with every other voltage in the same place. Phase and line
voltages are distinguished by each other, or by a power that is phase voltage times current.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.averages import Averages
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Law, Readings
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger
from .places import prove_places
from .relations import Block, laws_of

_OPPOSED = 1.86
"""The multiple of a phase voltage from which a line voltage is that of two legs in opposition."""
_VOLTAGES = ("voltage", "voltage_mean", "line_voltage", "line_voltage_mean")
_FINE = 1e-3
"""Voltages within 0.2 % of each other are distinguished by a resolution of half of that."""


def mean(values: Sequence[float]) -> tuple[float, float]:
    """Return a measured mean and the mean of its parts."""
    return values[0], sum(values[1:]) / (len(values) - 1)


def line(values: Sequence[float]) -> tuple[float, float]:
    """Return a measured line voltage, and that of two phases 120° apart."""
    read, a, b = values
    return read, sqrt(max(0.0, a * a + b * b + a * b))


def mean_of_lines(values: Sequence[float]) -> tuple[float, float]:
    """Return a measured line voltage, and the mean of all of three phases 120° apart."""
    read, a, b, c = values
    return read, sum(line((0.0, *pair))[1] for pair in ((a, b), (b, c), (c, a))) / 3


def opposed(values: Sequence[float]) -> tuple[float, float]:
    """Return a measured line voltage, and that of two legs in opposition."""
    return values[0], values[1] + values[2]


def prove(ledger: Ledger) -> None:
    """Prove the voltages of each load: the phases and their mean first, because lines are named by their phases."""
    for seen in ledger.readings:
        _prove_by_powers(ledger, seen, _rivals(ledger, seen))
        for view in _views(ledger, seen):
            _prove_mean(ledger, view, _rivals(ledger, seen))
    prove_places(ledger)
    for seen in ledger.readings:
        _prove_lines(ledger, seen, _rivals(ledger, seen))
    prove_places(ledger)
    for seen in ledger.readings:
        for view in _views(ledger, seen):
            _prove_all_lines(ledger, view)


def _rivals(ledger: Ledger, seen: Readings) -> list[int]:
    """Return the codes of a load that may be voltages."""
    return [
        code
        for code in ledger.rivals(seen.load)
        if (role := ledger.role(code)) is None or "voltage" in role.quantity or code not in ledger.kinds
    ]


def _views(ledger: Ledger, seen: Readings) -> Iterator[Readings]:
    """Yield the rows of a load; and if these do not prove all of its voltages, means of them, also of different seconds."""
    yield seen
    codes = [code for code, column in seen.load.columns.items() if column.moving and _is_voltage(ledger, code)]
    if len(codes) < 3 or all(map(ledger.is_proven, codes)):
        return
    means = Averages(seen, codes)
    yield means
    if not means.slack.lag and not all(map(ledger.is_proven, codes)):
        means.slack = replace(means.slack, lag=1.0)
        yield means


def _is_voltage(ledger: Ledger, code: int) -> bool:
    """Tell whether a code is claimed to be a voltage."""
    role = ledger.role(code)
    return role is not None and role.quantity in _VOLTAGES


def _stands(seen: Readings, law: Law, codes: Sequence[int], rivals: Sequence[int]) -> bool:
    """Tell whether a relation holds, resolves the difference of phases, and fails with every rival in any place."""
    found = seen.seen(law, codes)
    return (
        found.holds
        and found.resolved < _FINE
        and all(seen.is_unique(law, codes, place, rivals) for place in range(len(codes)))
    )


def _prove_by_powers(ledger: Ledger, seen: Readings, rivals: Sequence[int]) -> None:
    """Prove phase voltages that give a power with a proven current, if no other voltage does."""
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
    """Prove the mean of the phases, and the phases too, if a proven phase or line voltages confirm them."""
    code, phases = ledger.with_role(seen.load, Role("voltage_mean")), _phase_codes(ledger, seen)
    if code is None or len(phases) < 2:
        return
    codes = [code, *phases]
    if len(phases) == 2 and not _has_lines(ledger, seen, phases, opposed):
        return  # one of three phases may be disabled
    turned = [[one, *(other for other in codes if other != one)] for one in phases]
    if not seen.seen(mean, codes).holds or not all(seen.seen(mean, one).fails for one in turned):
        return
    if not seen.is_unique(mean, codes, 0, rivals):
        return
    is_confirmed = any(phase in ledger.phased for phase in phases) or any(
        _has_lines(ledger, seen, pair, law) for pair in combinations(phases, 2) for law in (line, opposed)
    )
    if is_confirmed:
        ledger.kinds.update(codes)
        ledger.prove(code)
        ledger.averaged = tuple(phases) if len(phases) == 3 else ledger.averaged
        for phase in phases:
            if _is_placed(ledger, seen, phase):
                ledger.phased.add(phase)
                ledger.prove(phase)


def _is_placed(ledger: Ledger, seen: Readings, code: int) -> bool:
    """Tell whether a phase voltage is of the claimed phase: its power confirms it, or nothing else has a phase."""
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
    """Tell whether nothing but voltages has a phase, so that any order of phases is right."""
    return not any(
        (role := ledger.role(code)) is not None and role.phases and "voltage" not in role.quantity
        for load in ledger.knowledge.loads
        for code in load.columns
    )


def _has_lines(ledger: Ledger, seen: Readings, pair: Sequence[int], law: Law) -> bool:
    """Tell whether some code of a load is the line voltage of two phases within 1 %."""
    for code in ledger.rivals(seen.load, pair):
        role = ledger.role(code)
        if role is None or not role.quantity.startswith("line_voltage"):
            continue
        middle = [seen.load.columns[one].quantile(0.5) for one in (code, *pair)]
        read, said = law(middle)
        if abs(read - said) < 0.01 * said:
            return True
    return False


def _prove_all_lines(ledger: Ledger, seen: Readings) -> None:
    """Prove all three line voltages of three proven phases, each by excluding the other places that it may have.

    All have to hold: a load on one phase turns its voltage too, which can make one line voltage look like another.
    """
    phases = [block.get(Kind.VOLTAGE) for place, block in ledger.blocks(seen.load) if place]
    volts = [code for code in phases if code in ledger.phased and code is not None]
    pairs = {
        (one, other): ledger.with_role(seen.load, Role("line_voltage", (one, other)))
        for one, other in combinations(range(3), 2)
    }
    lines = [code for code in pairs.values() if code is not None]
    if len(volts) != 3 or len(phases) != 3 or len(lines) != 3:
        return
    for code in lines:
        for (one, other), owner in pairs.items():
            codes = [code, volts[one], volts[other]]
            if not (seen.seen(line, codes).holds if code == owner else seen.excludes(line, codes)):
                return
    proven = [code for code in lines if seen.excludes(mean_of_lines, [code, *volts])]
    ledger.kinds.update(proven)
    ledger.phased.update(proven)
    ledger.prove(*proven)
    _prove_middle(ledger, seen, lines)


def _prove_lines(ledger: Ledger, seen: Readings, rivals: Sequence[int]) -> None:
    """Prove line voltages of proven phases, or two line voltages together with their phases, and the mean of all."""
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
        if columns[code].quantile(0.5) > _OPPOSED * columns[one].quantile(0.5):
            continue  # with two legs, the mean of all line voltages reads the same
        if _stands(seen, line, [code, one, other], rivals):
            held.append((code, (one, other)))
    between = {one for _, pair in held for one in pair}
    for code, pair in held:
        if set(pair) <= ledger.phased or (len(held) >= 2 and all(_is_placed(ledger, seen, one) for one in pair)):
            ledger.kinds.add(code)
            ledger.prove(code, *pair)
            ledger.phased.update((code, *pair))
    if len(held) == 3 and len(between) == 3:
        _prove_middle(ledger, seen, [code for code, _ in held], rivals)


def _prove_middle(ledger: Ledger, seen: Readings, lines: Sequence[int], rivals: Sequence[int] = ()) -> None:
    """Prove the mean of all line voltages."""
    middle = ledger.with_role(seen.load, Role("line_voltage_mean"))
    if middle is None:
        return
    codes = [middle, *lines]
    turned = [[one, *(other for other in codes if other != one)] for one in lines]
    if (
        seen.seen(mean, codes).holds
        and all(seen.excludes(mean, one) for one in turned)
        and seen.is_unique(mean, codes, 0, rivals)
    ):
        ledger.kinds.add(middle)
        ledger.prove(middle)
