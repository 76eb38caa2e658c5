"""Finds phase voltages, line voltages and means from the voltages alone.

The mean of the phases is a third of their sum. A line voltage is the third side of a triangle with two phase voltages
at 120° (or their sum, if two legs are in opposition). This needs no power, and the voltages of three phases differ
enough on any day. So the mean, which would fit as a phase voltage in S = U · I if phases are balanced, is excluded
before powers are analysed.
"""

from collections.abc import Callable, Sequence
from math import sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import NO_FIT, Fit, summary
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import MARGIN, cost_of, is_sure, match
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.places import Pair, VoltageFamily

type Rows = list[float]

_BIAS = 0.002
_CLEAR = 1.25
"""How many times better a mean has to fit than the next candidate."""
_ROUNDING, _FINEST = 0.25, 0.01
"""The spread of a mean that is exact, in steps of the readings, and the smallest step in volts that counts."""
_LOOSE, _SLACK = 6.0, 1e-3
"""A code does not belong to the family if its spread exceeds this multiple of the best one's, plus `_SLACK`."""
_LINES = (1.5, 2.2)
"""Line voltages as multiples of the lowest phase voltage."""
_OPPOSED = 1.86
"""The multiple from which it is that of two legs in opposition."""


def _between(first: float, second: float, *, opposed: bool) -> float:
    """Return the voltage between two phases 120° apart, or between two legs in opposition."""
    return first + second if opposed else sqrt(max(0.0, first * first + second * second + first * second))


def _fit(pool: Pool, code: int, parts: Sequence[int], law: Callable[..., float]) -> Fit:
    """Return how well a code fits a law of other codes, NO_FIT if the pool lacks one of them."""
    if not {code, *parts} <= set(pool.voltages):
        return NO_FIT
    residuals = [
        (read - said) / said
        for read, *values in zip(pool.rows[code], *(pool.rows[part] for part in parts), strict=True)
        if (said := law(*values)) > 1 and is_number(read)
    ]
    return summary(residuals, tolerances.VOLTAGE)


def _mean(*values: float) -> float:
    """Return the mean of some values."""
    return sum(values) / len(values)


