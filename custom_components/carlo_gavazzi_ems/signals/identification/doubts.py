"""Which codes are in doubt, and on which loads more history would help."""

from collections.abc import Collection, Iterable, Mapping

from .evidence.columns import load_key
from .model import Finding, Series

type LoadKey = tuple[int, int]
"""What a series belongs to: 0 and the load's UID, 1 and the device's, 2 and its own."""


def doubtful_codes(findings: Mapping[int, Finding]) -> list[int]:
    """Return the codes that are not certain, in ascending order."""
    return sorted(code for code, finding in findings.items() if not finding.certain)


def loads_to_see_more_of(series: Iterable[Series], codes: Collection[int]) -> dict[LoadKey, set[int]]:
    """Return the loads of which more history may tell what some codes measure, with the codes of each.

    A load helps where a code stood still, or hardly moved, in what was seen: what was idle on one day may run on another.
    Where a code moves on all of its loads, the loads on which it moves least are named too: more rows of a kind that
    did not decide will not decide, but other levels may.
    """
    wanted = set(codes)
    moves: dict[int, dict[LoadKey, float]] = {}
    for one in series:
        if one.code in wanted:
            span = max(one.values) - min(one.values) if one.values else 0.0
            moves.setdefault(one.code, {})[load_key(one)] = span
    found: dict[LoadKey, set[int]] = {}
    for code, spans in moves.items():
        most = max(spans.values())
        for load, span in spans.items():
            if span <= _HARDLY * most or span == min(spans.values()):
                found.setdefault(load, set()).add(code)
    return found


_HARDLY = 0.05
"""A code hardly moves on a load where it moves by so small a share of what it moves by elsewhere."""
