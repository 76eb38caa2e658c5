"""The results of the proofs so far."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Exactness, Readings
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import POWER_SCALES, Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

type Place = tuple[int, ...]
"""The phase of a block of codes; empty for the total, or the only phase of a load."""


class Ledger:
    """The claims, and what was proven of them on each load."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Start with the known codes, which a person has named."""
        self.knowledge = knowledge
        self.kinds: set[int] = {code for code in knowledge.known if knowledge.role(code) is not None}
        """Codes whose kind is proven."""
        self.proven: set[int] = set(knowledge.known) - set(knowledge.phase_open)
        """Codes whose claim is proven."""
        self.phased: set[int] = set()
        """Codes whose claimed phase is proven."""
        self.found: dict[tuple[tuple[int, int], Place], set[str]] = {}
        """The relations that hold in each block of each load."""
        self.held: dict[tuple[tuple[int, int], str, tuple[int, ...]], Exactness] = {}
        """How well each relation holds between codes of a load."""
        self.broken: set[tuple[str, tuple[int, ...]]] = set()
        """Relations that fail between these codes on some load."""
        self.averaged: tuple[int, ...] = ()
        """The three phase voltages of which the mean is proven."""
        self.phase_count = knowledge.phases.count if knowledge.phases else 0
        """The number of phases, 0 if there are not several."""
        self.whole_by_parts: set[tuple[tuple[int, int], int]] = set()
        """Totals that are the sum of their parts: (load, code)."""
        self.summed: set[int] = set()
        """Totals that are the sum of their parts on some load."""
        self.tariff_spans: list[tuple[float, float, int]] = []
        """Times with one tariff, the same on all loads: start and end in seconds since 1970, and which of two it was."""
        self.netted: set[int] = set()
        """Imports that are the net plus the export."""
        self.scaled = any(text.partition("/")[2] in POWER_SCALES for text in knowledge.known.values())
        """Whether the unit of powers is known, from volts and amperes or from a known code."""

    @cached_property
    def readings(self) -> list[Readings]:
        """The readings of all loads."""
        return [Readings(load) for load in self.knowledge.loads]

    def role(self, code: int) -> Role | None:
        """Return the known or claimed role of a code."""
        return self.knowledge.role(code)

    def with_role(self, load: Load, role: Role) -> int | None:
        """Return the code of a load with a role; None if there is none or several."""
        codes = [code for code in load.columns if self.role(code) == role]
        return codes[0] if len(codes) == 1 else None

    def blocks(self, load: Load) -> Iterator[tuple[Place, dict[Kind, int]]]:
        """Yield the codes of a load that belong together by their claims: each phase, then the total."""
        blocks: dict[Place, dict[Kind, int]] = {}
        for code in sorted(load.columns, key=self._confidence):  # of several with one role, the surest is kept
            role = self.role(code)
            if role is not None and role.quantity in set(Kind) and len(role.phases) < 2:
                blocks.setdefault(role.phases, {})[Kind(role.quantity)] = code
        yield from sorted(blocks.items(), key=lambda item: (not item[0], item[0]))

    def _confidence(self, code: int) -> float:
        """Return the confidence of the best claim of a code, 1 for a known code."""
        claim = self.knowledge.claims.best(code)
        return claim.confidence if claim is not None else 1.0

    def rivals(self, load: Load, codes: Iterable[int] = ()) -> list[int]:
        """Return the codes of a load that rise and fall, except `codes`."""
        known = set(codes)
        return [
            code
            for code, column in load.columns.items()
            if column.moving and not column.is_rising and not column.is_flag and code not in known
        ]

    def prove(self, *codes: int) -> None:
        """Record claims as proven."""
        self.proven.update(codes)

    def system(self, load: Load) -> str:
        """Return how the device of a load is connected, as the gateway writes it; empty if not known."""
        return self.knowledge.systems.get(load.key, "")

    def is_proven(self, code: int) -> bool:
        """Tell whether a claim is proven."""
        return code in self.proven
