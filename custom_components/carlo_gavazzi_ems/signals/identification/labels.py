"""Translates roles into meanings: phases get numbers, powers and counters get units."""

from collections import Counter
from collections.abc import Mapping
import re

from custom_components.carlo_gavazzi_ems.signals.catalogue import (  # in the parent package
    Source,
    UnknownMeaning,
    parse_meaning,
)

from .knowledge import Knowledge
from .places import Phases
from .roles import Role

_UNITS: tuple[tuple[str, str, Mapping[float, str]], ...] = (
    ("active_power", "power", {1.0: "W", 1e-3: "kW", 1e-6: "MW"}),
    ("power_import", "power", {1.0: "W", 1e-3: "kW", 1e-6: "MW"}),
    ("power_export", "power", {1.0: "W", 1e-3: "kW", 1e-6: "MW"}),
    ("apparent_power", "power", {1.0: "VA", 1e-3: "kVA"}),
    ("reactive_power", "power", {1.0: "var", 1e-3: "kvar"}),
    ("reactive_energy", "energy", {1.0: "varh", 1e-3: "kvarh"}),
    ("apparent_energy", "energy", {1.0: "VAh", 1e-3: "kVAh"}),
    ("energy", "energy", {1.0: "Wh", 1e-3: "kWh", 1e-6: "MWh"}),
)
_FIXED = {"voltage": "V", "line_voltage": "V", "current": "A", "frequency": "Hz"}
_PAIRS = {frozenset({1, 2}): "l1_l2", frozenset({2, 3}): "l2_l3", frozenset({1, 3}): "l3_l1"}
_RATIOS = ("voltage_thd", "current_thd", "line_voltage_thd")


class Labels:
    """Translates roles into stored meanings for one gateway."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Take the scales of powers and counters, and the numbers of the phases, from the results."""
        self._scale = knowledge.votes.scale()
        self._factor = knowledge.factor
        self.fixed = False
        """Whether a known code determines which phase is L1."""
        self.numbers = self._number(knowledge.phases, knowledge.known) if knowledge.phases else ()

    def _number(self, phases: Phases, known: Mapping[int, str]) -> tuple[int, ...]:
        """Return the number of each phase: from known codes, else so that most quantities have ascending codes."""
        for phase in range(phases.count):
            for kind in phases.places:
                code = phases.code(kind, phase)
                if code is None or not (found := re.search(r"_l([123])(/|$)", known.get(code, ""))):
                    continue
                self.fixed = True
                shift = int(found[1]) - 1 - phase
                return tuple((place + shift) % phases.count for place in range(phases.count))
        rows = [phases.row(kind) for kind in phases.places]
        votes = Counter(tuple(sorted(codes).index(code) for code in codes) for codes in rows if codes)
        return min(votes, key=lambda order: (-votes[order], order))

    def key(self, role: Role) -> str:
        """Return the quantity's key for a role."""
        numbers = [self.numbers[place] + 1 for place in role.phases]
        if len(numbers) == 2:
            return f"{role.quantity}_{_PAIRS[frozenset(numbers)]}"
        return "_".join((role.quantity, *(f"l{number}" for number in numbers)))

    def text(self, role: Role, unit: str | None, *, percent: bool = False) -> str | None:
        """Return the meaning of a role as it is stored; None if there is no such quantity, or no unit for it."""
        key = self.key(role)
        unit = unit or self._unit(role.quantity, percent=percent)
        text = f"{key}/{unit}" if unit else key
        try:
            parse_meaning(text, Source.CONFIRMED)
        except UnknownMeaning:
            return None
        return text

    def _unit(self, base: str, *, percent: bool) -> str | None:
        """Return the unit of a quantity on this gateway, None if it is not known."""
        if base.startswith("power_factor"):
            return "%" if percent else None
        if base.startswith(_RATIOS):
            return "%"
        for name, unit in _FIXED.items():
            if base.startswith(name):
                return unit
        for name, kind, units in _UNITS:
            if base.startswith(name):
                scale = self._scale or 0.0
                return units.get(_rounded(scale if kind == "power" else scale * self._factor))
        return None


def _rounded(scale: float) -> float:
    """Return the exact power of ten for a product with rounding errors, 0 if it is none of the usual ones."""
    return next((decade for decade in (1.0, 1e-3, 1e-6) if abs(scale / decade - 1) < 1e-6), 0.0)
