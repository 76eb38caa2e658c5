"""Counters: the total, the part since a reset, the tariffs, the net; each from the integral of a power."""

from collections.abc import Collection, Iterator, Sequence
import re

from custom_components.carlo_gavazzi_ems.signals.identification.claims import GUESS, LIKELY, POSSIBLE, SURE, Claims
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.levels import net_counters, reads_same
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import Timeline
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .apparent_energy import decide_active_or_apparent
from .counter_groups import CounterGroup
from .registers import Registers
from .tariffs import name_tariffs

_LAW = "energy_is_integral_of_power"
_IMPORT, _EXPORT, _NET = Role("energy_import"), Role("energy_export"), Role("energy_net")
_WHOLES = (_IMPORT, _EXPORT, Role("reactive_energy_import"), Role("reactive_energy_export"), Role("apparent_energy"))
_POWER_ROLES = {
    Kind.ACTIVE: ("energy_import", "energy_export", "energy_net"),
    Kind.APPARENT: ("apparent_energy",),
    Kind.REACTIVE: ("reactive_energy_import", "reactive_energy_export"),
}
"""Kind of a power -> the quantities of its counters, in the order import, export, net."""


def _powers(knowledge: Knowledge) -> dict[int, tuple[Role, ...]]:
    """Return the roles of the counters of each power, by its code."""
    powers: dict[int, tuple[Role, ...]] = {}
    for code in {code for load in knowledge.loads for code in load.columns}:
        role = knowledge.role(code)
        for kind, quantities in _POWER_ROLES.items():
            if role is None or role.quantity != kind or (role.phases and kind is not Kind.ACTIVE):
                continue  # no meter counts reactive or apparent energy phase by phase
            doubted = not knowledge.is_trusted(code)
            if not doubted or kind is Kind.APPARENT:
                powers[code] = tuple(Role(quantity, role.phases, doubted) for quantity in quantities)
    return powers


def apply(knowledge: Knowledge) -> None:
    """Claim the roles of the counters."""
    claims, timelines = knowledge.claims, knowledge.timelines
    powers = _powers(knowledge)
    registers = Registers(timelines, powers)
    reactive = {code for code in powers if (role := knowledge.sure_role(code)) and role.quantity == Kind.REACTIVE}
    knowledge.factor = registers.factor
    sure_roles = {
        role for role, sources in registers.sources.items() if all(knowledge.is_trusted(source) for source in sources)
    }
    for code, role, confidence, law in sort_out(timelines, registers, claims, reactive):
        if role.quantity == "tariff":
            claims.add(code, role, confidence, law)
            continue
        trusted = role.of(re.sub(r"_(partial|t[1-4])$", "", role.quantity)) in sure_roles
        claims.add(code, role, confidence if trusted else min(confidence, POSSIBLE), law)


def sort_out(
    timelines: Sequence[Timeline], registers: Registers, claims: Claims, reactive: Collection[int]
) -> Iterator[tuple[int, Role, float, str]]:
    """Yield code, role, confidence and law of all counters; `reactive` are the codes of reactive powers."""
    loads = [timeline.load for timeline in timelines]
    fitting = {code: registers.roles(code) for code in sorted(registers.evidence)}
    fitting = {code: [role.trusted for role in roles] for code, roles in fitting.items() if roles}
    doubted = {code for code in fitting if registers.roles(code)[0].doubted}
    enough = {
        code for code, roles in fitting.items() if code not in doubted and registers.evidence[code][roles[0]].is_enough
    }
    _without_twins(fitting)
    _eliminate(fitting, enough)
    decide_active_or_apparent(loads, fitting, reactive)
    for code, roles in fitting.items():
        if len(roles) > 1 or roles[0] not in _WHOLES or code in doubted:
            sure = len(roles) == 1 and code in enough
            yield from ((code, role, SURE if sure else LIKELY / len(roles), _LAW) for role in roles)
    named = {code for code in claims_codes(loads) if claims.role(code)}
    wholes: dict[Role, int] = {}
    for role in _WHOLES:
        codes = [code for code, roles in fitting.items() if roles == [role] and code not in doubted]
        if not codes:
            continue
        split = role == _IMPORT or (role == _EXPORT and not wholes)
        family = CounterGroup(loads, codes, named | (set(fitting) - set(codes)), split=split)
        if family.totals:
            wholes[role] = min(family.totals)
        for code in codes:
            if role == _IMPORT and _is_net_by_elimination(loads, family, code, codes):
                yield code, _NET, SURE if code in enough else LIKELY, "net_is_import_less_export"
            else:
                yield from _member(code, role, family, sure=code in enough, whole=family.totals <= enough)
        yield from name_tariffs(timelines, role, family.tariffs, claims)
    if {_IMPORT, _EXPORT} <= wholes.keys():
        pair = wholes[_IMPORT], wholes[_EXPORT]
        taken = {code for code, roles in fitting.items() if _NET not in roles and code in enough}
        for code in sorted(net_counters(loads, pair, taken)):
            yield code, _NET, SURE if enough >= set(pair) else LIKELY, "net_is_import_less_export"


