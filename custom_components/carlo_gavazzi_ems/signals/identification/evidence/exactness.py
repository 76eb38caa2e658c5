"""Whether a relation between codes holds within the resolution of their readings, on one load.

A reading has a rounding error of half its step at most, from which the largest error of the relation follows. If rows
are means of periods, the product of two means differs from the mean of the products: this difference is bounded by the
changes of both factors around the row. A larger residual contradicts the relation.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, sqrt

from .columns import Load, is_number

type Law = Callable[[Sequence[float]], tuple[float, float]]
"""Takes the readings of a row; returns the measured value and the value by the law."""

_ROWS = 160
"""Rows of a load that are used."""
_TELLING = 0.08
"""A row counts if the possible error of the relation is at most this share of its size."""
_NEEDED = 16
"""The fewest rows that prove anything."""
_KEPT = 0.96
"""Share of the rows that has to fit; a few were sampled during switching, or are over range."""
_EXACT = 1.5
"""Root mean square of the residuals, in units of the rounding error, up to which a relation holds."""
_FAILS = 3.0
"""The same, from which a relation fails."""
_FAILS_NOISY = 1.75
"""The same if the noise is known: for 60 rows, chance exceeds it less than once in 10^9 times."""
_MANY = 60
"""The fewest rows for an estimate of the noise."""
_MIDDLE = 0.6745
"""The median absolute value of a normal distribution, in units of its root mean square."""
_WORST = 3.0
"""A normally distributed error hardly ever exceeds this multiple of its root mean square."""
_CALM, _CALM_STEPS = 0.1, 40
"""Readings that change by less than a tenth, with a step of 2.5 % at most, cannot make a relation wrong by half."""
_CLEARLY = 4
"""Consecutive rows with residuals of several times their bound, after which the check stops."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """How well a relation holds over the rows that can show it."""

    rows: int
    within: float
    """Share of the rows whose residuals are explained by rounding and averaging."""
    strain: float
    """Root mean square of the residuals, in units of the rounding error, without the worst rows."""
    resolved: float
    """Median possible error of the relation, as a share of its size."""
    limit: float = 3.0
    """The strain from which the relation fails."""

    @property
    def holds(self) -> bool:
        """Tell whether the relation holds within the resolution."""
        return self.rows >= _NEEDED and self.within >= _KEPT and self.strain <= _EXACT

    @property
    def fails(self) -> bool:
        """Tell whether the relation cannot hold."""
        return self.rows >= _NEEDED and (self.strain >= self.limit or self.within < 0.7)


@dataclass(frozen=True, slots=True)
class Slack:
    """Errors of readings beyond rounding, the same for the whole gateway."""

    lag: float = 0.0
    """Difference of sampling times, up to this share of a period: a reading may differ by this share of its change."""
    noise: float = 0.0
    """Independent noise of each reading, as a share of its value (root mean square)."""


NOT_SEEN = Exactness(0, 0.0, 99.0, 1.0)


class Readings:
    """Rows of a load, with the resolution of each reading and its change around the row."""

    def __init__(self, load: Load) -> None:
        """Choose rows that together have all columns at all their levels."""
        self.load = load
        self.slack = Slack()
        self._rows = load.instants(_ROWS)
        self._columns: dict[int, list[tuple[float, float]]] = {}
        self._steps: dict[int, float] = {}
        self._calm: dict[int, set[int]] = {}

    def _column(self, code: int) -> list[tuple[float, float]]:
        """Return the value of a code and its change around the row, for each row."""
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
        """Return how well a law holds between some codes of the load."""
        if not set(codes) <= self.load.codes or len(set(codes)) < len(codes):
            return NOT_SEEN
        if self._is_far_off(law, codes):
            return Exactness(_NEEDED, 0.0, 99.0, 1.0)
        rows, halves = self._rows_of(codes)
        strains: list[float] = []
        shares: list[float] = []
        inside = beyond = 0
        for residual, rounding, bound, size in _residuals(law, rows, halves, self.slack):
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
        """Return how well a law would hold with this slack."""
        before, self.slack = self.slack, slack
        try:
            return self.seen(law, codes)
        finally:
            self.slack = before

    def is_unique(self, law: Law, codes: Sequence[int], place: int, rivals: Collection[int]) -> bool:
        """Tell whether the relation fails with each rival in the place of a code."""
        return all(
            self.excludes(law, [*codes[:place], rival, *codes[place + 1 :]]) for rival in rivals if rival not in codes
        )

    def excludes(self, law: Law, codes: Sequence[int]) -> bool:
        """Tell whether a relation cannot hold between some codes."""
        return self.seen(law, codes).fails

    def _is_far_off(self, law: Law, codes: Sequence[int]) -> bool:
        """Tell quickly whether a relation is wrong by half in rows in which errors cannot be so large."""
        calm = set.intersection(*(self._calm_rows(code) for code in codes))
        if len(calm) < _NEEDED:
            return False
        columns = [self._column(code) for code in codes]
        seen = [law([column[row][0] for column in columns]) for row in sorted(calm)[: 2 * _NEEDED]]
        return sum(abs(read - said) > max(abs(read), abs(said)) / 2 for read, said in seen) > _KEPT * len(seen)

    def _calm_rows(self, code: int) -> set[int]:
        """Return the rows in which a code is much larger than its step and hardly changes."""
        if code not in self._calm:
            column, least = self._column(code), _CALM_STEPS * self._steps[code]
            self._calm[code] = {
                row for row, (value, motion) in enumerate(column) if abs(value) > least and motion < _CALM * abs(value)
            }
        return self._calm[code]

    def off(self, law: Law, codes: Sequence[int]) -> tuple[float, float] | None:
        """Return the estimated error of a relation as a share of its size, and the median residual by its median size.

        None if rounding explains the error, or too few rows show it.
        """
        if not set(codes) <= self.load.codes:
            return None
        rows, halves = self._rows_of(codes)
        seen = [
            (residual / size, rounding / size) for residual, rounding, _, size in _residuals(law, rows, halves, Slack())
        ]
        if len(seen) < _MANY:
            return None
        middle = sorted(abs(residual) for residual, _ in seen)[len(seen) // 2]
        if middle < 2 * sorted(rounding for _, rounding in seen)[len(seen) // 2]:
            return None
        return middle / _MIDDLE, sorted(residual for residual, _ in seen)[len(seen) // 2] / middle

    def exceeds(self, law: Law, codes: Sequence[int]) -> int:
        """Return the number of rows in which the measured value clearly exceeds the value by a law."""
        rows, halves = self._rows_of(codes)
        return sum(residual > 2 * bound for residual, _, bound, _ in _residuals(law, rows, halves, self.slack))

    def _rows_of(self, codes: Sequence[int]) -> tuple[list[tuple[tuple[float, float], ...]], list[float]]:
        """Return value and change of some codes, row by row, and half the step of each code."""
        rows = list(zip(*(self._column(code) for code in codes), strict=True))
        return rows, [self._steps[code] for code in codes]

    def matters(self, law: Law, codes: Sequence[int], place: int) -> bool:
        """Tell whether the changes of a code matter: the relation fails if the code is replaced by its median."""
        column = self.load.columns[codes[place]]
        middle = column.quantile(0.5)

        def still(values: Sequence[float]) -> tuple[float, float]:
            return law([*values[:place], middle, *values[place + 1 :]])

        return self.seen(still, codes).fails


def _residuals(
    law: Law, rows: Sequence[tuple[tuple[float, float], ...]], halves: Sequence[float], slack: Slack
) -> Iterator[tuple[float, float, float, float]]:
    """Yield residual, its possible error (root mean square, largest) and size, for the rows that resolve the law."""
    for row in rows:
        values = [value for value, _ in row]
        if isnan(sum(values)):
            continue
        read, said = law(values)
        size = max(abs(read), abs(said))
        if size <= 0:
            continue
        residual = read - said
        slopes = [abs(_moved(law, values, (place, half)) - residual) for place, half in enumerate(halves)]
        square, most = sum([slope * slope for slope in slopes]) / 3, sum(slopes)
        if most > _TELLING * size:
            continue
        moving = [
            (place, motion, _moved(law, values, (place, motion))) for place, (_, motion) in enumerate(row) if motion
        ]
        bent = 0.0
        for (one, by, way), (two, by_two, way_two) in combinations(moving, 2):
            bent += abs(_moved(law, values, (one, by), (two, by_two)) - way - way_two + residual)
        if slack.lag:
            lags = [slack.lag * abs(way - residual) for _, _, way in moving]
            square, most = square + sum([lag * lag for lag in lags]) / 3, most + sum(lags)
        if slack.noise:
            steps = [(place, slack.noise * value) for place, value in enumerate(values)]
            errors = sum([(_moved(law, values, step) - residual) ** 2 for step in steps])
            square, most = square + errors, most + _WORST * sqrt(errors)
        bound = most + bent / 2 + 1e-9 * size
        if bound <= _TELLING * size:
            yield residual, sqrt(square) + bent / 2 + 1e-9 * size, bound, size


def _moved(law: Law, values: Sequence[float], *by: tuple[int, float]) -> float:
    """Return the residual of a law with some readings changed: pairs of position and difference."""
    other = list(values)
    for place, step in by:
        other[place] += step
    read, said = law(other)
    return read - said
