"""What the laws say of each code, kept together until all have spoken."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

DECISIVE = 1.0
"""What a law gives that admits no other explanation."""
WEAK = 0.4
"""What a law gives that others may explain as well; of these, however many, none makes certain."""
_DOUBT = 0.25
"""The share of the winner's votes from which a second kind casts doubt."""


class Kind(StrEnum):
    """What dimension and role a measured value has, before its phase is known."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    ACTIVE = "active_power"
    APPARENT = "apparent_power"
    REACTIVE = "reactive_power"
    FACTOR = "power_factor"


class Votes:
    """The votes for what codes are, and what follows from them."""

    def __init__(self, known: Mapping[int, Kind]) -> None:
        """Begin with the codes whose kind is known for sure."""
        self._known = known
        self._scales: dict[float, float] = defaultdict(float)
        self._votes: dict[int, dict[Kind, list[tuple[float, str]]]] = defaultdict(lambda: defaultdict(list))

    def vote(self, codes: int | Iterable[int], kind: Kind, strength: float, law: str) -> None:
        """Take a vote for a kind."""
        for code in (codes,) if isinstance(codes, int) else codes:
            self._votes[code][kind].append((strength, law))

    def weight(self, code: int, kind: Kind) -> tuple[float, float]:
        """Return how much speaks for a kind in all pools together: the decisive votes, then the others."""
        if code in self._known:
            return (10.0 if self._known[code] is kind else 0.0), 0.0
        strengths = [strength for strength, _ in self._votes[code][kind]] if code in self._votes else []
        decisive = sum(strength for strength in strengths if strength >= DECISIVE)
        return decisive, sum(strengths) - decisive

    def ranking(self, code: int) -> list[tuple[tuple[float, float], Kind]]:
        """Return the kinds that anything speaks for, the strongest first."""
        ranked = [(weight, kind) for kind in Kind if max(weight := self.weight(code, kind)) > 0]
        return sorted(ranked, key=lambda item: item[0], reverse=True)

    def likely(self, code: int) -> Kind | None:
        """Return the kind that most speaks for."""
        ranking = self.ranking(code)
        return ranking[0][1] if ranking else None

    def decided(self, code: int) -> bool:
        """Tell whether a code is of some kind beyond doubt."""
        return any(self.is_certain(code, kind) for kind in Kind)

    def is_certain(self, code: int, kind: Kind) -> bool:
        """Tell whether a code is of a kind beyond doubt: a decisive law for it, and hardly one for another kind.

        What is not decisive says that one of several codes is of a kind, which contradicts nothing.
        """
        decisive = self.weight(code, kind)[0]
        others = sum(weight[0] for weight, other in self.ranking(code) if other is not kind)
        return decisive >= DECISIVE and others <= _DOUBT * decisive

    def vote_scale(self, scale: float, strength: float) -> None:
        """Take a vote for the scale of powers: 1 for VA, 0.001 for kVA."""
        self._scales[scale] += strength

    def scale(self) -> float | None:
        """Return the scale of powers; None if there is none that nearly all votes agree on."""
        if not self._scales:
            return None
        best = max(self._scales, key=lambda scale: (self._scales[scale], scale))
        return best if self._scales[best] >= 0.8 * sum(self._scales.values()) else None

    def law(self, code: int, kind: Kind) -> str:
        """Return the law that most speaks for a kind."""
        votes = self._votes[code][kind] if code in self._votes else []
        return max(votes, default=(0.0, "known"), key=lambda vote: vote[0])[1]

    def of_kind(self, codes: Iterable[int], kind: Kind) -> list[int]:
        """Return those of some codes that are most likely of a kind, in ascending order."""
        return sorted(code for code in codes if self.likely(code) is kind)
