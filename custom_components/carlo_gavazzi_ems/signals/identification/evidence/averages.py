"""Means of many rows of a load, for laws that hold for means too, such as those of voltages.

Noise, rounding, and readings of different seconds nearly cancel in a mean of rows. What remains of each is smaller by the
square root of their number; a difference of sampling times by their number, because what one reading has too early, the
next has too late. So phases that hardly differ in any row can be told apart.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import nan, sqrt
from typing import override

from .columns import Column, is_number
from .exactness import Law, Readings

_BLOCKS, _LEAST_ROWS = 24, 8
"""Means of a load, and the fewest rows of one."""
_WIDE = 0.42
"""Least standard deviation within a block, in steps: that of values over 0.3 steps, as rounded. Narrower ones are all rounded
in one direction."""


class Averages(Readings):
    """Means of consecutive rows that have all of some codes; of the other codes of the load there are none."""

    def __init__(self, plain: Readings, codes: Collection[int]) -> None:
        """Choose the rows of each mean."""
        super().__init__(plain.load)
        self._plain, self._averaged = plain, set(codes)
        columns = [self.load.columns[code].values for code in codes]
        whole = [row for row, values in enumerate(zip(*columns, strict=True)) if is_number(sum(values))]
        size = max(_LEAST_ROWS, len(whole) // _BLOCKS)
        self._blocks = [whole[start : start + size] for start in range(0, len(whole) - size + 1, size)]
        self.slack = replace(plain.slack, noise=plain.slack.noise / sqrt(size))

    @override
    def _column(self, code: int) -> list[tuple[float, float]]:
        """Return for each block the mean of a code, and how much of its changes is left in the mean."""
        if code not in self._columns:
            column = self.load.columns[code]
            seen = list(self._means(column)) if code in self._averaged else [(nan, 0.0, 1)] * len(self._blocks)
            turns = sorted(turned for mean, _, turned in seen if is_number(mean)) or [1]
            self._columns[code] = [(mean, motion) for mean, motion, _ in seen]
            self._steps[code] = column.resolution / 2 / sqrt(turns[len(turns) // 4])
        return self._columns[code]

    def _means(self, column: Column) -> Iterator[tuple[float, float, int]]:
        """Yield for each block its mean, what is left of its changes, and its number of different rounding errors."""
        for rows in self._blocks:
            values = [column.values[row] for row in rows]
            mean = sum(values) / len(values)
            changes = [after - before for before, after in pairwise(values)]
            width = sqrt(sum([(value - mean) ** 2 for value in values]) / len(values))
            apart = sqrt(sum([change * change for change in changes]) / len(changes))
            motion = apart / sqrt(len(values)) + abs(values[-1] - values[0]) / len(values)
            yield (mean if width >= _WIDE * column.resolution else nan), motion, 1 + sum(map(bool, changes))

    @override
    def excludes(self, law: Law, codes: Sequence[int]) -> bool:
        """Tell whether a relation cannot hold in single rows, or in means even with a constant difference.

        A constant difference proves nothing here: the angles between phases are not exactly a third of a turn.
        """
        if self._plain.excludes(law, codes):
            return True
        apart = sorted(read - said for read, said in self._values(law, codes))
        middle = apart[len(apart) // 2] if apart else 0.0
        return self.seen(_shifted(law, middle), codes).fails

    def _values(self, law: Law, codes: Sequence[int]) -> Iterator[tuple[float, float]]:
        """Yield the measured value and the value by a law, for each block."""
        for row in zip(*map(self._column, codes), strict=True):
            values = [value for value, _ in row]
            if is_number(sum(values)):
                yield law(values)


def _shifted(law: Law, by: float) -> Law:
    """Return a law whose values are larger by a constant."""

    def shifted(values: Sequence[float]) -> tuple[float, float]:
        read, said = law(values)
        return read, said + by

    return shifted
