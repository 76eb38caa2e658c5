"""What is proven so far."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.exactness import Readings
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import POWER_SCALES, Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

type Place = tuple[int, ...]
"""The phase of a block of codes that belong together; empty for the total, or the one phase of a load."""


class Ledger:
    """The claims that are being proven, load by load, and what was proven of them."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Begin with what a person has named."""
        self.knowledge = knowledge
        self.kinds: set[int] = {code for code in knowledge.known if knowledge.role(code) is not None}
        """Codes whose kind is proven."""
        self.proven: set[int] = set(knowledge.known) - set(knowledge.phase_open)
        """Codes whose claim is proven."""
        self.refuted: set[int] = set()
        """Codes whose claim fails somewhere: nothing makes them certain."""
        self.phased: set[int] = set()
        """Codes that are proven to be of the phase that is claimed."""
        self.found: dict[tuple[tuple[int, int], Place], set[str]] = {}
        """The relations that hold in each block of each load."""
        self.broken: set[tuple[str, tuple[int, ...]]] = set()
        """Relations between codes that fail on some load."""
        self.phase_count = knowledge.phases.count if knowledge.phases else 0
        """How many phases there are where there are several."""
        self.whole_by_parts: set[tuple[tuple[int, int], int]] = set()
        """Totals that are the sum of their parts, with their load."""
        self.summed: set[int] = set()
        """Totals that are the sum of their parts, on some load."""
        self.netted: set[int] = set()
        """Imports that are the net and what was exported."""
        self.scaled = any(text.partition("/")[2] in POWER_SCALES for text in knowledge.known.values())
        """Powers are tied to volts and amperes, or a person has named one: their unit is known."""

    @cached_property
    def readings(self) -> list[Readings]:
        """The loads."""
        return [Readings(load) for load in self.knowledge.loads]

    def role(self, code: int) -> Role | None:
        """Return what a code is claimed to be."""
        return self.knowledge.role(code)

    def with_role(self, load: Load, role: Role) -> int | None:
        """Return the code of a load that is claimed to have a role; None if there is none or several."""
        codes = [code for code in load.columns if self.role(code) == role]
        return codes[0] if len(codes) == 1 else None

    def blocks(self, load: Load) -> Iterator[tuple[Place, dict[Kind, int]]]:
        """Yield the codes of a load that are claimed to belong together, phase by phase, then those of the total."""
        blocks: dict[Place, dict[Kind, int]] = {}
        for code in sorted(load.columns, key=self._confidence):  # where several claim the same, the surest comes last
            role = self.role(code)
            if role is not None and role.quantity in set(Kind) and len(role.phases) < 2:
                blocks.setdefault(role.phases, {})[Kind(role.quantity)] = code
        yield from sorted(blocks.items(), key=lambda item: (not item[0], item[0]))

    def _confidence(self, code: int) -> float:
        """Return how confident the best claim of a code is."""
        claim = self.knowledge.claims.best(code)
        return claim.confidence if claim is not None else 1.0

    def rivals(self, load: Load, codes: Iterable[int] = ()) -> list[int]:
        """Return the codes of a load that go up and down, without some."""
        known = set(codes)
        return [
            code
            for code, column in load.columns.items()
            if column.moving and not column.is_rising and not column.is_flag and code not in known
        ]

    def prove(self, *codes: int) -> None:
        """Take claims as proven."""
        self.proven.update(codes)

    def system(self, load: Load) -> str:
        """Return how the device of a load is connected, as the gateway writes it; empty if it does not say."""
        return self.knowledge.systems.get(load.key, "")

    def is_proven(self, code: int) -> bool:
        """Tell whether a claim is proven and fails nowhere."""
        return code in self.proven and code not in self.refuted
