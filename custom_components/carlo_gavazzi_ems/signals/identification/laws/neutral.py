"""The neutral conductor carries the sum of the phase currents, as phasors."""

from collections.abc import Sequence
from math import atan2, cos, pi, sin, sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit, summary
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.places import Phases
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind


def _angle(active: float, reactive: float) -> float:
    """Return the angle by which a current lags its voltage, in radians."""
    return atan2(reactive, active) if active or reactive else 0.0


def neutral_rows(pool: Pool, phases: Phases, *, turned: bool) -> list[float]:
    """Return the neutral current from phase currents and powers; `turned` reverses the phase sequence."""
    step = pi if phases.count == 2 else (-2 if turned else 2) * pi / 3
    real, imaginary = [0.0] * pool.ends[-1], [0.0] * pool.ends[-1]
    currents, actives = phases.row(Kind.CURRENT) or (), phases.row(Kind.ACTIVE) or ()
    lagging = phases.row(Kind.REACTIVE)
    for phase, (current_code, active_code) in enumerate(zip(currents, actives, strict=True)):
        current = pool.sizes(current_code)
        active = pool.rows[active_code]
        reactive = pool.rows[lagging[phase]] if lagging else [0.0] * len(current)
        for row, (i, p, q) in enumerate(zip(current, active, reactive, strict=True)):
            angle = phase * step - _angle(p, q)
            real[row] += i * cos(angle)
            imaginary[row] += i * sin(angle)
    return [sqrt(x * x + y * y) for x, y in zip(real, imaginary, strict=True)]


def _fit(pool: Pool, code: int, said: Sequence[float], floor: float) -> Fit:
    """Return how well a code equals a computed neutral current, in rows where that is large enough."""
    rows = zip(pool.rows[code], said, strict=True)
    return summary(
        [(read - law) / law for read, law in rows if law > max(floor, tolerances.STEPS * pool.resolution[code])],
        tolerances.PHASORS,
    )


def apply(knowledge: Knowledge) -> None:
    """Claim the neutral current, unless it fits one of the phase currents as well."""
    phases, claims = knowledge.phases, knowledge.claims
    if phases is None:
        return
    currents, actives = phases.row(Kind.CURRENT), phases.row(Kind.ACTIVE)
    if currents is None or actives is None:
        return
    needed = [*currents, *actives, *(phases.row(Kind.REACTIVE) or ())]
    fits: dict[int, list[Fit]] = {}
    doubtful: set[int] = set()
    for pool in knowledge.pools:
        if not set(needed) <= set(pool.measured):
            continue
        open_ = [code for code in pool.varying if not claims.is_sure(code)]
        most = max(abs(value) for code in currents for value in pool.rows[code] if is_number(value))
        ways = [neutral_rows(pool, phases, turned=turned) for turned in (False, True)]
        for code in open_:
            best = min((_fit(pool, code, said, 0.01 * most) for said in ways), key=lambda fit: fit.spread)
            if best.holds():
                fits.setdefault(code, []).append(best)
                plain = [_fit(pool, code, pool.rows[current], 0.01 * most) for current in currents]
                if not all(best.beats(fit) for fit in plain):
                    doubtful.add(code)
    clear = {code for code in fits if code not in doubtful}
    sure = len(clear) == 1 and all(knowledge.sure_role(code) is not None for code in needed)
    for code in fits:
        claims.add(
            code, Role("current_neutral"), SURE if sure and code in clear else LIKELY, "neutral_is_sum_of_phasors"
        )
