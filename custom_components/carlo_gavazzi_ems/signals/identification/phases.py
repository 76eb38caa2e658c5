"""Which codes belong to the same phase: S with its U and I, P with its S and PF, Q with its P and S.

In one phase the laws hold exactly, across two they do not, unless the phases are balanced. All assignments are
compared; what only a balanced load could tell stays open. Which of the phases is L1 no law says. The total is treated
as a phase of its own, without voltage and current.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from math import exp, log

from .book import DECISIVE, Book, Kind
from .fit import Fit, summary
from .pool import Pool
from .products import product_residuals
from .triangles import Scales, apparent_rows, reactive_fit, triangle_fit

_FLOOR = 2e-4
"""No law is believed to hold more closely."""
_RELATED = 4
_MARGIN = 6.0
"""By how much (natural logarithm of the odds) an assignment has to be better than the next."""
_MOST = 6
"""More codes than this do not compete for the places of one kind."""
_MANY_ROWS = 40


@dataclass(slots=True)
class Phases:
    """The codes of each kind by phase, in one order for all kinds."""

    count: int
    codes: dict[Kind, tuple[int, ...]] = field(default_factory=dict)
    margins: dict[int, float] = field(default_factory=dict)
    """How sure the place of each code is, as logarithm of the odds."""

    def is_sure(self, code: int) -> bool:
        """Tell whether the place of a code is beyond doubt."""
        return self.margins.get(code, 0.0) >= _MARGIN

    @property
    def taken(self) -> set[int]:
        """The codes that have a place."""
        return {code for codes in self.codes.values() for code in codes}


type Fits = Callable[[int, tuple[int, ...]], list[Fit]]
"""How well some codes fit into one phase, pool by pool."""
type Places = list[tuple[tuple[int, ...], dict[int, float]]]
"""For each kind its codes by phase, and by how much it costs more not to put each there."""


def cost_of(fits: Sequence[Fit]) -> float:
    """Return what it costs, as a negative logarithm of likelihood, to believe in fits on several pools."""
    return sum(min(fit.count, 400) / _RELATED * log((fit.spread + _FLOOR) / (1 + _FLOOR)) for fit in fits if fit.count)


def _hold(fits: Sequence[Fit]) -> bool:
    """Tell whether a law holds on a pool, and fails on none that shows enough."""
    return any(fit.holds(0.6) for fit in fits) and all(fit.holds(0.5) for fit in fits if fit.count >= _MANY_ROWS)


def assign(count: int, choices: Sequence[Sequence[int]], fits: Fits) -> Places:
    """Put codes into phases at the least cost, each code once; there are at least as many codes as phases."""
    table = {(phase, codes): cost_of(fits(phase, codes)) for phase in range(count) for codes in product(*choices)}
    ranked = sorted(
        (sum(table[phase, tuple(part[phase] for part in parts)] for phase in range(count)), parts)
        for parts in product(*(permutations(choice, count) for choice in choices))
    )
    best_cost, best = ranked[0]
    if best_cost >= 0:
        return []
    places: Places = []
    for place, codes in enumerate(best):
        margins = {}
        for phase, code in enumerate(codes):
            others = (worse - best_cost for worse, parts in ranked if parts[place][phase] != code)
            margins[code] = min(others, default=-best_cost)
        places.append((codes, margins))
    return places


class PhaseFinder:
    """Finds what belongs to the same phase on all pools together, since a code has the same phase on every load."""

    def __init__(
        self, pools: Sequence[Pool], book: Book, scales: Scales, actives: tuple[int, ...], excluded: Collection[int]
    ) -> None:
        """Look for the phases of some active powers; the excluded codes are known to have another place."""
        self._book = book
        self._scales = scales
        self._excluded = set(excluded) | set(actives)
        self._actives = actives
        self._pools = [pool for pool in pools if set(actives) <= set(pool.measured)]
        self._unit = book.scale()
        self.phases = Phases(len(actives), {Kind.ACTIVE: actives}, dict.fromkeys(actives, 100.0))

    def find(self, *, with_current: bool) -> Phases:
        """Return the phases, each kind as far as there are codes for it; totals have no voltage and current."""
        if with_current:
            currents = self._choice(Kind.CURRENT, self._current_fits)
            self._place((Kind.CURRENT,), (currents,), self._current_fits, "p_is_u_times_i_times_pf")
        self._place_apparents()
        if with_current and Kind.CURRENT in self.phases.codes and self._unit is not None:
            self._place(
                (Kind.VOLTAGE,), (self._choice(Kind.VOLTAGE, self._voltage_fits),), self._voltage_fits, "s_is_u_times_i"
            )
        self._place_others()
        return self.phases

    def _open(self, kind: Kind) -> list[int]:
        """Return the codes that nothing says to be of another kind or to have another place."""
        published = {code for pool in self._pools for code in pool.measured}
        return sorted(
            code
            for code in published - self.phases.taken - self._excluded
            if self._book.is_certain(code, kind) or not self._book.decided(code)
        )

    def _choice(self, kind: Kind, fits: Fits | None = None) -> list[int]:
        """Return the codes that may be of a kind in a phase, the surest; the laws may add some that nobody voted for."""
        open_ = self._open(kind)
        voted = sorted(((self._book.weight(code, kind), code) for code in open_), reverse=True)
        chosen = [code for weight, code in voted if max(weight) > 0][:_MOST]
        if fits is not None:
            more = (
                code
                for code in open_
                if code not in chosen and any(_hold(fits(phase, (code,))) for phase in range(self.phases.count))
            )
            chosen += [code for code, _ in zip(more, range(_MOST - len(chosen)), strict=False)]
        return sorted(chosen)

    def _place(self, kinds: Sequence[Kind], choices: Sequence[Sequence[int]], fits: Fits, law: str) -> None:
        """Find the best places for the codes of some kinds, and vote for those that nothing else could fill."""
        count = self.phases.count
        if any(len(choice) < count for choice in choices):
            return
        places = assign(count, choices, fits)
        placed = list(zip(*(codes for codes, _ in places), strict=True))
        holds = [_hold(fits(phase, codes)) for phase, codes in enumerate(placed)]
        for kind, (codes, margins) in zip(kinds, places, strict=False):
            self.phases.codes[kind] = codes
            self.phases.margins |= {
                code: margins[code] if held else 0.0 for code, held in zip(codes, holds, strict=True)
            }
            for code, held in zip(codes, holds, strict=True):
                if held and count > 1 and margins[code] >= 2 * _MARGIN:
                    self._book.vote(code, kind, DECISIVE, law)

    def _with(self, *codes: int) -> list[Pool]:
        """Return the pools that measure some codes."""
        return [pool for pool in self._pools if set(codes) <= set(pool.measured)]

    def _apparent(self, pool: Pool, phase: int) -> list[float] | None:
        """Return the apparent power of a phase on a pool, measured or worked out from U and I."""
        codes = self.phases.codes
        if Kind.APPARENT in codes and codes[Kind.APPARENT][phase] in pool.measured:
            return apparent_rows(pool, codes[Kind.APPARENT][phase])
        if self._unit is None or Kind.CURRENT not in codes or Kind.VOLTAGE not in codes:
            return None
        current, voltage = codes[Kind.CURRENT][phase], codes[Kind.VOLTAGE][phase]
        if current not in pool.measured or voltage not in pool.rows:
            return None
        amperes = apparent_rows(pool, current)
        return [self._unit * u * i for u, i in zip(pool.rows[voltage], amperes, strict=True)]

    def _current_fits(self, phase: int, codes: tuple[int, ...]) -> list[Fit]:
        """While the voltage hardly moves, P goes with its I, and P / I is a voltage times a factor up to 1."""
        fits: list[Fit] = []
        for pool in self._with(*codes):
            fit = _proportion(pool, self._actives[phase], codes[0])
            fits.append(fit if self._is_voltage(pool, fit.level) else replace(fit, spread=1.0, inliers=0.0))
        return fits

    def _is_voltage(self, pool: Pool, level: float) -> bool:
        """Tell whether so many units of power an ampere are possible on a load."""
        if self._unit is None or not pool.voltages:
            return self._unit is None
        lowest = min(pool.range(code)[0] for code in pool.voltages)
        return 0.15 * lowest < exp(level) / self._unit < 1.08 * lowest + 10

    def _place_apparents(self) -> None:
        """Find S of each phase, by the PF that turns it into P and by its current."""
        currents = self.phases.codes.get(Kind.CURRENT)

        def fits(phase: int, codes: tuple[int, ...]) -> list[Fit]:
            found = []
            for pool in self._with(*codes):
                triangles = [
                    triangle_fit(pool, scale, factor, self._actives[phase], apparent_rows(pool, codes[0]))
                    for factor, scale in self._scales.items()
                    if factor in pool.measured
                    and factor != codes[0]
                    and (self._book.likely(factor) is Kind.FACTOR or not self._book.decided(factor))
                ]
                shown = [fit for fit in triangles if fit.count]
                if shown:
                    found.append(min(shown, key=lambda fit: fit.spread))
                elif not currents:
                    found.append(_proportion(pool, codes[0], self._actives[phase]))
                if currents and currents[phase] in pool.measured:
                    found.append(_proportion(pool, codes[0], currents[phase]))
            return found

        self._place((Kind.APPARENT,), (self._choice(Kind.APPARENT, fits),), fits, "p_is_s_times_pf")

    def _place_others(self) -> None:
        """Find PF and Q of each phase where S is measured, or U and I are."""
        sources = {
            (pool, phase): self._apparent(pool, phase) for pool in self._pools for phase in range(self.phases.count)
        }

        def factor_fits(phase: int, codes: tuple[int, ...]) -> list[Fit]:
            if codes[0] not in self._scales:
                return []
            return [
                triangle_fit(pool, self._scales[codes[0]], codes[0], self._actives[phase], apparent)
                for pool in self._with(*codes)
                if (apparent := sources[pool, phase]) is not None
            ]

        def reactive_fits(phase: int, codes: tuple[int, ...]) -> list[Fit]:
            return [
                reactive_fit(pool, self._actives[phase], apparent, codes[0])
                for pool in self._with(*codes)
                if (apparent := sources[pool, phase]) is not None
            ]

        factors = [code for code in self._choice(Kind.FACTOR, factor_fits) if code in self._scales]
        self._place((Kind.FACTOR,), (factors,), factor_fits, "p_is_s_times_pf")
        reactives = self._choice(Kind.REACTIVE, reactive_fits)
        self._place((Kind.REACTIVE,), (reactives,), reactive_fits, "s2_is_p2_plus_q2")

    def _voltage_fits(self, phase: int, codes: tuple[int, ...]) -> list[Fit]:
        """S is U I; without S, P is U I PF with the best of the factors."""
        unit = self._unit or 1.0
        current = self.phases.codes[Kind.CURRENT][phase]
        apparents = self.phases.codes.get(Kind.APPARENT)
        fits = []
        for pool in self._with(codes[0], current):
            if apparents and apparents[phase] in pool.measured:
                residuals = product_residuals(pool, apparents[phase], current, codes[0], unit)
                fits.append(summary([max(-1.0, min(1.0, residual)) for residual in residuals], 0.03))
                continue
            amperes = apparent_rows(pool, current)
            apparent = [unit * u * i for u, i in zip(pool.rows[codes[0]], amperes, strict=True)]
            triangles = [
                triangle_fit(pool, scale, factor, self._actives[phase], apparent)
                for factor, scale in self._scales.items()
                if factor in pool.measured and self._book.likely(factor) is Kind.FACTOR
            ]
            if triangles:
                fits.append(min(triangles, key=lambda fit: fit.spread))
            elif not apparents:
                residuals = product_residuals(pool, self._actives[phase], current, codes[0], unit)
                if (fit := summary([max(-1.0, min(1.0, one)) for one in residuals], 0.03)).holds(0.8):
                    fits.append(fit)
        return fits


@dataclass(frozen=True, slots=True)
class _Proportion(Fit):
    """How well one code is proportional to another, and by what factor."""

    level: float
    """The natural logarithm of the factor."""


def _proportion(pool: Pool, power: int, current: int) -> _Proportion:
    """Return how well one code is proportional to another, whatever the factor."""
    ratios = [
        log(p / i)
        for p, i in zip(apparent_rows(pool, power), apparent_rows(pool, current), strict=True)
        if p > 0 and i > 0
    ]
    middle = sorted(ratios)[len(ratios) // 2] if ratios else 0.0
    fit = summary([max(-1.0, min(1.0, ratio - middle)) for ratio in ratios], 0.05)
    return _Proportion(fit.count, fit.spread, fit.bias, fit.inliers, middle)
