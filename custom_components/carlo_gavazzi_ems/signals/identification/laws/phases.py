"""Finds the codes that belong to the same phase: I proportional to P, S from U and I, PF and Q from P and S.

The laws hold within one phase, but not across phases unless these are balanced; codes of balanced phases stay open.
No law tells which phase is L1. The total is a further place for S, PF and Q, so that it is not taken for a phase.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp, hypot, log

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit, compare, summary
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import MARGIN, Match, hold, match
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.proportions import proportion
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.places import Phases
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, Kind

from .products import find_products, product_residuals
from .triangles import reactive_fit, triangle_fit

_MOST = 8
"""The most codes that compete for the places of one kind."""
_VAGUE = 0.02
"""Additional spread of a mere proportion, because voltage and power factor change too."""

type Fits = Callable[[int, int], list[Fit]]
"""Returns how well a code fits a phase, for each pool."""


class PhaseFinder:
    """Finds the codes of each phase on all pools together, because a code has the same phase on every load."""

    def __init__(self, knowledge: Knowledge, actives: tuple[int, ...]) -> None:
        """Start with the active powers of the phases, followed by their total."""
        votes, pools, volts = knowledge.votes, knowledge.pools, knowledge.volts
        self._votes = votes
        self._scales = knowledge.scales
        self._cosines = knowledge.cosines
        self._actives = actives
        self._pools = [pool for pool in pools if set(actives[:-1]) <= set(pool.measured)]
        self._unit = votes.scale()
        self._volts = volts if volts is not None and len(volts.phases) == len(actives) - 1 else None
        self._not_volts = {code for pool in pools for code in pool.voltages} - set(
            self._volts.phases if self._volts else ()
        )
        places = {phase: Match(code, 100.0, held=True) for phase, code in enumerate(self._actives)}
        self.phases = Phases(len(actives) - 1, {Kind.ACTIVE: places})

    def find(self) -> Phases:
        """Return the phases with the codes that were found for each kind."""
        count = self.phases.count
        self._place(Kind.CURRENT, range(count), self._current_fits, "p_is_u_times_i_times_pf")
        self._place(Kind.APPARENT, range(count + 1), self._apparent_fits, "s_is_u_times_i")
        if self._volts is not None and self._unit is not None:
            self._place(Kind.VOLTAGE, range(count), self._voltage_fits, "s_is_u_times_i", self._volts.phases)
        self._place_others(range(count + 1))
        if not {count} <= self.phases.places.get(Kind.REACTIVE, {}).keys():
            self._place_others((count,))
        return self.phases

    def _open(self, kind: Kind) -> list[int]:
        """Return the codes without a place that are not decided to be of another kind."""
        published = {code for pool in self._pools for code in pool.measured}
        return sorted(
            code
            for code in published - self.phases.taken - self._not_volts
            if self._votes.is_certain(code, kind) or not self._votes.decided(code)
        )

    def _choice(self, kind: Kind, places: Sequence[int], fits: Fits) -> list[int]:
        """Return the codes that may be of a kind: those with the most votes, then others that fit some place."""
        open_ = self._open(kind)
        voted = sorted(((self._votes.weight(code, kind), code) for code in open_), reverse=True)
        chosen = [code for weight, code in voted if max(weight) > 0][:_MOST]
        more = (code for code in open_ if code not in chosen and any(hold(fits(code, phase)) for phase in places))
        chosen += [code for code, _ in zip(more, range(_MOST - len(chosen)), strict=False)]
        return sorted(chosen)

    def _place(
        self, kind: Kind, places: Sequence[int], fits: Fits, law: str, codes: Sequence[int] | None = None
    ) -> None:
        """Find the best places for the codes of a kind, and vote for codes in clear places."""
        codes = self._choice(kind, places, fits) if codes is None else codes
        found = self.phases.places.setdefault(kind, {})
        for phase, one in match(codes, [place for place in places if place not in found], fits).items():
            found[phase] = one
            if one.held and one.margin >= 2 * MARGIN and phase != self.phases.total:
                self._votes.vote(one.code, kind, DECISIVE, law)

    def _with(self, *codes: int | None) -> list[Pool]:
        """Return the pools that measure all of some codes; none if one of the codes is None."""
        if None in codes:
            return []
        return [pool for pool in self._pools if set(codes) <= set(pool.measured)]

    def _current_fits(self, code: int, phase: int) -> list[Fit]:
        """Fit P = U I PF with any voltage and power factor; without a power factor, fit P as proportional to I."""
        fits: list[Fit] = []
        for pool in self._with(code):
            fit = self._power_fit(pool, code, phase)
            if fit is not None:
                fits.append(fit)
                continue
            fit = proportion(pool, self._actives[phase], code)
            fit = replace(fit, spread=fit.spread + _VAGUE)
            fits.append(fit if self._is_voltage(pool, fit.level) else replace(fit, spread=1.0, inliers=0.0))
        return fits

    def _power_fit(self, pool: Pool, code: int, phase: int) -> Fit | None:
        """Return how well P = U I PF holds with the best voltage and power factor, None if there are none."""
        volts = [one for one in (self._volts.phases if self._volts else ()) if one in pool.voltages]
        if self._unit is None or not volts:
            return None
        amperes = pool.sizes(code)
        fits = [
            fit
            for volt in volts
            for fit in self._triangles(
                pool, [self._unit * u * i for u, i in zip(pool.rows[volt], amperes, strict=True)], phase
            )
        ]
        if not fits:  # the power factor may be 1
            said = [[self._unit * u * i for u, i in zip(pool.rows[volt], amperes, strict=True)] for volt in volts]
            fits = [fit for one in said if (fit := self._plain_fit(pool, one, phase)).holds(0.8)]
        return min(fits, key=lambda fit: fit.spread, default=None)

    def _plain_fit(self, pool: Pool, apparent: Sequence[float], phase: int) -> Fit:
        """Return how well P of a phase equals an apparent power."""
        active = self._actives[phase]
        read = [abs(p) for p in pool.rows[active]]
        return compare(read, apparent, floor=tolerances.STEPS * pool.resolution[active], tolerance=tolerances.PRODUCT)

    def _is_voltage(self, pool: Pool, level: float) -> bool:
        """Tell whether a ratio of power to current, given as a logarithm, is possible with the voltages of a load."""
        if self._unit is None or not pool.voltages:
            return self._unit is None
        lowest = min(pool.range(code)[0] for code in pool.voltages)
        return 0.15 * lowest < exp(level) / self._unit < 1.08 * lowest + 10

    def _apparent_fits(self, code: int, phase: int) -> list[Fit]:
        """Fit S of a phase as its I times one of the voltages, and the total as roughly the sum of these."""
        fits = []
        for pool in self._with(code):
            volts = [one for one in (self._volts.phases if self._volts else pool.voltages) if one in pool.voltages]
            if phase == self.phases.total:
                fits.append(self._sum_fit(pool, code, volts))
                continue
            current = self.phases.code(Kind.CURRENT, phase)
            if current is not None and current in pool.measured:
                fits.append(self._product_fit(pool, code, current, volts))
            elif current is None and (shown := self._triangle_fits(pool, code, phase)):
                fits.append(min(shown, key=lambda fit: fit.spread))
        return fits

    def _product_fit(self, pool: Pool, code: int, current: int, volts: Sequence[int]) -> Fit:
        """Return how well a code equals a current times the best voltage."""
        if self._unit is None or not volts:
            return proportion(pool, code, current)
        found = [
            summary(
                [max(-1.0, min(1.0, one)) for one in product_residuals(pool, code, current, u, self._unit)],
                tolerances.PRODUCT,
            )
            for u in volts
        ]
        return min(found, key=lambda fit: fit.spread)

    def _triangles(self, pool: Pool, apparent: Sequence[float], phase: int) -> list[Fit]:
        """Return how well P of a phase equals an apparent power times each power factor that has informative rows."""
        fits = [
            triangle_fit(pool, self._scales[factor], factor, self._actives[phase], apparent)
            for factor in pool.measured
            if factor in self._scales and self._votes.likely(factor) is Kind.FACTOR
        ]
        return [fit for fit in fits if fit.count]

    def _triangle_fits(self, pool: Pool, code: int, phase: int) -> list[Fit]:
        """Return how well a code fits as the apparent power of a phase with each power factor."""
        return self._triangles(pool, pool.sizes(code), phase)

    def _sum_fit(self, pool: Pool, code: int, volts: Sequence[int]) -> Fit:
        """Return how well a code roughly equals the sum of U I over the phases."""
        currents = self.phases.row(Kind.CURRENT)
        if self._unit is None or not volts or currents is None or not set(currents) <= set(pool.measured):
            fits = self._triangle_fits(pool, code, self.phases.total)
            return min(fits, key=lambda fit: fit.spread, default=summary((), tolerances.WHOLE))
        amperes = [sum(map(abs, values)) for values in zip(*(pool.rows[one] for one in currents), strict=True)]
        residuals = [
            max(-1.0, min(1.0, log(s / (self._unit * u * i))))
            for s, u, i in zip(pool.sizes(code), pool.rows[volts[0]], amperes, strict=True)
            if s > 0 and i > 0 and u > 0
        ]
        return summary(residuals, tolerances.WHOLE)

    def _voltage_fits(self, code: int, phase: int) -> list[Fit]:
        """Fit S = U I; without S, fit P = U I PF with the best power factor."""
        unit = self._unit or 1.0
        current, apparent = self.phases.code(Kind.CURRENT, phase), self._held_apparent(phase)
        fits = []
        for pool in self._with(code, current):
            if current is None:
                continue
            if apparent is not None and apparent in pool.measured:
                residuals = product_residuals(pool, apparent, current, code, unit)
                fits.append(summary([max(-1.0, min(1.0, residual)) for residual in residuals], tolerances.PRODUCT))
                continue
            said = [unit * u * i for u, i in zip(pool.rows[code], pool.sizes(current), strict=True)]
            triangles = self._triangles(pool, said, phase)
            if triangles:
                fits.append(min(triangles, key=lambda fit: fit.spread))
            elif apparent is None:
                residuals = product_residuals(pool, self._actives[phase], current, code, unit)
                if (fit := summary([max(-1.0, min(1.0, one)) for one in residuals], tolerances.PRODUCT)).holds(0.8):
                    fits.append(fit)
        return fits

    def _held_apparent(self, phase: int) -> int | None:
        """Return the apparent power of a phase, None unless its law holds."""
        found = self.phases.places.get(Kind.APPARENT, {}).get(phase)
        return found.code if found is not None and found.held else None

    def _apparent(self, pool: Pool, phase: int) -> list[float] | None:
        """Return the apparent power of a phase on a pool: measured, or computed from U and I, the total from P and Q.

        If the power factor is that of the fundamental, the apparent power is too: √(P² + Q²).
        """
        active = self._actives[phase]
        if active in self._cosines and self._cosines[active][1] in pool.measured:
            return list(map(hypot, pool.rows[active], pool.rows[self._cosines[active][1]], strict=True))
        apparent = self._held_apparent(phase)
        if apparent is not None and apparent in pool.measured:
            return pool.sizes(apparent)
        if phase == self.phases.total:
            return self._total_apparent(pool)
        current, voltage = self.phases.code(Kind.CURRENT, phase), self.phases.code(Kind.VOLTAGE, phase)
        if self._unit is None or current is None or voltage is None:
            return None
        if current not in pool.measured or voltage not in pool.rows:
            return None
        amperes = pool.sizes(current)
        return [self._unit * u * i for u, i in zip(pool.rows[voltage], amperes, strict=True)]

    def _total_apparent(self, pool: Pool) -> list[float] | None:
        """Return the total apparent power from the total of P and Q of the phases."""
        reactives = self.phases.row(Kind.REACTIVE)
        if reactives is None or not set(reactives) <= set(pool.rows):
            return None
        columns = [pool.rows[code] for code in reactives]
        return [
            (p * p + sum(values) ** 2) ** 0.5 for p, *values in zip(pool.rows[self._actives[-1]], *columns, strict=True)
        ]

    def _place_others(self, places: Sequence[int]) -> None:
        """Find PF and Q of each phase with a measured or computed S."""
        sources = {(pool, phase): self._apparent(pool, phase) for pool in self._pools for phase in places}

        def factor_fits(code: int, phase: int) -> list[Fit]:
            if code not in self._scales:
                return []
            return [
                triangle_fit(pool, self._scales[code], code, self._actives[phase], apparent)
                for pool in self._with(code)
                if (apparent := sources[pool, phase]) is not None
            ]

        def reactive_fits(code: int, phase: int) -> list[Fit]:
            return [
                reactive_fit(pool, self._actives[phase], apparent, code)
                for pool in self._with(code)
                if (apparent := sources[pool, phase]) is not None
            ]

        self._place(Kind.FACTOR, places, factor_fits, "p_is_s_times_pf")
        self._place(Kind.REACTIVE, places, reactive_fits, "s2_is_p2_plus_q2")


def apply(knowledge: Knowledge) -> None:
    """Find the total and its phases, if any load has more than one."""
    votes = knowledge.votes
    sums = [
        (len(parts), count, parts, total)
        for (total, parts), count in knowledge.active_sums.items()
        if votes.is_certain(total, Kind.ACTIVE) and all(votes.is_certain(part, Kind.ACTIVE) for part in parts)
    ]
    if not sums:
        return
    _, _, parts, total = max(sums)
    for again in (False, True):
        finder = PhaseFinder(knowledge, (*parts, total))
        knowledge.phases = phases = finder.find()
        if again or phases.row(Kind.VOLTAGE) is not None or phases.row(Kind.APPARENT) is None:
            return
        for pool in knowledge.pools:  # more apparent powers are known by now
            find_products(pool, votes)
