"""Import and export as two powers, from a second meter on the same connection, such as one with a DSMR P1 port.

Each is the positive or the negative part of an active power that another load of the gateway measures. One of the two
is always 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import NO_FIT, Fit, compare
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import MARGIN, match
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_ROWS = 300
_NONE = 0.02
"""A smaller power, as a share of the largest, counts as 0."""
_REST = 12
"""The fewest rows with power in the other direction."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One direction of an active power."""

    code: int
    role: Role
    sign: float


def apply(knowledge: Knowledge) -> None:
    """Claim import and export powers among the codes without a certain claim."""
    loads, claims = knowledge.loads, knowledge.claims
    parts = [
        _Part(code, role.of(name), sign)
        for code in sorted({code for load in loads for code in load.columns})
        if (role := knowledge.sure_role(code)) is not None and role.quantity == "active_power"
        for name, sign in (("power_import", 1.0), ("power_export", -1.0))
    ]
    open_ = [code for code in knowledge.codes if not claims.is_sure(code) and _may_be(loads, code)]
    if not open_ or not parts:
        return
    powers = {part.code for part in parts}
    apart = [load for load in loads if not powers & load.codes]
    seen = {(code, part.role): _fits(apart, loads, code, part) for code in open_ for part in parts}
    places = sorted({part.role for part in parts})
    found = match(open_, places, lambda code, role: [fit for fit, _ in seen[code, role]])
    for role, one in found.items():
        rest = sum(rest for _, rest in seen[one.code, role])
        if one.held:
            sure = one.margin >= MARGIN and rest >= _REST
            claims.add(one.code, role, SURE if sure else LIKELY, "part_of_a_power_with_sign")


def _may_be(loads: Sequence[Load], code: int) -> bool:
    """Tell whether a code is never negative and not a counter."""
    columns = [load.columns[code] for load in loads if code in load.columns and load.columns[code].moving]
    return bool(columns) and all(column.lowest >= 0 and not column.is_rising for column in columns)


def _fits(apart: Sequence[Load], loads: Sequence[Load], code: int, part: _Part) -> list[tuple[Fit, int]]:
    """Return how well a code fits a part of a power, and the number of rows with the other part, for each load.

    `apart` are the loads without an active power of their own. Of the loads that measure the power, the one that fits
    best counts: it has to be on the same connection.
    """
    found = []
    for load in apart:
        if code not in load.columns or not load.columns[code].moving:
            continue
        others = [other for other in loads if part.code in other.columns and other.columns[part.code].moving]
        fits = [_fit(load, load.columns[code], other, part) for other in others]
        found.append(min(fits, key=lambda item: item[0].spread, default=(NO_FIT, 0)))
    return found


def _fit(load: Load, column: Column, other: Load, part: _Part) -> tuple[Fit, int]:
    """Return how well a column fits a part of another load's power, and the number of rows with the other direction."""
    values = dict(zip(other.times, other.columns[part.code].values, strict=True))
    step = max(1, len(load.times) // _ROWS)
    rows = [
        (read, part.sign * values[time])
        for time, read in zip(load.times[::step], column.values[::step], strict=True)
        if time in values and is_number(values[time]) and is_number(read)
    ]
    if not rows:
        return NO_FIT, 0
    floor = tolerances.STEPS * max(column.resolution, other.columns[part.code].resolution)
    none = max(floor, _NONE * max(abs(power) for _, power in rows))
    against = [read for read, power in rows if power < -none]
    if sum(read > none for read in against) > 0.02 * len(rows):
        return NO_FIT, 0
    fit = compare([read for read, _ in rows], [power for _, power in rows], floor=floor, tolerance=tolerances.DIRECTION)
    return fit, len(against)
