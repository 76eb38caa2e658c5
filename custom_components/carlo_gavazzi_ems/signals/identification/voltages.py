"""Voltages that follow from the phase voltages: between the phases, and the means."""

from collections.abc import Collection, Sequence
from math import sqrt

from .fit import Fit, summary
from .phases import Phases, assign
from .pool import Pool

type Rows = list[float]

_TOLERANCE = 0.004
_MARGIN = 6.0


def _between(first: Rows, second: Rows, *, opposed: bool) -> Rows:
    """Return the voltage between two phases 120° apart, or between two legs in opposition."""
    if opposed:
        return [a + b for a, b in zip(first, second, strict=True)]
    return [sqrt(max(0.0, a * a + b * b + a * b)) for a, b in zip(first, second, strict=True)]


def _mean(columns: Sequence[Rows]) -> Rows:
    """Return the mean of several columns."""
    return [sum(values) / len(values) for values in zip(*columns, strict=True)]


def _fit(pool: Pool, code: int, said: Rows) -> Fit:
    """Return how well a code is a voltage that was worked out."""
    return summary([(read - law) / law for read, law in zip(pool.rows[code], said, strict=True) if law > 1], _TOLERANCE)


class Voltages:
    """What the voltage codes besides those of the phases are."""

    def __init__(self, pools: Sequence[Pool], phases: Phases, volts: Sequence[int], others: Collection[int]) -> None:
        """Work out the voltages of the pools that have all phases; volts are the phase voltages by phase.

        Others are known to be something else.
        """
        self._pools = [pool for pool in pools if set(volts) <= set(pool.voltages)]
        self._count = phases.count
        self.roles: dict[int, tuple[str, bool]] = {}
        """For each code its role and whether that is beyond doubt."""
        pairs = [(0, 1), (1, 2), (2, 0)][: 3 if self._count == 3 else 1]
        self._lines = {
            pool: [_between(pool.rows[volts[a]], pool.rows[volts[b]], opposed=self._count == 2) for a, b in pairs]
            for pool in self._pools
        }
        rest = sorted(
            code
            for code in {code for pool in self._pools for code in pool.voltages} - phases.taken - set(others)
            if all(code in pool.voltages for pool in pools if code in pool.measured)
        )
        lines = [code for code in rest if self._level(code, self._lines)]
        means = {pool: [_mean([pool.rows[code] for code in volts])] for pool in self._pools}
        if lines:
            mean_lines = {pool: [*said, _mean(said)] for pool, said in self._lines.items()}
            roles = [f"line_voltage@{a}@{b}" for a, b in pairs] + ["line_voltage_mean"]
            self._assign(lines, mean_lines if len(lines) > len(pairs) else self._lines, roles)
        self._assign([code for code in rest if code not in lines and self._level(code, means)], means, ["voltage_mean"])

    def _level(self, code: int, said: dict[Pool, list[Rows]]) -> bool:
        """Tell whether a code is near a worked out voltage everywhere."""
        fits = [_fit(pool, code, rows[0]) for pool, rows in said.items() if code in pool.voltages]
        return bool(fits) and all(abs(fit.bias) < 0.05 for fit in fits)

    def _assign(self, codes: Sequence[int], said: dict[Pool, list[Rows]], roles: Sequence[str]) -> None:
        """Give codes the roles of worked out voltages, each once."""
        places = max((len(rows) for rows in said.values()), default=0)
        count = min(places, len(codes))
        if not count or len(codes) > 6:
            return

        def fits_of(place: int, chosen: tuple[int, ...]) -> list[Fit]:
            return [_fit(pool, chosen[0], rows[place]) for pool, rows in said.items() if chosen[0] in pool.voltages]

        for placed, margins in assign(count, (codes,), fits_of):
            for place, code in enumerate(placed):
                fits = [_fit(pool, code, rows[place]) for pool, rows in said.items() if code in pool.voltages]
                good = bool(fits) and all(fit.holds(0.6) and abs(fit.bias) < 0.002 for fit in fits)
                sure = good and margins[code] >= _MARGIN and self._moves(code, said, place)
                if good:
                    self.roles[code] = (roles[place], sure)

    def _moves(self, code: int, said: dict[Pool, list[Rows]], place: int) -> bool:
        """Tell whether the law says what the code's own median does not, on the loads where it can be seen."""
        gained = False
        for pool, rows in said.items():
            if code not in pool.voltages:
                continue
            ordered = sorted(value for value in pool.rows[code] if value > 1)
            middle = ordered[len(ordered) // 2]
            still = summary([(value - middle) / middle for value in ordered], _TOLERANCE)
            gained = gained or _fit(pool, code, rows[place]).beats(still)
        return gained
