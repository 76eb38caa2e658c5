"""The possible meanings of each code with their confidence, before phases have numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from .roles import Role

SURE = 0.99
"""Least confidence of a meaning that is beyond doubt."""
LIKELY = 0.7
POSSIBLE = 0.4
GUESS = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """One possible meaning of a code."""

    role: Role
    confidence: float
    law: str
    unit: str | None = None
    """The unit if the law determines it; None if it follows from the unit of power."""


class Claims:
    """The claims of all codes."""

    def __init__(self) -> None:
        """Start without claims."""
        self._claims: dict[int, dict[Role, Claim]] = {}

    def add(self, code: int, role: Role, confidence: float, law: str, unit: str | None = None) -> None:
        """Add a claim; of two claims of the same role the one with more confidence is kept."""
        mine = self._claims.setdefault(code, {})
        if role not in mine or mine[role].confidence < confidence:
            mine[role] = Claim(role, confidence, law, unit)

    def withdraw(self, code: int) -> None:
        """Remove all claims of a code."""
        self._claims.pop(code, None)

    def best(self, code: int) -> Claim | None:
        """Return the claim with the highest confidence."""
        ranked = self.ranked(code)
        return ranked[0] if ranked else None

    def ranked(self, code: int) -> list[Claim]:
        """Return the claims of a code, the most confident first."""
        return sorted(self._claims.get(code, {}).values(), key=lambda claim: (-claim.confidence, claim.role))

    def is_sure(self, code: int, role: Role | None = None) -> bool:
        """Tell whether a code has exactly one meaning beyond doubt; with `role`, also whether it is that role."""
        sure = [claim for claim in self.ranked(code) if claim.confidence >= SURE]
        return len(sure) == 1 and role in {None, sure[0].role}

    def sure_role(self, code: int) -> Role | None:
        """Return the role of a code that has exactly one beyond doubt."""
        return self.role(code) if self.is_sure(code) else None

    def role(self, code: int) -> Role | None:
        """Return the role with the highest confidence."""
        best = self.best(code)
        return best.role if best else None

    def with_role(self, role: Role) -> list[int]:
        """Return the codes whose best claim is a role, in ascending order."""
        return [code for code in sorted(self._claims) if self.role(code) == role]

    def doubt(self, codes: Iterable[int]) -> None:
        """Lower the confidence of certain claims of codes that contradict each other."""
        for code in codes:
            for role, claim in self._claims.get(code, {}).items():
                if claim.confidence >= SURE:
                    self._claims[code][role] = Claim(claim.role, LIKELY, claim.law, claim.unit)
