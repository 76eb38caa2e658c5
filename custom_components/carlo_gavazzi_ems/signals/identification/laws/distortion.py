"""Total harmonic distortion: only a proposal, because no law relates it to other quantities.

The distortion of a current falls as the current grows, because most sources of distortion are small and always on.
That of a voltage is a few per cent, changes slowly and does not depend on the meter's own current.
"""

from collections.abc import Sequence
from math import log, sqrt

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, POSSIBLE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import Fit
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import match
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

_ROWS = 240
_TELLING = 0.25
"""The share of explained variance from which a distortion is taken for that of a current."""
_HIGHEST_OF_VOLTAGE = 8.0
_SPREAD_OF_VOLTAGE = 6.0
_FALLS = "distortion_falls_with_current"
_LOOKS = "looks_like"


def apply(knowledge: Knowledge) -> None:
    """Propose distortions among the codes without a claim."""
    loads, phases, claims = knowledge.loads, knowledge.phases, knowledge.claims
    row = phases.row(Kind.CURRENT) if phases else None
    currents = row or tuple(knowledge.with_role(Role("current"))[:1])
    open_ = [code for code in knowledge.codes if claims.best(code) is None and _may_be(loads, code, currents)]
    if not currents or not open_:
        return
    shares = {code: [_explained(loads, code, current) for current in currents] for code in open_}
    falling = [
        code for code in open_ if max((share for shown in shares[code] for share, _ in shown), default=0.0) >= _TELLING
    ]
    placed = match(falling, range(len(currents)), lambda code, phase: [_as_fit(*one) for one in shares[code][phase]])
    for phase, found in placed.items():
        claims.add(found.code, _of_phase("current_thd", phase, row), POSSIBLE, _FALLS)
    free = [phase for phase in range(len(currents)) if phase not in placed]
    found_codes = {found.code for found in placed.values()}
    rest = [code for code in open_ if code not in found_codes and (code in falling or not _is_steady(loads, code))]
    for phase, code in zip(free, rest, strict=False):
        claims.add(code, _of_phase("current_thd", phase, row), POSSIBLE / 2, _LOOKS)
    steady = [code for code in open_ if code not in falling and _is_steady(loads, code)]
    for phase, code in enumerate(steady[: len(currents)]):
        claims.add(code, _of_phase("voltage_thd", phase, row), POSSIBLE, _LOOKS)
        claims.add(code, Role("temperature"), GUESS, _LOOKS, "°C")


def _of_phase(quantity: str, phase: int, row: Sequence[int] | None) -> Role:
    """Return the role of a quantity in a phase, or of the whole load if there are no phases."""
    return Role(quantity, (phase,) if row else ())


def _may_be(loads: Sequence[Load], code: int, currents: Sequence[int]) -> bool:
    """Tell whether a code may be a percentage, on loads that measure a current."""
    mine = [load for load in loads if code in load.columns and load.columns[code].moving]
    return bool(mine) and all(
        set(currents) & load.codes
        and load.columns[code].lowest >= 0
        and load.columns[code].highest <= 100
        and not load.columns[code].is_rising
        and not load.columns[code].is_flag
        for load in mine
    )


def _is_steady(loads: Sequence[Load], code: int) -> bool:
    """Tell whether a code stays at a few per cent, as the distortion of a voltage does."""
    columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
    low, high = min(column.quantile(0.02) for column in columns), max(column.highest for column in columns)
    return low > 0 and high <= _HIGHEST_OF_VOLTAGE and high <= _SPREAD_OF_VOLTAGE * low


def _explained(loads: Sequence[Load], code: int, current: int) -> list[tuple[float, int]]:
    """Return for each load the share of a code's variance that a falling power law of a current explains, with its rows."""
    shown = []
    for load in loads:
        if code not in load.columns or current not in load.columns or not load.columns[code].moving:
            continue
        step = max(1, len(load.times) // _ROWS)
        pairs = [
            (log(value + 0.05), log(abs(amperes) + 0.5))
            for value, amperes in zip(
                load.columns[code].values[::step], load.columns[current].values[::step], strict=True
            )
            if is_number(value) and is_number(amperes)
        ]
        if len(pairs) >= 20:
            shown.append((_falling_share(pairs), len(pairs)))
    return shown


def _falling_share(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the squared correlation of pairs if the correlation is negative, else 0."""
    mean_y, mean_x = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    both = sum((y - mean_y) * (x - mean_x) for y, x in pairs)
    spread = sqrt(sum((y - mean_y) ** 2 for y, _ in pairs) * sum((x - mean_x) ** 2 for _, x in pairs))
    return (both / spread) ** 2 if spread > 1e-9 and both < 0 else 0.0


def _as_fit(share: float, count: int) -> Fit:
    """Return a share of explained variance as a fit, for `match`."""
    return Fit(count, sqrt(max(0.0, 1 - share)), 0.0, share)
