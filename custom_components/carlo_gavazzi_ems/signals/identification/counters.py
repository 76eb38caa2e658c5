"""Counters that count the same: the total, the part since somebody reset it, the tariffs that make it up."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from .claims import GUESS, LIKELY, POSSIBLE, SURE, Claims
from .columns import Column, Load
from .integrals import Timeline
from .levels import is_above, nearness, net_counters, reads_same
from .registers import Registers
from .tariffs import name_tariffs, tariff_pairs

_LAW = "energy_is_integral_of_power"
_SMALL = 10.0
"""A whole number up to this that never changes is a state, no counter that stands still."""


class Family:
    """The counters that fit one role, sorted out over all loads."""

    def __init__(self, loads: Sequence[Load], codes: Collection[int], others: Collection[int], *, split: bool) -> None:
        """Sort out counters that fit the same role; others are known to be something else.

        With split, a single counter may be one of several tariffs of which the others stand still.
        """
        self._split = split
        self._codes = set(codes)
        self._others = set(others)
        self._loads = [load for load in loads if self._codes & load.codes]
        self.totals: set[int] = set()
        self.partials: set[int] = set()
        self.tariffs: set[int] = set()
        alone: set[int] = set()
        beaten: set[int] = set()
        for load in self._loads:
            self._sort(load, alone, beaten)
        self.totals = (self.totals | alone) - beaten - self.tariffs
        self.partials -= self.totals | self.tariffs

    def _sort(self, load: Load, alone: set[int], beaten: set[int]) -> None:
        """Compare the counters of one load."""
        mine = [load.columns[code] for code in sorted(self._codes & load.codes) if load.columns[code].moving]
        if not mine:
            return
        top = max(mine, key=lambda column: (sum(is_above(column, other) for other in mine), -column.code))
        tariffs = {code for pair in tariff_pairs(load, top, self._others) for code in pair}
        self.tariffs |= tariffs
        beaten |= tariffs
        rest = [column for column in mine if column.code not in tariffs and column is not top]
        if not rest and not tariffs:
            strangers = [column for column in load.columns.values() if column.code not in self._codes | self._others]
            doubled = any(_grows_alike(top, column) for column in strangers)
            still = self._split and any(self._may_stand_still(column) for column in strangers)
            if not doubled and not still:
                alone.add(top.code)
            return
        below = {column.code for column in rest if is_above(top, column)}
        beaten |= below
        if len(below) == len(rest):
            self.totals.add(top.code)
            self.partials |= below

    def may_be_net(self, code: int) -> bool:
        """Tell whether a part of the total is less by what some other code reads: while nothing is exported, so is the net."""
        return any(self._reads_the_rest(load, code, total) for load in self._loads for total in self.totals)

    def _reads_the_rest(self, load: Load, code: int, total: int) -> bool:
        """Tell whether a load has a code that stands still where the total is above a part of it."""
        if not {code, total} <= load.codes or not (load.columns[code].present and load.columns[total].present):
            return False
        part, whole = load.columns[code], load.columns[total]
        rest, near = whole.present[-1] - part.present[-1], nearness(whole)
        return rest > near and any(
            abs(column.highest - rest) <= near and abs(column.lowest - rest) <= near
            for other, column in load.columns.items()
            if other not in {code, total} and column.present
        )

    def _may_stand_still(self, column: Column) -> bool:
        """Tell whether a column could be a counter of the same kind that does not count at the moment."""
        if column.moving or column.code in self._others or not column.present:
            return False
        value = column.highest
        return value > _SMALL or (value > 0 and value != round(value))


def _grows_alike(one: Column, other: Column) -> bool:
    """Tell whether another column rises by about as much."""
    grown = one.highest - one.lowest
    return other.is_counter and abs(other.highest - other.lowest - grown) <= 0.1 * grown


_ROLES = ("energy_import", "energy_export", "reactive_energy_import", "reactive_energy_export", "apparent_energy")


def sort_out(
    timelines: Sequence[Timeline], registers: Registers, claims: Claims, reactive: Collection[int]
) -> Iterator[tuple[int, str, float, str]]:
    """Yield code, role, confidence and law of all counters; reactive are the codes of reactive powers."""
    loads = [timeline.load for timeline in timelines]
    fitting = {code: registers.roles(code) for code in sorted(registers.evidence)}
    fitting = {code: [role.removesuffix("?") for role in roles] for code, roles in fitting.items() if roles}
    doubted = {code for code in fitting if registers.roles(code)[0].endswith("?")}
    enough = {
        code for code, roles in fitting.items() if code not in doubted and registers.evidence[code][roles[0]].is_enough
    }
    _without_twins(fitting)
    _eliminate(fitting, enough)
    _active_or_apparent(loads, fitting, reactive)
    for code, roles in fitting.items():
        if len(roles) > 1 or roles[0] not in _ROLES or code in doubted:
            sure = len(roles) == 1 and code in enough
            yield from ((code, role, SURE if sure else LIKELY / len(roles), _LAW) for role in roles)
    named = {code for code in claims_codes(loads) if claims.role(code)}
    wholes: dict[str, int] = {}
    for role in _ROLES:
        codes = [code for code, roles in fitting.items() if roles == [role] and code not in doubted]
        if not codes:
            continue
        split = role == "energy_import" or (role == "energy_export" and not wholes)
        family = Family(loads, codes, named | (set(fitting) - set(codes)), split=split)
        if family.totals:
            wholes[role] = min(family.totals)
        for code in codes:
            if role == "energy_import" and _is_net_by_elimination(loads, family, code, codes):
                yield code, "energy_net", SURE if code in enough else LIKELY, "net_is_import_less_export"
            else:
                yield from _member(code, role, family, sure=code in enough, whole=family.totals <= enough)
        yield from name_tariffs(timelines, role, family.tariffs, claims)
    if {"energy_import", "energy_export"} <= wholes.keys():
        pair = wholes["energy_import"], wholes["energy_export"]
        taken = {code for code, roles in fitting.items() if "energy_net" not in roles and code in enough}
        for code in sorted(net_counters(loads, pair, taken)):
            yield code, "energy_net", SURE if enough >= set(pair) else LIKELY, "net_is_import_less_export"


def _is_net_by_elimination(loads: Sequence[Load], family: Family, code: int, codes: Collection[int]) -> bool:
    """Tell whether a counter can only be the net: it always reads the same as the import, but is no part or tariff.

    Only these could read the same as the total too, and they are known to be other codes.
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


