"""Whether a relation between codes holds to what their digits resolve, on one load.

A reading is off by half of its step at most, so a relation of readings is off by no more than these half steps make of
it. Where a row is the mean of a period, a product of means is no mean of products: the difference is bounded by how
far both factors moved around the row. What is left beyond that, the relation does not explain.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from .columns import Load, is_number

type Law = Callable[[Sequence[float]], tuple[float, float]]
"""Takes the readings of a row; returns what is read and what the law says of it."""

_ROWS = 160
"""Rows of a load that are looked at."""
_TELLING = 0.08
"""A row counts where the digits resolve the relation to so small a share of its size."""
_NEEDED = 16
"""Fewer rows prove nothing."""
_KEPT = 0.96
"""Share of the rows that has to fit: a few were taken while something switched, or are over range."""
_EXACT = 1.5
"""Root mean square of the residuals in units of what rounding makes of them, up to which a relation holds."""
_FAILS = 3.0
"""The same, from which on a relation does not hold."""
_FAILS_NOISY = 1.75
"""The same where the noise is known: of 60 rows, the root mean square is off by so much once in more than 10^9 times."""
_MANY = 60
"""So many rows tell how much readings are disturbed."""
_MIDDLE = 0.6745
"""The median of what is normally distributed, in units of its root mean square."""
_WORST = 3.0
"""What is normally distributed is hardly ever off by more than so many times its root mean square."""
_CALM, _CALM_STEPS = 0.1, 40
"""What moves by less than a tenth, and is read to 2.5 %, makes no relation be off by half."""
_CLEARLY = 4
"""Rows one after the other that are off by several times what explains them, after which nobody looks on."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """How a relation held over the rows that could tell."""

    rows: int
    within: float
    """Share of the rows that rounding and averaging explain."""
    strain: float
    """Root mean square of the residuals in units of what rounding makes of them, without the worst rows."""
    resolved: float
    """The share of its size to which the digits resolve the relation, in the middle."""
    limit: float = 3.0
    """The strain from which on the relation does not hold."""

    @property
    def holds(self) -> bool:
        """Tell whether the relation holds to the digits."""
        return self.rows >= _NEEDED and self.within >= _KEPT and self.strain <= _EXACT

    @property
    def fails(self) -> bool:
        """Tell whether the relation cannot hold."""
        return self.rows >= _NEEDED and (self.strain >= self.limit or self.within < 0.7)


@dataclass(frozen=True, slots=True)
class Slack:
    """By how much readings may be off beyond their digits, on the whole gateway alike."""

    lag: float = 0.0
    """They are sampled apart, by up to this share of a period: each may be off by as much of its own motion."""
    noise: float = 0.0
    """Each is disturbed on its own, by this share of its value (root mean square)."""


NOT_SEEN = Exactness(0, 0.0, 99.0, 1.0)


class Readings:
    """The rows of a load, with what each reading resolves and how far it moved around its row."""

    def __init__(self, load: Load) -> None:
        """Choose rows that show all columns at all their levels."""
        self.load = load
        self.slack = Slack()
        self._rows = load.instants(_ROWS)
        self._columns: dict[int, list[tuple[float, float]]] = {}
        self._steps: dict[int, float] = {}
        self._calm: dict[int, set[int]] = {}

    def _column(self, code: int) -> list[tuple[float, float]]:
        """Return value and motion of a code in each row."""
        if code not in self._columns:
            values = self.load.columns[code].values
            last = len(values) - 1
            self._columns[code] = [
                (
                    values[row],
                    max(
                        (
                            abs(values[row] - other)
                            for other in (values[max(0, row - 1)], values[min(last, row + 1)])
                            if is_number(other)
                        ),
                        default=0.0,
                    ),
                )
                for row in self._rows
            ]
            self._steps[code] = self.load.columns[code].resolution / 2
        return self._columns[code]

    def seen(self, law: Law, codes: Sequence[int]) -> Exactness:
        """Return how a law holds between some codes of the load."""
        if not set(codes) <= self.load.codes or len(set(codes)) < len(codes):
            return NOT_SEEN
        if self._is_far_off(law, codes):
            return Exactness(_NEEDED, 0.0, 99.0, 1.0)
        rows, halves = self._rows_of(codes)
        strains: list[float] = []
        shares: list[float] = []
        inside = beyond = 0
        for residual, rounding, bound, size in _residuals(law, rows, halves, self.slack):
            if bound > _TELLING * size:
                continue
            strain = abs(residual) / rounding
            strains.append(strain)
            shares.append(bound / size)
            inside += abs(residual) <= bound
            beyond = beyond + 1 if abs(residual) > 4 * bound else 0
            if beyond >= _CLEARLY and inside < len(strains) / 2:
                return Exactness(max(_NEEDED, len(strains)), 0.0, 99.0, 1.0)
        if not strains:
            return NOT_SEEN
        kept = sorted(strains)[: max(1, round(_KEPT * len(strains)))]
        strain = sqrt(sum(one * one for one in kept) / len(kept))
        limit = _FAILS_NOISY if self.slack.noise and len(strains) >= _MANY else _FAILS
        return Exactness(len(strains), inside / len(strains), strain, sorted(shares)[len(shares) // 2], limit)

    def seen_with(self, slack: Slack, law: Law, codes: Sequence[int]) -> Exactness:
        """Return how a law would hold if the readings were off by some slack."""
        before, self.slack = self.slack, slack
        found = self.seen(law, codes)
        self.slack = before
        return found

    def is_unique(self, law: Law, codes: Sequence[int], place: int, rivals: Collection[int]) -> bool:
        """Tell whether no rival could stand in the place of a code: the relation fails with each of them."""
        return all(
            self.seen(law, [*codes[:place], rival, *codes[place + 1 :]]).fails for rival in rivals if rival not in codes
        )

    def _is_far_off(self, law: Law, codes: Sequence[int]) -> bool:
        """Tell at a glance whether a relation is off by half in rows in which nothing explains so much."""
        calm = set.intersection(*(self._calm_rows(code) for code in codes))
        if len(calm) < _NEEDED:
            return False
        columns = [self._column(code) for code in codes]
        seen = [law([column[row][0] for column in columns]) for row in sorted(calm)[: 2 * _NEEDED]]
        return sum(abs(read - said) > max(abs(read), abs(said)) / 2 for read, said in seen) > _KEPT * len(seen)

    def _calm_rows(self, code: int) -> set[int]:
        """Return the rows in which a code is well away from its step and hardly moves."""
        if code not in self._calm:
            column, least = self._column(code), _CALM_STEPS * self._steps[code]
            self._calm[code] = {
                row for row, (value, motion) in enumerate(column) if abs(value) > least and motion < _CALM * abs(value)
            }
        return self._calm[code]

    def off(self, law: Law, codes: Sequence[int]) -> tuple[float, float] | None:
        """Return by how much a relation is off in the middle, as a share of its size, and to which side in the mean of that.

        None where the digits explain as much, or too few rows tell.
        """
        if not set(codes) <= self.load.codes:
            return None
        rows, halves = self._rows_of(codes)
        seen = [
            (residual / size, rounding / size)
            for residual, rounding, bound, size in _residuals(law, rows, halves, Slack())
            if bound < _TELLING * size
        ]
        if len(seen) < _MANY:
            return None
        middle = sorted(abs(residual) for residual, _ in seen)[len(seen) // 2]
        if middle < 2 * sorted(rounding for _, rounding in seen)[len(seen) // 2]:
            return None
        return middle / _MIDDLE, sorted(residual for residual, _ in seen)[len(seen) // 2] / middle

    def exceeds(self, law: Law, codes: Sequence[int]) -> int:
        """Return in how many rows what is read is more than what a law says of it, beyond what explains a difference."""
        rows, halves = self._rows_of(codes)
        return sum(residual > 2 * bound for residual, _, bound, _ in _residuals(law, rows, halves, self.slack))

    def _rows_of(self, codes: Sequence[int]) -> tuple[list[tuple[tuple[float, float], ...]], list[float]]:
        """Return value and motion of some codes, row by row, and half of the step of each."""
        rows = list(zip(*(self._column(code) for code in codes), strict=True))
        return rows, [self._steps[code] for code in codes]

    def matters(self, law: Law, codes: Sequence[int], place: int) -> bool:
        """Tell whether the moves of a code matter: the relation fails with its middle value instead."""
        column = self.load.columns[codes[place]]
        middle = column.quantile(0.5)

        def still(values: Sequence[float]) -> tuple[float, float]:
            return law([*values[:place], middle, *values[place + 1 :]])

        return self.seen(still, codes).fails


def _residuals(
    law: Law, rows: Sequence[tuple[tuple[float, float], ...]], halves: Sequence[float], slack: Slack
) -> Iterator[tuple[float, float, float, float]]:
    """Yield residual, what rounding makes of it in the mean and at most, and the size, row by row."""
    for row in rows:
        values = [value for value, _ in row]
        if not all(map(is_number, values)):
            continue
        read, said = law(values)
        size = max(abs(read), abs(said))
        if size <= 0:
            continue
        residual = read - said

        def moved(*by: tuple[int, float], start: Sequence[float] = values) -> float:
            other = list(start)
            for place, step in by:
                other[place] += step
            one, two = law(other)
            return one - two

        slopes = [abs(moved((place, half)) - residual) for place, half in enumerate(halves)]
        ways = [moved((place, motion)) for place, (_, motion) in enumerate(row)]
        bent = sum(
            abs(moved((one, row[one][1]), (two, row[two][1])) - ways[one] - ways[two] + residual)
            for one, two in combinations(range(len(row)), 2)
            if row[one][1] and row[two][1]
        )
        square, most = sum(slope * slope for slope in slopes) / 3, sum(slopes)
        if slack.lag:
            lags = [slack.lag * abs(way - residual) for way in ways]
            square, most = square + sum(lag * lag for lag in lags) / 3, most + sum(lags)
        if slack.noise:
            errors = sum((moved((place, slack.noise * value)) - residual) ** 2 for place, value in enumerate(values))
            square, most = square + errors, most + _WORST * sqrt(errors)
        yield residual, sqrt(square) + bent / 2 + 1e-9 * size, most + bent / 2 + 1e-9 * size, size
