"""The frequency of the grid: it stays close to 50 or 60 Hz and crosses that value often."""

from collections.abc import Sequence
from itertools import pairwise

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import summary
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_MOVES = 20
_NOMINAL = (50.0, 60.0)
_OUTAGE = 0.05
"""The share of the rows that may read 0, because the grid was down."""


def frequency_of(column: Column) -> float:
    """Return the nominal frequency (50 or 60) if a column behaves like a grid's frequency, else 0."""
    if column.moves < _MOVES or column.is_counter:
        return 0.0
    middle, last = column.quantile(0.5), len(column.present) - 1
    ordered = [value for value in column.ordered if value] if column.quantile(_OUTAGE) else column.ordered
    nominal = min(_NOMINAL, key=lambda one: abs(one - middle))
    low, high = ordered[len(ordered) // 100], column.ordered[round(0.99 * last)]
    if abs(middle - nominal) > 0.12 or low < nominal - 1.5 or high > nominal + 1.5:
        return 0.0
    below = sum(before < nominal <= after or after < nominal <= before for before, after in pairwise(column.present))
    return nominal if below >= 3 else 0.0


def is_like_frequency(loads: Sequence[Load], code: int) -> bool:
    """Tell whether a code looks like a frequency on every load that measures it."""
    columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
    return bool(columns) and all(frequency_of(column) for column in columns)


def frequencies(loads: Sequence[Load], code: int, electrical: set[tuple[int, int]]) -> tuple[bool, bool]:
    """Return whether a code may be a frequency, and whether it certainly is one.

    It has to look like one on every load that measures it. It is certain on electrical meters if several loads agree
    at the same times, or if it crosses its nominal value too often for a temperature.
    """
    columns = [(load, load.columns[code]) for load in loads if code in load.columns and load.columns[code].moving]
    if not is_like_frequency(loads, code):
        return False, False
    if not any(load.key in electrical for load, _ in columns):
        return True, False
    nominal = frequency_of(columns[0][1])
    crossings = max(
        sum((before - nominal) * (after - nominal) < 0 for before, after in pairwise(column.present))
        for _, column in columns
    )
    agree = len(columns) > 1 and all(_alike(columns[0], other) for other in columns[1:])
    return True, agree or crossings >= 12


def _alike(first: tuple[Load, Column], second: tuple[Load, Column]) -> bool:
    """Tell whether two loads have the same changes at the same times."""
    values = dict(zip(first[0].times, first[1].values, strict=True))
    pairs = [
        (values[time], value)
        for time, value in zip(second[0].times, second[1].values, strict=True)
        if time in values and is_number(value) and is_number(values[time])
    ]
    if len(pairs) < _MOVES:
        return False
    mean = sum(one for one, _ in pairs) / len(pairs)
    apart = summary([(one - other) / mean for one, other in pairs], 0.01)
    still = summary([(one - mean) / mean for one, _ in pairs], 0.01)
    return apart.spread < 0.7 * still.spread


def apply(knowledge: Knowledge) -> None:
    """Claim the frequency among the codes without a certain claim."""
    claims = knowledge.claims
    electrical = {
        load.key
        for load in knowledge.loads
        if any(claims.is_sure(code) or code in knowledge.known for code in load.columns)
    }
    for code in knowledge.codes:
        if claims.is_sure(code):
            continue
        may, sure = frequencies(knowledge.loads, code, electrical)
        if may:
            claims.add(code, Role("frequency"), SURE if sure else LIKELY, "frequency_of_the_grid", "Hz")
