"""Proves of which phase each of three voltages is, where noise or different sampling times hide it in single rows.

A proven mean leaves no fourth voltage: each of the three is of one phase. So there is no rival that is not published, and
it is enough that the power of a phase, divided by its current, follows one voltage and not the others. Their levels say
nothing, because a small error of a meter exceeds the difference of phases; only what changes during the day counts.
"""

from collections.abc import Iterator
from math import log

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

_CALM, _STEPS = 0.03, 40
"""A row counts if current and power are this many steps, and change by no more than this share from row to row."""
_BLOCKS, _LEAST_ROWS, _NEEDED = 48, 6, 24
"""Medians of rows on a load, the fewest rows of one, and the fewest medians of all loads."""
_CLEARLY = 2.0
"""How many times more each other voltage has to stray. If it were the right one, it would stray less."""


def prove_places(ledger: Ledger) -> None:
    """Prove the phases of the three voltages of which the mean is proven; the last one by elimination."""
    volts = {
        role.phases[0]: code for code in ledger.averaged if (role := ledger.role(code)) is not None and role.phases
    }
    if len(volts) != 3 or ledger.phased.issuperset(volts.values()):
        return
    for phase, code in volts.items():
        if code not in ledger.phased and _is_followed(ledger, phase, code, ledger.averaged):
            _place(ledger, code)
    free = [code for code in volts.values() if code not in ledger.phased]
    if len(free) == 1:
        _place(ledger, free[0])


def _place(ledger: Ledger, code: int) -> None:
    """Record that the phase of a voltage is proven."""
    ledger.phased.add(code)
    ledger.prove(code)


def _is_followed(ledger: Ledger, phase: int, code: int, volts: tuple[int, ...]) -> bool:
    """Tell whether power by current of a phase follows a voltage far more closely than the others, on all loads together."""
    strays: dict[int, list[float]] = {volt: [] for volt in volts}
    for load in ledger.knowledge.loads:
        if not load.codes.issuperset(volts):
            continue
        ratios = list(_ratios(ledger, load, phase))
        size = max(_LEAST_ROWS, len(ratios) // _BLOCKS)
        for volt in volts:
            values = load.columns[volt].values
            seen = [ratio - log(values[row]) for row, ratio in ratios if values[row] > 0]
            middles = [_middle(seen[start : start + size]) for start in range(0, len(seen) - size + 1, size)]
            level = _middle(middles) if middles else 0.0
            strays[volt] += [abs(one - level) for one in middles]
    if len(strays[code]) < _NEEDED:
        return False
    mine = _middle(strays[code])
    return all(_middle(strays[volt]) > _CLEARLY * mine for volt in volts if volt != code)


def _ratios(ledger: Ledger, load: Load, phase: int) -> Iterator[tuple[int, float]]:
    """Yield row and logarithm of apparent power by current of a phase, where both are large and hardly change."""
    block = dict(ledger.blocks(load)).get((phase,), {})
    current, apparent = block.get(Kind.CURRENT), block.get(Kind.APPARENT)
    if current is None or apparent is None or not {current, apparent} <= ledger.phased | ledger.proven:
        return
    amperes, powers = load.columns[current], load.columns[apparent]
    for row in range(1, len(load.times) - 1):
        if _is_calm(amperes, row) and _is_calm(powers, row):
            yield row, log(abs(powers.values[row]) / abs(amperes.values[row]))


def _is_calm(column: Column, row: int) -> bool:
    """Tell whether a value is large enough, and close to the ones before and after it."""
    before, value, after = map(abs, column.values[row - 1 : row + 2])
    return (
        is_number(before + after)
        and value >= max(_STEPS * column.resolution, 1e-9)
        and max(abs(value - before), abs(value - after)) <= _CALM * value
    )


def _middle(values: list[float]) -> float:
    """Return the median."""
    return sorted(values)[len(values) // 2]
