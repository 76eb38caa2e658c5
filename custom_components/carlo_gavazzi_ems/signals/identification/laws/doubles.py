"""No load has the same quantity twice: if two codes are certain of it, neither is."""

from collections import defaultdict

from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role


def apply(knowledge: Knowledge) -> None:
    """Remove certainty from codes of one load with the same role."""
    claims = knowledge.claims
    for load in knowledge.loads:
        by_role: dict[Role, list[int]] = defaultdict(list)
        for code in load.columns:
            if code not in knowledge.known and claims.is_sure(code) and (role := claims.role(code)):
                by_role[role].append(code)
        for codes in by_role.values():
            if len(codes) > 1:
                claims.doubt(codes)
