"""Finds out what a signal-identifier code measures, from the physics of its data."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from .identification.model import Candidate, Finding, Series
from .identification.solver import Solver

__all__ = ["Candidate", "Finding", "Series", "identify"]


def identify(
    series: Iterable[Series],
    known: Mapping[int, str] = MappingProxyType({}),
    *,
    progress: Callable[[float], None] | None = None,
) -> dict[int, Finding]:
    """Return a finding for every code that is not known; known codes (code to `voltage/V`) are evidence.

    It takes a second or more of CPU: call it in an executor. Progress is told from 0 to 1; an exception that it
    raises ends the work and comes out here.
    """
    return Solver(series, known, progress).solve()
