"""Proves whether a counter counts all or a part, by counters that add up to it or rise in parallel."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.levels import reads_same
from custom_components.carlo_gavazzi_ems.signals.identification.laws.run_hours import HOURLY
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

_FAR = 0.02
_SEVERAL = 3
_WIDER = 2
_LEAST = 4.0
"""The least growth of a counter in steps that an error of time cannot explain."""
_TICKS = 300.0
"""Run hours rise with the clock. For energy to do so over this many steps, power would have to be 1 kW within 0.5 %."""
_WHOLES = (
    "energy_import",
    "energy_export",
    "reactive_energy_import",
    "reactive_energy_export",
    "apparent_energy",
    "run_hours",
)
_WITH_TARIFFS = ("energy_import", "energy_export", "reactive_energy_import")
IMPORT, EXPORT, NET = Role("energy_import"), Role("energy_export"), Role("energy_net")


def adds_up(total: Column, parts: Sequence[tuple[Column, int]]) -> bool:
    """Tell whether a counter always is the sum of others, with their signs, within one step of each."""
    step = 1.01 * (total.resolution + sum(part.resolution for part, _ in parts)) + 1e-6
    leap = max((after - before for before, after in pairwise(total.present)), default=0.0)
    rows: list[float] = [
        abs(whole - sum(sign * value for value, (_, sign) in zip(values, parts, strict=True)))
        for whole, *values in zip(total.values, *(part.values for part, _ in parts), strict=True)
        if is_number(whole) and all(map(is_number, values))
    ]
    if len(rows) < 10:
        return False
    near = sum(row <= step for row in rows)
    return bool(max(rows) <= step + leap and near >= 0.6 * len(rows))


def _runs_beside(total: Column, part: Column) -> bool:
    """Tell whether a counter always reads less than another by the same amount, which exceeds their steps."""
    step = 1.01 * (total.resolution + part.resolution) + 1e-6
    leap = max((after - before for before, after in pairwise(total.present)), default=0.0)
    apart = [a - b for a, b in zip(total.values, part.values, strict=True) if is_number(a) and is_number(b)]
    if len(apart) < 10:
        return False
    middle = sorted(apart)[len(apart) // 2]
    return middle > 4 * step and max(abs(one - middle) for one in apart) <= step + leap


def prove_scopes(ledger: Ledger, counted: Collection[int], signed: Collection[int]) -> None:
    """Prove totals and their parts on every load, among the codes in `counted`, whose counted power is proven.

    The codes in `signed` are proven not to count the net.
    """
    counted = {*counted, *(code for code in ledger.knowledge.codes if _counts_time(ledger, code))}
    for prove in (_prove_by_parts, _prove_by_partial):  # the first finds the times of tariffs for all loads
        for load in ledger.knowledge.loads:
            for quantity in _WHOLES:
                total = ledger.with_role(load, Role(quantity))
                if total is not None and load.columns[total].moving and total in counted:
                    prove(ledger, load, total, quantity)
    for load in ledger.knowledge.loads:
        _prove_net(ledger, load, counted)
    _doubt_net(ledger, counted, signed)
    for load in ledger.knowledge.loads:
        for quantity in _WHOLES:
            _prove_partial(ledger, load, quantity, signed)


def _counts_time(ledger: Ledger, code: int) -> bool:
    """Tell whether claimed run hours rise with the clock for so long that they cannot be energy."""
    claims = ledger.knowledge.claims
    role = claims.sure_role(code)
    claim = claims.best(code)
    if role is None or role.quantity != "run_hours" or claim is None or claim.unit is None:
        return False
    return any(
        _longest_by_the_clock(load, load.columns[code], HOURLY[claim.unit]) >= _TICKS
        for load in ledger.knowledge.loads
        if code in load.columns and load.columns[code].moving
    )


def _longest_by_the_clock(load: Load, column: Column, hourly: float) -> float:
    """Return the longest continuous rise of a counter with the clock, in its steps."""
    step = max(column.resolution, 1e-6)
    rows = [
        (when / 3600 * hourly, value) for when, value in zip(load.times, column.values, strict=True) if is_number(value)
    ]
    longest, first = 0.0, 0
    for row, (clock, value) in enumerate(rows):
        if abs((value - rows[first][1]) - (clock - rows[first][0])) > 1.5 * step:
            first = row
        longest = max(longest, (clock - rows[first][0]) / step)
    return longest


def _parts(ledger: Ledger, load: Load, quantity: str) -> list[list[int]]:
    """Return the codes that may add up to a total: tariffs, or phases."""
    tariffs = [code for code in load.columns if _claims(ledger, code, f"{quantity}_t")]
    phases = [
        code for code in load.columns if (role := ledger.role(code)) and role.quantity == quantity and role.phases
    ]
    return [parts for parts in (tariffs, phases) if len(parts) >= 2]


def _claims(ledger: Ledger, code: int, start: str) -> bool:
    """Tell whether the quantity of a code starts with a text."""
    role = ledger.role(code)
    return role is not None and role.quantity.startswith(start)


def _prove_by_parts(ledger: Ledger, load: Load, code: int, quantity: str) -> None:
    """Prove a total by its tariffs or its phases."""
    columns = load.columns
    whole = columns[code]
    for parts in _parts(ledger, load, quantity):
        mine = [columns[part] for part in parts]
        if all(0 < part.highest < whole.lowest for part in mine) and adds_up(whole, [(part, 1) for part in mine]):
            ledger.prove(code)
            ledger.summed.add(code)
            ledger.whole_by_parts.add((load.key, code))
            if len(parts) == 2 and all(_claims(ledger, part, f"{quantity}_t") for part in parts):
                ledger.prove(*parts)  # their numbers are certain only if a tariff indicator has determined them
                ledger.tariff_spans += _spans(load, mine)


def _spans(load: Load, tariffs: Sequence[Column]) -> list[tuple[float, float, int]]:
    """Return the times in which only one of two tariffs was active: between the second and the last but one of its rises."""
    rises = sorted(
        (time, place)
        for place, tariff in enumerate(tariffs)
        for time, before, after in zip(load.times[1:], tariff.values, tariff.values[1:], strict=False)
        if after > before
    )
    runs = [(place, [time for time, _ in run]) for place, run in groupby(rises, key=itemgetter(1))]
    return [(times[1], times[-2], place) for place, times in runs if len(times) > 3]


def _is_no_tariff(ledger: Ledger, load: Load, code: int) -> bool:
    """Tell whether a counter that follows a power cannot be one tariff, because both tariffs were active."""
    if load.spans_working_day:
        return True
    column = load.columns[code]
    grown = [0.0, 0.0]
    for start, end, place in ledger.tariff_spans:
        first, last = (bisect_right(load.times, when) - 1 for when in (start, end))
        growth = column.values[last] - column.values[first] if first >= 0 else 0.0
        grown[place] += growth if is_number(growth) else 0.0
    return min(grown) > max(_LEAST * column.resolution, _FAR * sum(grown))


def _prove_by_partial(ledger: Ledger, load: Load, code: int, quantity: str) -> None:
    """Prove a total by a partial counter that rises in parallel, if no single tariff was active all the time."""
    columns = load.columns
    below = ledger.with_role(load, Role(f"{quantity}_partial"))
    if below is None or not columns[below].moving or not _runs_beside(columns[code], columns[below]):
        return
    if quantity not in _WITH_TARIFFS or _is_no_tariff(ledger, load, code):
        ledger.prove(code)


def _prove_net(ledger: Ledger, load: Load, counted: Collection[int]) -> None:
    """Prove import, export and net by each other: two of them give the third, if something was exported."""
    codes = [ledger.with_role(load, role) for role in (NET, IMPORT, EXPORT)]
    if None in codes:
        return
    net, imported, exported = (code for code in codes if code is not None)
    columns = load.columns
    steps = columns[net].resolution + columns[imported].resolution + columns[exported].resolution + 1e-6
    if columns[exported].lowest <= 10 * steps or not columns[imported].moving or imported not in counted:
        return
    if adds_up(columns[net], [(columns[imported], 1), (columns[exported], -1)]):
        ledger.prove(net, imported)
        ledger.netted.add(imported)
        if exported in counted:
            ledger.prove(exported)


def _doubt_net(ledger: Ledger, counted: Collection[int], signed: Collection[int]) -> None:
    """Remove the proof of imports that may be the net: if nothing was ever exported, both read the same.

    An import keeps its proof if it did not fall while power was exported; or if the net is import minus export; or if
    two codes are the same sum of tariffs, so that one is the import, and several loads publish only one of them: no
    meter publishes the net without the import.
    """
    for code in [one for one in ledger.proven if ledger.role(one) == IMPORT]:
        if code in signed or code in ledger.netted:
            continue
        net = _narrower(ledger, code)
        if net is None:
            ledger.proven -= {code} - ledger.knowledge.known.keys()
        elif net in counted and _is_nothing_else(ledger, code, net):
            ledger.prove(net)


def _is_nothing_else(ledger: Ledger, code: int, net: int) -> bool:
    """Tell whether a code that equals an import is neither its part, which is another code, nor that of the only phase."""
    for load in ledger.knowledge.loads:
        if {code, net} <= load.codes and load.spans_working_day:
            powers = {block[Kind.ACTIVE] for place, block in ledger.blocks(load) if place and Kind.ACTIVE in block}
            moving = sum(one in ledger.proven and load.columns[one].moving for one in powers)
            below = ledger.with_role(load, IMPORT.derived("partial"))
            if moving >= 2 and below is not None and _runs_beside(load.columns[code], load.columns[below]):
                return True
    return False


def _narrower(ledger: Ledger, code: int) -> int | None:
    """Return the net that always equals an import, which is a sum of tariffs and alone on several loads; else None."""
    loads = [load for load in ledger.knowledge.loads if code in load.columns]
    for net in ledger.knowledge.codes:
        if ledger.role(net) != NET:
            continue
        pairs = [(load.columns[code], load.columns[net]) for load in loads if net in load.columns]
        alone = any(net in load.columns and code not in load.columns for load in ledger.knowledge.loads)
        if pairs and not alone and len(loads) - len(pairs) >= _WIDER and code in ledger.summed:
            return net if all(reads_same(*pair) for pair in pairs) else None
    return None


def _prove_partial(ledger: Ledger, load: Load, quantity: str, signed: Collection[int]) -> None:
    """Prove the part of a proven total since a reset, if it is neither a tariff nor the net."""
    whole, part = ledger.with_role(load, Role(quantity)), ledger.with_role(load, Role(f"{quantity}_partial"))
    if whole is None or part is None or whole not in ledger.proven or not load.columns[part].moving:
        return
    if not _runs_beside(load.columns[whole], load.columns[part]):
        return
    no_tariff = (
        quantity not in _WITH_TARIFFS
        or (load.key, whole) in ledger.whole_by_parts
        or _is_no_tariff(ledger, load, whole)
    )
    if no_tariff and (quantity != "energy_import" or part in signed or not _may_be_net(ledger, load, whole, part)):
        ledger.prove(part)


def _never_exports(ledger: Ledger, whole: int, part: int) -> bool:
    """Tell whether a net would be far below the import on several loads, none of which exports for a whole day.

    A single such load may be the grid connection of a house in winter.
    """
    telling = 0
    for load in ledger.knowledge.loads:
        power = ledger.with_role(load, Role("active_power"))
        if power is None or not {whole, part} <= load.codes or not load.columns[whole].present:
            continue
        rest = load.columns[whole].highest - load.columns[part].highest
        telling += (
            rest > _FAR * load.columns[whole].highest and load.columns[power].lowest >= 0 and load.spans_working_day
        )
    return telling >= _SEVERAL


def _may_be_net(ledger: Ledger, load: Load, whole: int, part: int) -> bool:
    """Tell whether a part of the import may be the net: no if the net is another code, or if the export does not fit."""
    if any(ledger.role(code) == NET and code != part and ledger.is_proven(code) for code in ledger.knowledge.codes):
        return False
    exported = ledger.with_role(load, EXPORT)
    if exported is None or not ledger.is_proven(exported):
        return not _never_exports(ledger, whole, part)
    rest = load.columns[whole].highest - load.columns[part].highest
    near = (
        4 * (load.columns[whole].resolution + load.columns[part].resolution + load.columns[exported].resolution) + 1e-6
    )
    return abs(load.columns[exported].highest - rest) <= near + 0.001 * rest