def _is_net_by_elimination(loads: Sequence[Load], family: CounterGroup, code: int, codes: Collection[int]) -> bool:
    """Tell whether a counter can only be the net: it always reads the same as the import, but is no part or tariff.

    Only these could also read the same as the total, and they are known to be other codes.
    """
    others = set(codes) - family.totals - family.partials - family.tariffs
    if len(family.totals) != 1 or not family.partials or not family.tariffs or others != {code}:
        return False
    (total,) = family.totals
    pairs = (
        [
            (load.columns[code], load.columns[total])
            for load in loads
            if code in load.columns and load.columns[code].moving
        ]
        if all(total in load.columns for load in loads if code in load.columns)
        else []
    )
    return bool(pairs) and all(reads_same(one, other) for one, other in pairs)


def _member(
    code: int, role: Role, family: CounterGroup, *, sure: bool, whole: bool
) -> Iterator[tuple[int, Role, float, str]]:
    """Yield the role of a counter among those that fit the same role; `whole` tells whether their total is certain."""
    if code in family.totals:
        yield code, role, SURE if sure and len(family.totals) == 1 else LIKELY, _LAW
    elif code in family.partials:
        if role == _IMPORT and family.may_be_net(code):
            yield code, _NET, LIKELY, "net_is_import_less_export"
            yield code, role.derived("partial"), POSSIBLE, "partial_is_total_less_constant"
            return
        part = SURE if sure and family.totals and whole else LIKELY
        yield code, role.derived("partial"), part, "partial_is_total_less_constant"
    elif code not in family.tariffs:
        other = _NET if role == _IMPORT and family.totals else role
        yield code, other, POSSIBLE, _LAW
        yield code, role.derived("partial"), GUESS, _LAW


def claims_codes(loads: Sequence[Load]) -> set[int]:
    """Return all codes of some loads."""
    return {code for load in loads for code in load.columns}


def _without_twins(fitting: dict[int, list[Role]]) -> None:
    """Remove roles that look like import if nothing is exported, and apparent energy of a phase, which no meter has."""
    for roles in fitting.values():
        for role in list(roles):
            twin = role.quantity == "energy_net" or (role.quantity == "apparent_energy" and role.phases)
            if twin and role.of("energy_import") in roles:
                roles.remove(role)


def _eliminate(fitting: dict[int, list[Role]], enough: Collection[int]) -> None:
    """Remove the phases that certainly belong to other counters: the energy of a phase has one counter only."""
    while True:
        sure = {roles[0]: code for code, roles in fitting.items() if len(roles) == 1 and code in enough}
        dropped = False
        for code, roles in fitting.items():
            for role in [one for one in roles if one.phases and sure.get(one, code) != code]:
                if len(roles) > 1:
                    roles.remove(role)
                    dropped = True
        if not dropped:
            return
