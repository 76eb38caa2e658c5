"""Sorts counters that fit the same role: the total, the part since a reset, the tariffs."""

from collections.abc import Collection, Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.levels import is_above, nearness

from .tariffs import tariff_pairs

_SMALL = 10.0
"""A whole number up to this that never changes is a status, not a counter that stands still."""


class CounterGroup:
    """The counters that fit one role, sorted by comparison on all loads."""

    def __init__(self, loads: Sequence[Load], codes: Collection[int], others: Collection[int], *, split: bool) -> None:
        """Sort the counters `codes`, which fit the same role; `others` are known to be something else.

        With `split`, a single counter may be one of several tariffs while the others stand still.
        """
        self._split = split
        self._codes = set(codes)
        self._others = set(others)
        self._loads = [load for load in loads if self._codes & load.codes]
        self.totals: set[int] = set()
        self.partials: set[int] = set()
        self.tariffs: set[int] = set()
        alone: set[int] = set()
        beaten: set[int] = set()
        for load in self._loads:
            self._sort(load, alone, beaten)
        self.totals = (self.totals | alone) - beaten - self.tariffs
        self.partials -= self.totals | self.tariffs

    def _sort(self, load: Load, alone: set[int], beaten: set[int]) -> None:
        """Compare the counters of one load."""
        mine = [load.columns[code] for code in sorted(self._codes & load.codes) if load.columns[code].moving]
        if not mine:
            return
        top = max(mine, key=lambda column: (sum(is_above(column, other) for other in mine), -column.code))
        tariffs = {code for pair in tariff_pairs(load, top, self._others) for code in pair}
        self.tariffs |= tariffs
        beaten |= tariffs
        rest = [column for column in mine if column.code not in tariffs and column is not top]
        if not rest and not tariffs:
            strangers = [column for column in load.columns.values() if column.code not in self._codes | self._others]
            doubled = any(_grows_alike(top, column) for column in strangers)
            still = self._split and any(self._may_stand_still(column) for column in strangers)
            if not doubled and not still:
                alone.add(top.code)
            return
        below = {column.code for column in rest if is_above(top, column)}
        beaten |= below
        if len(below) == len(rest):
            self.totals.add(top.code)
            self.partials |= below

    def may_be_net(self, code: int) -> bool:
        """Tell whether a part may be the net: the total minus the part is a constant code, which may be the export."""
        return any(self._reads_the_rest(load, code, total) for load in self._loads for total in self.totals)

    def _reads_the_rest(self, load: Load, code: int, total: int) -> bool:
        """Tell whether a load has a constant code that equals the total minus a part."""
        if not {code, total} <= load.codes or not (load.columns[code].present and load.columns[total].present):
            return False
        part, whole = load.columns[code], load.columns[total]
        rest, near = whole.present[-1] - part.present[-1], nearness(whole)
        return rest > near and any(
            abs(column.highest - rest) <= near and abs(column.lowest - rest) <= near
            for other, column in load.columns.items()
            if other not in {code, total} and column.present
        )

    def _may_stand_still(self, column: Column) -> bool:
        """Tell whether a column could be a counter of the same kind that stands still at the moment."""
        if column.moving or column.code in self._others or not column.present:
            return False
        value = column.highest
        return value > _SMALL or (value > 0 and value != round(value))


def _grows_alike(one: Column, other: Column) -> bool:
    """Tell whether another column rises by about as much."""
    grown = one.highest - one.lowest
    return other.is_counter and abs(other.highest - other.lowest - grown) <= 0.1 * grown
