"""Pools: loads that publish the same codes and are analysed together, because the same laws hold on all of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate

from .columns import Column, Load, is_number
from .tolerances import STEPS

_ROWS = 480
"""Rows of a pool, if there are few pools."""
_ROWS_OF_ALL = 2000
"""Rows of all pools together, but at least `_ROWS_LEAST` for a pool and `_ROWS_EACH` for a load."""
_ROWS_LEAST = 160
_ROWS_EACH = 36
_PROBES = 10


class Pool:
    """The chosen rows of all loads of a pool, one load after the other."""

    def __init__(self, loads: Sequence[Load], rows: int = _ROWS) -> None:
        """Choose about `rows` rows of loads that publish the same codes."""
        self.loads = loads
        self.codes = loads[0].codes
        each = max(_ROWS_EACH, rows // len(loads))
        chosen = [load.instants(each) for load in loads]
        self.ends = list(accumulate(len(rows) for rows in chosen))
        """The end index of the rows of each load."""
        self.rows: dict[int, list[float]] = {
            code: [load.columns[code].values[row] for load, rows in zip(loads, chosen, strict=True) for row in rows]
            for code in sorted(self.codes)
        }
        self._probes: dict[int, list[int]] = {}
        self.products: dict[int, bool] = {}
        """Cache: whether a code is the product of a voltage and a current."""

    @cached_property
    def resolution(self) -> dict[int, float]:
        """The coarsest resolution of each code."""
        return {code: max(load.columns[code].resolution for load in self.loads) for code in self.rows}

    @cached_property
    def measured(self) -> list[int]:
        """The codes that rise and fall on some load, neither counters nor flags, in ascending order."""
        return [code for code in self.rows if self._is_measured([load.columns[code] for load in self.loads])]

    @staticmethod
    def _is_measured(columns: Sequence[Column]) -> bool:
        moving = [column for column in columns if column.moving]
        return any(not column.is_rising and not column.is_flag for column in moving)

    @cached_property
    def _steady(self) -> list[int]:
        """The measured codes whose range is at most an eighth of their highest value."""
        return [code for code in self.measured if self._is_steady(code)]

    def _is_steady(self, code: int) -> bool:
        low, high = self.range(code)
        return low > 0 and high - low <= 0.125 * high

    def range(self, code: int) -> tuple[float, float]:
        """Return the usual range of a code on all loads together: from the 2 % to the 98 % quantile."""
        columns = [load.columns[code] for load in self.loads if load.columns[code].present]
        low = min((column.quantile(0.02) for column in columns), default=0.0)
        high = max((column.quantile(0.98) for column in columns), default=0.0)
        return low, high

    @cached_property
    def voltages(self) -> list[int]:
        """The steady codes in the range of voltages, 80 to 720."""
        return [code for code in self._steady if self.range(code)[0] >= 80 and self.range(code)[1] <= 720]

    @cached_property
    def varying(self) -> list[int]:
        """The measured codes that are not steady, mostly currents and powers."""
        steady = set(self._steady)
        return [code for code in self.measured if code not in steady]

    def sizes(self, code: int) -> list[float]:
        """Return the absolute values of a code, with 0 for those of less than 20 steps."""
        least = STEPS * self.resolution[code]
        return [abs(value) if abs(value) > least else 0.0 for value in self.rows[code]]

    def probes(self, code: int) -> list[int]:
        """Return a few rows in which a code has large values."""
        if code not in self._probes:
            rows = self.rows[code]
            sizes = [(abs(value), row) for row, value in enumerate(rows) if value and is_number(value)]
            order = [row for _, row in sorted(sizes, reverse=True)]
            top = order[: max(_PROBES, len(order) // 2)]
            self._probes[code] = top[:: max(1, len(top) // _PROBES)][:_PROBES]
        return self._probes[code]


def make_pools(loads: Iterable[Load]) -> list[Pool]:
    """Return the pools of loads that publish the same codes."""
    alike: dict[frozenset[int], list[Load]] = defaultdict(list)
    for load in loads:
        alike[load.codes].append(load)
    rows = min(_ROWS, max(_ROWS_LEAST, _ROWS_OF_ALL // max(1, len(alike))))
    return [Pool(group, rows) for _, group in sorted(alike.items(), key=lambda item: sorted(item[0]))]
