"""The places of codes: the phases of each kind, and the total."""

from dataclasses import dataclass, field

from .evidence.matching import Match
from .votes import Kind

type Pair = tuple[int, ...]
"""The codes of two phase voltages; empty for the mean of all line voltages."""


@dataclass(slots=True)
class Phases:
    """The codes of each kind by phase, in the same order for all kinds; the total comes after the phases."""

    count: int
    places: dict[Kind, dict[int, Match]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The place of the total."""
        return self.count

    def code(self, kind: Kind, phase: int) -> int | None:
        """Return the code of a kind in a phase, None if it is not known."""
        found = self.places.get(kind, {}).get(phase)
        return found.code if found else None

    def row(self, kind: Kind) -> tuple[int, ...] | None:
        """Return the codes of a kind by phase, None unless all phases have one."""
        codes = tuple(code for phase in range(self.count) if (code := self.code(kind, phase)) is not None)
        return codes if len(codes) == self.count else None

    @property
    def taken(self) -> set[int]:
        """The codes that have a place."""
        return {found.code for places in self.places.values() for found in places.values()}


@dataclass(slots=True)
class VoltageFamily:
    """The voltages of one gateway, by their codes."""

    phases: tuple[int, ...]
    """Two or three, in ascending order."""
    mean: int | None = None
    lines: dict[Pair, int] = field(default_factory=dict)
    """Line voltages by the two phase voltages that they belong to."""
    sure: set[int] = field(default_factory=set)
    """The codes whose role among the voltages is beyond doubt."""
