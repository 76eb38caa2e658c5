"""Turns the kinds and phases of codes into claims."""

from custom_components.carlo_gavazzi_ems.signals.identification.claims import LIKELY, POSSIBLE, SURE
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import is_sure
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind


def _claim_phases(knowledge: Knowledge) -> set[int]:
    """Claim the places in phases and totals, and return the codes that have one."""
    votes, claims, phases, volts = knowledge.votes, knowledge.claims, knowledge.phases, knowledge.volts
    placed: set[int] = set()
    for kind, places in phases.places.items() if phases else ():
        for phase, found in places.items():
            sure = is_sure(found) and votes.is_certain(found.code, kind)
            if kind is Kind.VOLTAGE:
                sure = sure and volts is not None and found.code in volts.sure
            sure = sure and found.code not in knowledge.twins
            role = Role(kind, () if phases and phase == phases.total else (phase,))
            claims.add(found.code, role, SURE if sure else LIKELY, votes.law(found.code, kind))
            placed.add(found.code)
            if kind is Kind.ACTIVE and found.code in knowledge.twins:
                twin = knowledge.twins[found.code]  # the two cannot be told apart
                claims.add(twin, role.of(Kind.APPARENT), LIKELY, "active_comes_first")
                placed.add(twin)
    return placed


def _is_single(knowledge: Knowledge, code: int, kind: Kind) -> bool:
    """Tell whether a code is the only one of its kind on its loads, which have one voltage at most."""
    pools = [pool for pool in knowledge.pools if code in pool.measured]
    return all(len(pool.voltages) <= 1 and knowledge.votes.of_kind(pool.measured, kind) == [code] for pool in pools)


def apply(knowledge: Knowledge) -> None:
    """Claim the roles that follow from kinds and phases."""
    votes, claims, volts = knowledge.votes, knowledge.claims, knowledge.volts
    placed = _claim_phases(knowledge)
    family = set() if volts is None else {volts.mean, *volts.lines.values()}
    for code in knowledge.codes:
        likely = votes.likely(code)
        if code in placed or likely is None or code in family:
            continue
        sure = votes.is_certain(code, likely) and _is_single(knowledge, code, likely)
        claims.add(code, Role(likely), SURE if sure else POSSIBLE, votes.law(code, likely))
