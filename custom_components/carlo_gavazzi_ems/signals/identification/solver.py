"""Applies all laws and proofs in their order, and returns the findings."""

from .knowledge import Knowledge
from .labels import Labels
from .laws import LAWS
from .model import Candidate, Finding
from .proofs import PROOFS
from .proofs.ledger import Ledger
from .withheld import withhold

_PHASE_ORDER = "phase_order"


def solve(knowledge: Knowledge) -> dict[int, Finding]:
    """Return a finding for every unknown code, and for known codes whose phase was found."""
    for number, law in enumerate(LAWS):
        knowledge.report_progress(number / len(LAWS))
        law(knowledge)
    ledger = Ledger(knowledge)
    for proof in PROOFS:
        proof(ledger)
    withhold(knowledge)
    knowledge.report_progress(1.0)
    labels = Labels(knowledge)
    claims = knowledge.claims
    refined = [
        code
        for code in knowledge.phase_open
        if claims.is_sure(code) and (role := claims.role(code)) is not None and role.phases
    ]
    return {code: _finding(knowledge, labels, ledger, code) for code in (*knowledge.codes, *refined)}


def _finding(knowledge: Knowledge, labels: Labels, ledger: Ledger, code: int) -> Finding:
    """Return the finding of a code; its candidates are its claims, the likeliest first."""
    claims = knowledge.claims.ranked(code)
    total = sum(claim.confidence for claim in claims)
    candidates: list[Candidate] = []
    for claim in claims:
        text = labels.text(claim.role, claim.unit, percent=knowledge.scales.get(code) == 0.01)
        if text is not None and all(text != other.text for other in candidates):
            confidence = claim.confidence / max(1.0, total)
            candidates.append(Candidate(text=text, confidence=round(confidence, 3), law=claim.law))
    sure = knowledge.claims.is_sure(code) or code in ledger.phased
    certain = bool(candidates) and sure and ledger.is_proven(code)
    ordered = certain and bool(claims[0].role.phases) and not labels.fixed
    return Finding(
        code=code,
        candidates=tuple(candidates),
        certain=certain,
        assumption=_PHASE_ORDER if ordered else None,
    )
