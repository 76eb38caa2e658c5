"""Whether a counter counts all there is, or a part: what adds up to it, and what runs beside it."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Column, Load, is_number
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.levels import reads_same
from custom_components.carlo_gavazzi_ems.signals.identification.laws.run_hours import HOURLY
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger

_FAR = 0.02
_SEVERAL = 3
_WIDER = 2
_TICKS = 300.0
"""Run hours go by the clock; over so many steps a power of one kilowatt would have to be steady to 0.5 %."""
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
    """Tell whether a counter is at all times the sum of others, with their signs, to a step of each."""
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
    """Tell whether a counter always reads less than another by the same amount, and by more than their steps."""
    step = 1.01 * (total.resolution + part.resolution) + 1e-6
    leap = max((after - before for before, after in pairwise(total.present)), default=0.0)
    apart = [a - b for a, b in zip(total.values, part.values, strict=True) if is_number(a) and is_number(b)]
    if len(apart) < 10:
        return False
    middle = sorted(apart)[len(apart) // 2]
    return middle > 4 * step and max(abs(one - middle) for one in apart) <= step + leap


def prove_scopes(ledger: Ledger, counted: Collection[int], signed: Collection[int]) -> None:
    """Prove totals and their parts on every load, of counters that count what they are claimed to.

    Of those in `signed` it was seen that they do not count the net.
    """
    counted = {*counted, *(code for code in ledger.knowledge.codes if _counts_time(ledger, code))}
    for load in ledger.knowledge.loads:
        for quantity in _WHOLES:
            total = ledger.with_role(load, Role(quantity))
            if total is not None and load.columns[total].moving and total in counted:
                _prove_total(ledger, load, total, quantity)
        _prove_net(ledger, load, counted)
    _doubt_net(ledger, counted, signed)
    for load in ledger.knowledge.loads:
        for quantity in _WHOLES:
            _prove_partial(ledger, load, quantity, signed)


def _counts_time(ledger: Ledger, code: int) -> bool:
    """Tell whether a counter that is claimed to be run hours goes by the clock so long that no energy would."""
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
    """Return over how many of its steps on end a counter goes by the clock."""
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
    """Return the codes that may make up a total: two tariffs, or the phases."""
    tariffs = [code for code in load.columns if _claims(ledger, code, f"{quantity}_t")]
    phases = [
        code for code in load.columns if (role := ledger.role(code)) and role.quantity == quantity and role.phases
    ]
    return [parts for parts in (tariffs, phases) if len(parts) >= 2]


def _claims(ledger: Ledger, code: int, start: str) -> bool:
    """Tell whether the best claim of a code begins so."""
    role = ledger.role(code)
    return role is not None and role.quantity.startswith(start)


def _prove_total(ledger: Ledger, load: Load, code: int, quantity: str) -> None:
    """Prove a total by its tariffs, its phases, or a part that runs below it while no tariff could have run all the time."""
    columns = load.columns
    whole = columns[code]
    for parts in _parts(ledger, load, quantity):
        mine = [columns[part] for part in parts]
        if all(0 < part.highest < whole.lowest for part in mine) and adds_up(whole, [(part, 1) for part in mine]):
            ledger.prove(code)
            ledger.summed.add(code)
            ledger.whole_by_parts.add((load.key, code))
            if len(parts) == 2 and all(_claims(ledger, part, f"{quantity}_t") for part in parts):
                ledger.prove(*parts)  # whose numbers the indicator told, from the first that there is
    below = ledger.with_role(load, Role(f"{quantity}_partial"))
    if below is None or not columns[below].moving or not _runs_beside(whole, columns[below]):
        return
    if quantity not in _WITH_TARIFFS or load.spans_working_day:
        ledger.prove(code)


def _prove_net(ledger: Ledger, load: Load, counted: Collection[int]) -> None:
    """Prove import, export and net by each other: two of them make the third, after something was exported."""
    codes = [ledger.with_role(load, role) for role in (NET, IMPORT, EXPORT)]
    if None in codes:
        return
    net, bought, sold = (code for code in codes if code is not None)
    columns = load.columns
    steps = columns[net].resolution + columns[bought].resolution + columns[sold].resolution + 1e-6
    if columns[sold].lowest <= 10 * steps or not columns[bought].moving or bought not in counted:
        return
    if adds_up(columns[net], [(columns[bought], 1), (columns[sold], -1)]):
        ledger.prove(net, bought)
        ledger.netted.add(bought)
        if sold in counted:
            ledger.prove(sold)


def _doubt_net(ledger: Ledger, counted: Collection[int], signed: Collection[int]) -> None:
    """Take the proof from imports that may be the net: where nothing was ever exported, both read the same.

    Import is told from it where it was seen to go on while power was exported; or where net is import less export;
    or where there are two codes that read the same and are sums of tariffs, so that one is the import, and several
    loads have one of them alone: no meter publishes the net without the import.
    """
    for code in [one for one in ledger.proven - ledger.knowledge.known.keys() if ledger.role(one) == IMPORT]:
        if code in signed or code in ledger.netted:
            continue
        net = _narrower(ledger, code)
        if net is None:
            ledger.proven.discard(code)
        elif net in counted and _is_nothing_else(ledger, code, net):
            ledger.prove(net)


def _is_nothing_else(ledger: Ledger, code: int, net: int) -> bool:
    """Tell whether what reads the same as an import is neither its part, which is another code, nor the energy of the only phase."""
    for load in ledger.knowledge.loads:
        if {code, net} <= load.codes and load.spans_working_day:
            powers = {block[Kind.ACTIVE] for place, block in ledger.blocks(load) if place and Kind.ACTIVE in block}
            moving = sum(one in ledger.proven and load.columns[one].moving for one in powers)
            below = ledger.with_role(load, IMPORT.derived("partial"))
            if moving >= 2 and below is not None and _runs_beside(load.columns[code], load.columns[below]):
                return True
    return False


def _narrower(ledger: Ledger, code: int) -> int | None:
    """Return the code that reads the same as a sum of tariffs where both are; None unless several loads have that sum alone."""
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
    """Prove the part of a proven total that somebody reset, where it is neither a tariff nor the net."""
    whole, part = ledger.with_role(load, Role(quantity)), ledger.with_role(load, Role(f"{quantity}_partial"))
    if whole is None or part is None or whole not in ledger.proven or not load.columns[part].moving:
        return
    if not _runs_beside(load.columns[whole], load.columns[part]):
        return
    no_tariff = quantity not in _WITH_TARIFFS or (load.key, whole) in ledger.whole_by_parts or load.spans_working_day
    if no_tariff and (quantity != "energy_import" or part in signed or not _may_be_net(ledger, load, whole, part)):
        ledger.prove(part)


def _never_exports(ledger: Ledger, whole: int, part: int) -> bool:
    """Tell whether the net would have to have been far below the import on several loads, of which none exports all day.

    One such load may be the connection of a house in winter.
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
    """Tell whether a part of the import may be the net: unless the net is another code, or the export does not fit."""
    if any(ledger.role(code) == NET and code != part and ledger.is_proven(code) for code in ledger.knowledge.codes):
        return False
    sold = ledger.with_role(load, EXPORT)
    if sold is None or not ledger.is_proven(sold):
        return not _never_exports(ledger, whole, part)
    rest = load.columns[whole].highest - load.columns[part].highest
    near = 4 * (load.columns[whole].resolution + load.columns[part].resolution + load.columns[sold].resolution) + 1e-6
    return abs(load.columns[sold].highest - rest) <= near + 0.001 * rest