def _member(code: int, role: str, family: Family, *, sure: bool, whole: bool) -> Iterator[tuple[int, str, float, str]]:
    """Yield what a counter is among those that fit the same role; `whole` if the total they are held against is sure."""
    if code in family.totals:
        yield code, role, SURE if sure and len(family.totals) == 1 else LIKELY, _LAW
    elif code in family.partials:
        if role == "energy_import" and family.may_be_net(code):
            yield code, "energy_net", LIKELY, "net_is_import_less_export"
            yield code, f"{role}_partial", POSSIBLE, "partial_is_total_less_constant"
            return
        part = SURE if sure and family.totals and whole else LIKELY
        yield code, f"{role}_partial", part, "partial_is_total_less_constant"
    elif code not in family.tariffs:
        other = "energy_net" if role == "energy_import" and family.totals else role
        yield code, other, POSSIBLE, _LAW
        yield code, f"{role}_partial", GUESS, _LAW


def claims_codes(loads: Sequence[Load]) -> set[int]:
    """Return all codes of some loads."""
    return {code for load in loads for code in load.columns}


def _without_twins(fitting: dict[int, list[str]]) -> None:
    """Leave out roles that read like import where nothing is exported, and phases' apparent energies, which no meter has."""
    for roles in fitting.values():
        for role in [role for role in roles if role.startswith(("energy_net", "apparent_energy@"))]:
            if role.replace("energy_net", "energy_import").replace("apparent_energy", "energy_import") in roles:
                roles.remove(role)


def _eliminate(fitting: dict[int, list[str]], enough: Collection[int]) -> None:
    """Leave out the phases that other counters surely have: a phase's energy has no tariffs, parts or twins."""
    while True:
        sure = {roles[0]: code for code, roles in fitting.items() if len(roles) == 1 and code in enough}
        dropped = False
        for code, roles in fitting.items():
            for role in [one for one in roles if "@" in one and sure.get(one, code) != code]:
                if len(roles) > 1:
                    roles.remove(role)
                    dropped = True
        if not dropped:
            return


def _active_or_apparent(loads: Sequence[Load], fitting: dict[int, list[str]], reactive: Collection[int]) -> None:
    """Decide between active and apparent energy where the power factor is too near to 1 for the growth to tell.

    No meter counts apparent energy without active energy, so what counts alone on a load is active. And apparent
    energy never is less than active energy, of which a part or the net is never more than the whole.
    """
    either = [code for code, roles in fitting.items() if set(roles) == {"energy_import", "apparent_energy"}]
    for code in either:
        if any(_counts_alone(load, code, fitting) for load in loads if code in load.columns):
            fitting[code][:] = ["energy_import"]
    active = {code for code, roles in fitting.items() if roles == ["energy_import"]}
    for code in either:
        if code in active:
            continue
        places = {
            _level_against(load, code, active - {code}, either, reactive) for load in loads if code in load.columns
        } - {0}
        if places == {1}:
            fitting[code][:] = ["apparent_energy"]
        elif 2 in places and 1 not in places:
            fitting[code][:] = ["energy_import"]


def _level_against(
    load: Load, code: int, active: Collection[int], rivals: Collection[int], reactive: Collection[int]
) -> int:
    """Return 1 if a counter stands above all active energy of its load, 2 if below and nothing else above, else 0.

    And 2 if it reads the same as one although reactive power flows: apparent energy has grown by more in all the time.
    """
    mine = load.columns[code]
    levels = [load.columns[one].highest for one in active if one in load.columns]
    if not levels:
        return 0
    step = 4 * max(mine.resolution, 1e-6)
    reacts = any(load.columns[one].moving for one in reactive if one in load.columns)
    if reacts and step < 1e-3 * mine.highest and any(abs(mine.highest - level) < 0.3 * step for level in levels):
        return 2
    if mine.highest > max(levels) + step:
        return 1
    above = any(
        load.columns[other].is_rising and load.columns[other].highest > max(levels) + step
        for other in rivals
        if other in load.columns and other != code
    )
    return 2 if mine.highest < max(levels) - step and not above else 0


def _counts_alone(load: Load, code: int, fitting: Mapping[int, Sequence[str]]) -> bool:
    """Tell whether a load has no other counter that may be its active energy."""
    return load.columns[code].moving and not any(
        other != code and column.is_rising and "energy_import" in fitting.get(other, ("energy_import",))
        for other, column in load.columns.items()
    )
