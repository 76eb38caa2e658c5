"""The votes of all laws for the kind of each code."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum

DECISIVE = 1.0
"""Strength of a vote that has no other explanation."""
WEAK = 0.4
"""Strength of a vote that has other explanations; no number of these makes a kind certain."""
_DOUBT = 0.25
"""The share of the decisive votes for a kind that those for other kinds may reach."""


class Kind(StrEnum):
    """The kind of a measured value, before its phase is known."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    ACTIVE = "active_power"
    APPARENT = "apparent_power"
    REACTIVE = "reactive_power"
    FACTOR = "power_factor"


class Votes:
    """The votes for the kinds of codes, and the decisions that follow from them."""

    def __init__(self, known: Mapping[int, Kind]) -> None:
        """Start with the codes whose kind is known."""
        self._known = known
        self._scales: dict[float, float] = defaultdict(float)
        self._votes: dict[int, dict[Kind, list[tuple[float, str]]]] = defaultdict(lambda: defaultdict(list))

    def vote(self, codes: int | Iterable[int], kind: Kind, strength: float, law: str) -> None:
        """Add a vote for a kind."""
        for code in (codes,) if isinstance(codes, int) else codes:
            self._votes[code][kind].append((strength, law))

    def weight(self, code: int, kind: Kind) -> tuple[float, float]:
        """Return the sum of the decisive votes for a kind in all pools, and the sum of the others."""
        if code in self._known:
            return (10.0 if self._known[code] is kind else 0.0), 0.0
        strengths = [strength for strength, _ in self._votes[code][kind]] if code in self._votes else []
        decisive = sum(strength for strength in strengths if strength >= DECISIVE)
        return decisive, sum(strengths) - decisive

    def ranking(self, code: int) -> list[tuple[tuple[float, float], Kind]]:
        """Return the kinds with any vote, the strongest first."""
        ranked = [(weight, kind) for kind in Kind if max(weight := self.weight(code, kind)) > 0]
        return sorted(ranked, key=lambda item: item[0], reverse=True)

    def likely(self, code: int) -> Kind | None:
        """Return the kind with the most votes, None if there are none."""
        ranking = self.ranking(code)
        return ranking[0][1] if ranking else None

    def decided(self, code: int) -> bool:
        """Tell whether a code is of some kind beyond doubt."""
        return any(self.is_certain(code, kind) for kind in Kind)

    def is_certain(self, code: int, kind: Kind) -> bool:
        """Tell whether a code is of a kind beyond doubt: with decisive votes for it, and hardly any for other kinds.

        A vote that is not decisive means that one of several codes is of a kind, so it contradicts nothing.
        """
        decisive = self.weight(code, kind)[0]
        others = sum(weight[0] for weight, other in self.ranking(code) if other is not kind)
        return decisive >= DECISIVE and others <= _DOUBT * decisive

    def vote_scale(self, scale: float, strength: float) -> None:
        """Add a vote for the scale of powers: 1 for VA, 0.001 for kVA."""
        self._scales[scale] += strength

    def scale(self) -> float | None:
        """Return the scale of powers; None unless at least 80 % of the votes agree."""
        if not self._scales:
            return None
        best = max(self._scales, key=lambda scale: (self._scales[scale], scale))
        return best if self._scales[best] >= 0.8 * sum(self._scales.values()) else None

    def law(self, code: int, kind: Kind) -> str:
        """Return the law with the strongest vote for a kind."""
        votes = self._votes[code][kind] if code in self._votes else []
        return max(votes, default=(0.0, "known"), key=lambda vote: vote[0])[1]

    def of_kind(self, codes: Iterable[int], kind: Kind) -> list[int]:
        """Return the codes among `codes` that are most likely of a kind, in ascending order."""
        return sorted(code for code in codes if self.likely(code) is kind)
