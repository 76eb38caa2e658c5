"""Run hours: a counter of time that stands still while there is no power."""

from collections.abc import Sequence

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, POSSIBLE, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

HOURLY = {"h": 1.0, "min": 60.0, "s": 3600.0, "d": 1 / 24}
"""How much a counter of time grows in an hour, in each unit."""

_LAW = "hours_while_power_flows"


def run_hours(load: Load, code: int, power: int, unit: str) -> tuple[int, int, int]:
    """Count the time spans in which a counter ran, in which it stood still, and in which the power contradicts that."""
    column, watts, per_hour = load.columns[code], load.columns[power], HOURLY[unit]
    step = max(column.resolution, 1e-6)
    busy = max(abs(watts.quantile(0.01)), abs(watts.quantile(0.99)))
    length = max(1, round(4 * step / per_hour * 3600 / load.period), len(load.times) // 96)
    ran = stood = erred = 0
    for first in range(0, len(load.times) - length, length):
        last = first + length
        hours = (load.times[last] - load.times[first]) / 3600
        start, end = column.values[first], column.values[last]
        if hours > 1.5 * length * load.period / 3600 or not end >= start:
            continue
        share, rough = (end - start) / (per_hour * hours), 1.5 * step / (per_hour * hours) + 0.02
        sizes = [abs(value) for value in watts.values[first : last + 1]]
        if share > 1 + rough:
            erred += 2
        elif share >= 1 - rough:
            ran += 1
            erred += max(sizes) == 0
        elif share <= rough:
            stood += 1
            erred += min(sizes) > 0.2 * busy
    return ran, stood, erred


def apply(knowledge: Knowledge) -> None:
    """Claim run hours among the codes without a certain claim that are no frequency."""
    claims = knowledge.claims
    found: dict[int, tuple[str, bool]] = {}
    for code in knowledge.codes:
        role = claims.role(code)
        if claims.is_sure(code) or (role is not None and role.quantity == "frequency"):
            continue
        if (hours := _hours(knowledge, code)) is not None:
            found[code] = hours
    for code, (unit, stood) in found.items():
        lower = any(_reads_less(knowledge.loads, code, other) for other in found if other != code)
        role = Role("run_hours_partial" if lower else "run_hours")
        claims.add(code, role, SURE if stood else POSSIBLE, _LAW, unit)
        if not stood:
            claims.add(code, Role("lifetime_hours"), GUESS, _LAW, unit)


def _reads_less(loads: Sequence[Load], code: int, other: int) -> bool:
    """Tell whether a counter reads less than another on every load that has both, and on some at all."""
    pairs = [(load.columns[code], load.columns[other]) for load in loads if {code, other} <= load.codes]
    counted = [pair for pair in pairs if all(column.present and column.highest > 0 for column in pair)]
    return bool(counted) and all(mine.highest < theirs.lowest for mine, theirs in counted)


def _hours(knowledge: Knowledge, code: int) -> tuple[str, bool] | None:
    """Return the unit of a counter of time, and whether it stood still while a load was idle; None for other codes."""
    loads = knowledge.loads
    powers = sorted({*knowledge.with_role(Role("active_power")), *knowledge.with_role(Role("apparent_power"))})
    for unit in HOURLY:
        ran = stood = erred = moved = 0
        for load in loads:
            if code not in load.columns or not load.columns[code].moving:
                continue
            if not load.columns[code].is_rising:
                return None
            power = next((one for one in powers if one in load.columns and load.columns[one].moving), None)
            if power is None:
                continue
            counts = run_hours(load, code, power, unit)
            ran, stood, erred = ran + counts[0], stood + counts[1], erred + counts[2]
            moved += 1
        if moved and ran >= 6 and erred <= 0.03 * (ran + stood):
            return unit, stood >= 4
    return None
