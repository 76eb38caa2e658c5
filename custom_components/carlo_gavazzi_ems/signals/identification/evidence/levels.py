"""Comparison of counter readings: one above another, and net as import minus export."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from .columns import Column, Load, is_number

NEAR = 3.0
"""Steps of resolution by which readings of related counters may differ."""


def is_above(one: Column, other: Column) -> bool:
    """Tell whether a counter always reads more than another, by more than resolution and sampling times explain."""
    apart = sorted(a - b for a, b in zip(one.values, other.values, strict=True) if is_number(a) and is_number(b))
    if not apart:
        return False
    return apart[0] > 0 and apart[len(apart) // 2] > max(nearness(one), nearness(other))


def reads_same(one: Column, other: Column) -> bool:
    """Tell whether two counters read the same at all times."""
    step = 1.5 * max(one.resolution, other.resolution, 1e-6)
    apart = [abs(a - b) for a, b in zip(one.values, other.values, strict=True) if is_number(a) and is_number(b)]
    return len(apart) > 10 and sum(one > step for one in apart) <= 0.05 * len(apart)


def nearness(column: Column) -> float:
    """Return the tolerance of a counter's reading: some steps of its resolution and two of its large rises."""
    leaps = sorted(after - before for before, after in pairwise(column.present))
    return NEAR * max(column.resolution, 1e-6) + 2 * leaps[round(0.98 * (len(leaps) - 1))] if leaps else 0.0


def net_counters(loads: Sequence[Load], pair: tuple[int, int], taken: Collection[int]) -> set[int]:
    """Return the codes that always read import minus export, on a load that has exported energy."""
    found: set[int] = set()
    refuted: set[int] = set()
    for load in loads:
        if not set(pair) <= load.codes:
            continue
        imported, exported = load.columns[pair[0]], load.columns[pair[1]]
        near = nearness(imported) + nearness(exported)
        if not exported.present or exported.lowest <= 4 * near:
            continue
        for code, column in load.columns.items():
            if code in pair or code in taken or not column.moving:
                continue
            apart = [
                abs(net - (plus - minus))
                for net, plus, minus in zip(column.values, imported.values, exported.values, strict=True)
                if is_number(net) and is_number(plus) and is_number(minus)
            ]
            (found if len(apart) > 10 and max(apart) <= near else refuted).add(code)
    return found - refuted
