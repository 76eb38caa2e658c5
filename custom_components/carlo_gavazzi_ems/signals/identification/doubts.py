"""The codes in doubt, and the loads of which more history would help."""

from collections.abc import Collection, Iterable, Mapping

from .evidence.columns import load_key
from .model import Finding, Series

type LoadKey = tuple[int, int]
"""The owner of a series: (0, UID of the load), (1, UID of the device) or (2, UID of the signal itself)."""


def doubtful_codes(findings: Mapping[int, Finding]) -> list[int]:
    """Return the codes that are not certain, in ascending order."""
    return sorted(code for code, finding in findings.items() if not finding.certain)


def loads_to_see_more_of(series: Iterable[Series], codes: Collection[int]) -> dict[LoadKey, set[int]]:
    """Return the loads of which more history may identify some codes, with the codes of each.

    These are loads on which a code did not change, or hardly, so far: a machine that was idle on one day may run on
    another. For a code that changes on all of its loads, it is the load on which it changes least: more rows of the
    same range would not help, but another range may.
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
"""A code hardly changes on a load if its range is at most this share of its largest range on any load."""