class VoltageFinder:
    """Finds the voltages that belong together, from loads with several voltages."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        """Use all pools with at least two voltages."""
        self._pools = [pool for pool in pools if len(pool.voltages) > 1]
        codes = sorted({code for pool in self._pools for code in pool.voltages})
        self._levels = {code: self._level(code) for code in codes}

    def _level(self, code: int) -> float:
        """Return the usual value of a code."""
        middles = sorted(sum(pool.range(code)) / 2 for pool in self._pools if code in pool.voltages)
        return middles[len(middles) // 2]

    def find(self) -> VoltageFamily | None:
        """Return the family of voltages; None if their levels do not fit one."""
        if not self._levels:
            return None
        base = min(self._levels.values())
        low = [code for code, level in self._levels.items() if level < 1.25 * base]
        high = [code for code in self._levels if code not in low]
        ratios = sorted(self._levels[code] / base for code in high)
        if ratios and not (_LINES[0] < ratios[0] and ratios[-1] < _LINES[1]):
            return None
        opposed = bool(ratios) and ratios[len(ratios) // 2] > _OPPOSED
        family = self._phases(low, 2 if opposed else 3 if high else 0)
        if family is not None and high:
            self._find_lines(family, high, opposed=opposed)
        return family

    def _phases(self, low: Sequence[int], count: int) -> VoltageFamily | None:
        """Return the phases and their mean; `count` is the number of phases, 0 if it is not known."""
        means = {code: self._as_mean(code, low) for code in low}
        ranked = sorted(means, key=lambda code: cost_of(means[code]))
        best = means[ranked[0]]
        others = means[ranked[1]] if len(ranked) > 1 else []
        clear = (
            bool(others)
            and all(fit.holds(0.6) and abs(fit.bias) < _BIAS for fit in best if fit.count)
            and cost_of(others) - cost_of(best) > MARGIN
            and all(
                worse.spread > _CLEAR * fit.spread + 1e-5
                for fit, worse in zip(best, others, strict=True)
                if fit.count and worse.count
            )
        )
        if count == 0:
            clear = clear and (len(low) > 3 or self._is_exact(ranked[0], best, low))
            count = len(low) - 1 if clear and len(low) > 2 else len(low)
        if len(low) == count and count > 1:
            return VoltageFamily(tuple(low), sure=set(low))
        if len(low) != count + 1 or count < 2:
            return None
        mean = ranked[0]
        family = VoltageFamily(tuple(code for code in low if code != mean), mean)
        if clear:
            family.sure = set(low)
        return family

    def _is_exact(self, code: int, fits: Sequence[Fit], low: Sequence[int]) -> bool:
        """Tell whether a code is the mean of the others but for rounding; of three phases, one lies near the other two."""
        steps = (max((pool.resolution.get(one, 0.0) for one in low), default=0.0) for pool in self._pools)
        return all(
            fit.spread * self._levels[code] <= _ROUNDING * max(step, _FINEST)
            for fit, step in zip(fits, steps, strict=True)
            if fit.count
        )

    def _as_mean(self, code: int, low: Sequence[int]) -> list[Fit]:
        """Return how well a code is the mean of the others, for each pool."""
        others = [other for other in low if other != code]
        return [_fit(pool, code, others, _mean) for pool in self._pools] if others else []

    def _find_lines(self, family: VoltageFamily, high: Sequence[int], *, opposed: bool) -> None:
        """Find the voltages between the phases and their mean."""
        volts = family.phases
        pairs: list[Pair] = [(volts[0], volts[1])]
        if len(volts) == 3:
            pairs += [(volts[1], volts[2]), (volts[0], volts[2])]
        places: list[Pair] = [*pairs, ()] if len(high) > len(pairs) else pairs

        def fits(code: int, place: Pair) -> list[Fit]:
            if place:
                return [_fit(pool, code, place, lambda a, b: _between(a, b, opposed=opposed)) for pool in self._pools]
            if len(volts) == 2:  # of two legs the mean is the only line voltage
                return fits(code, pairs[0])
            return [
                _fit(
                    pool,
                    code,
                    volts,
                    lambda a, b, c: _mean(*(_between(*pair, opposed=False) for pair in ((a, b), (b, c), (a, c)))),
                )
                for pool in self._pools
            ]

        matches = match(high, places, fits)
        family.lines = {place: found.code for place, found in matches.items()}
        spreads = {place: _closest(fits(found.code, place)) for place, found in matches.items()}
        if family.mean is not None:
            spreads[volts] = _closest(self._as_mean(family.mean, [*volts, family.mean]))
        loose = {place for place, spread in spreads.items() if spread > _LOOSE * min(spreads.values()) + _SLACK}
        self._doubt_loose(family, loose)
        for place, found in matches.items():
            good = all(fit.holds(0.6) and abs(fit.bias) < _BIAS for fit in fits(found.code, place) if fit.count)
            if good and place not in loose and is_sure(found) and family.sure >= set(place or volts):
                family.sure.add(found.code)

    @staticmethod
    def _doubt_loose(family: VoltageFamily, loose: set[Pair]) -> None:
        """Remove certainty from codes that fit much worse than the rest of the family."""
        if family.phases in loose and family.mean is not None:
            family.sure.discard(family.mean)
        family.sure -= {
            volt
            for volt in family.phases
            if (mine := [pair for pair in family.lines if volt in pair]) and loose.issuperset(mine)
        }


def _closest(fits: Sequence[Fit]) -> float:
    """Return the least spread of some fits."""
    return min((fit.spread for fit in fits if fit.count), default=1.0)


def apply(knowledge: Knowledge) -> None:
    """Find the phase voltages, the line voltages and the means."""
    knowledge.volts = VoltageFinder(knowledge.pools).find()
