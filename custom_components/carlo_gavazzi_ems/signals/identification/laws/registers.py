"""Which power a counter counts, and in which direction: the roles that fit on all loads together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.matching import MARGIN
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import (
    Direction,
    Growth,
    Timeline,
    compare,
    decade,
)
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role

_STEPS = 4.0
"""The least informative growth in steps."""
_CLOSE = 0.06
"""The largest difference from the integral, as a share of the growth, of a counter that may count the power."""
_TOLERATED_UNSIGNED = 0.34
"""Tolerated share of failing loads if powers have no sign: during export, the import counter stands still."""
_EVIDENCE = -16.0
"""A role with a cost up to this is not a chance result."""
_RULE_LOADS = 6
"""The number of loads that decide whether rows are means or last samples."""
_HINT = -8.0
"""A role with a cost below this is proposed."""


@dataclass(slots=True)
class Evidence:
    """The evidence of all loads for a counter in a role."""

    seen: dict[int, Growth] = field(default_factory=dict)
    """The comparison on each load, by its number."""
    tolerated: float = 0.1
    """The share of loads on which the role may fail."""

    @property
    def cost(self) -> float:
        """The cost of the role on all loads together: a logarithm, the lower the likelier."""
        return sum(one.cost for one in self.seen.values())

    @property
    def fits(self) -> bool:
        """Tell whether the role fits on one load, or on many together, and fails on few."""
        telling = [one for one in self.seen.values() if one.steps >= _STEPS]
        good = sum(one.off <= _CLOSE * one.moved + 1.5 * one.fuzz for one in telling if one.moved > 2 * one.fuzz)
        fails = sum(one.fails for one in telling)
        return (good > 0 or self.cost < _HINT) and fails <= self.tolerated * len(telling)

    @property
    def is_enough(self) -> bool:
        """Tell whether this is not a chance result."""
        return self.cost <= _EVIDENCE


type Powers = Mapping[int, tuple[Role, ...]]
"""Code of a power -> the roles of its counters, in the order import, export, net."""


class Registers:
    """The roles of all counters."""

    def __init__(self, timelines: Sequence[Timeline], powers: Powers) -> None:
        """Compare every counter with every power of its load."""
        self._powers = powers
        self.evidence: dict[int, dict[Role, Evidence]] = defaultdict(lambda: defaultdict(Evidence))
        self.sources: dict[Role, set[int]] = defaultdict(set)
        """The powers with which a role was compared."""
        self._resolutions = _resolutions(timelines)
        self.factor = self._usual_factor(timelines)
        self._choose_rule(timelines)
        self._unsigned = not any(
            timeline.load.columns[code].quantile(0.01) < 0 for timeline in timelines for code in self._sources(timeline)
        )
        """Whether no power is ever negative, so that powers may have lost their sign."""
        if self.factor:
            for number, timeline in enumerate(timelines):
                self._compare_roles(number, timeline)
        if self.factor and self._unsigned:
            for number, timeline in enumerate(timelines):
                self._compare_exports(number, timeline)

    def _sources(self, timeline: Timeline) -> list[int]:
        """Return the active powers of a load, which have a direction and so several counters."""
        return [
            code
            for code, roles in self._powers.items()
            if roles[0].quantity == "energy_import" and code in timeline.load.columns
        ]

    def _pairs(self, load: Load) -> Iterable[tuple[int, Direction, Role]]:
        """Return the powers of a load with the directions and roles of their counters."""
        for code, roles in self._powers.items():
            if code in load.columns and load.columns[code].present:
                for direction, role in zip(Direction, roles, strict=False):
                    yield code, direction, role

    def _counters(self, load: Load) -> list[int]:
        """Return the codes of a load that may be counters."""
        return [
            code
            for code, column in load.columns.items()
            if code not in self._powers
            and column.present
            and (code in self._resolutions or not column.moving)
            and (column.is_rising or not column.moving or column.is_slow)
        ]

    def _usual_factor(self, timelines: Sequence[Timeline]) -> float:
        """Return the factor between powers and counters that fits most counters closely."""
        weights: dict[float, float] = defaultdict(float)
        for timeline in timelines:
            load = timeline.load
            for code in self._counters(load):
                column = load.columns[code]
                if not column.is_counter:
                    continue
                readings, resolution = timeline.readings(code), column.resolution or 1e-6
                for power, direction, _ in self._pairs(load):
                    integral = timeline.integral(power, direction)
                    factor = decade(readings[-1] - readings[0], integral[-1] - integral[0], resolution)
                    if factor:
                        found = compare(readings, integral, factor, resolution, timeline.uncertainty(power, direction))
                        if found.off <= _CLOSE * found.moved + 0.5 * found.fuzz:
                            weights[factor] -= max(found.cost, -60.0)
        return max(weights, key=lambda factor: weights[factor], default=0.0)

    def _choose_rule(self, timelines: Sequence[Timeline]) -> None:
        """Choose for all timelines whether rows are means or last samples, by how closely counters follow powers."""
        strays = dict.fromkeys((False, True), 0.0)
        for straight in strays:
            for timeline in timelines[:_RULE_LOADS]:
                timeline.assume(straight=straight)
                strays[straight] += self._strays(timeline) if self.factor else 0.0
        for timeline in timelines:
            timeline.assume(straight=strays[True] < strays[False])

    def _strays(self, timeline: Timeline) -> float:
        """Return how far the counters of a load differ from the best fitting power: a sum of logarithms of steps."""
        load, total = timeline.load, 0.0
        for code in self._counters(load):
            if not load.columns[code].is_counter:
                continue
            readings, resolution = timeline.readings(code), load.columns[code].resolution or 1e-6
            grown = readings[-1] - readings[0]
            reaches = [
                compare(readings, integral, self.factor, resolution, 0.0).reach / resolution
                for power, direction, _ in self._pairs(load)
                if (integral := timeline.integral(power, direction))
                and abs(self.factor * (integral[-1] - integral[0]) - grown) < _CLOSE * grown + resolution
            ]
            total += log(1 + min(reaches, default=0.0))
        return total

    def _compare_roles(self, number: int, timeline: Timeline) -> None:
        """Compare each counter of a load with each role."""
        load = timeline.load
        counters = {
            code: (timeline.readings(code), (self._resolutions.get(code, 0.0) or load.columns[code].resolution) or 1e-6)
            for code in self._counters(load)
        }
        for power, direction, role in self._pairs(load):
            integral, uncertainty = timeline.integral(power, direction), timeline.uncertainty(power, direction)
            found = {
                code: compare(readings, integral, self.factor, resolution, uncertainty)
                for code, (readings, resolution) in counters.items()
                if load.columns[code].is_rising or not load.columns[code].moving or role.quantity == "energy_net"
            }
            whole = any(one.steps >= _STEPS and not one.fails for one in found.values())
            for code, one in found.items():
                split = self._unsigned and role.quantity.startswith("energy_") and not whole and one.fails
                if split and _never_more(counters[code][0], integral, self.factor, one.fuzz):
                    continue  # the rest may have been exported
                evidence = self.evidence[code][role]
                evidence.tolerated = _TOLERATED_UNSIGNED if self._unsigned else evidence.tolerated
                seen = evidence.seen
                if number not in seen or one.cost < seen[number].cost:
                    seen[number] = one
                if load.columns[code].moving:
                    self.sources[role].add(power)

    def _compare_exports(self, number: int, timeline: Timeline) -> None:
        """Compare counters with the part of a power without sign that the import counter does not count."""
        load = timeline.load
        for power in self._sources(timeline):
            imported, exported, *net = self._powers[power]
            known = [code for code in load.columns if (roles := set(self.roles(code))) and roles <= {imported, *net}]
            highest = max(known, key=lambda code: load.columns[code].highest, default=None)
            if highest is None or not load.columns[power].moving:
                continue
            counted = timeline.readings(highest)
            rest = [
                said - reading / self.factor
                for said, reading in zip(timeline.integral(power, Direction.IMPORT), counted, strict=True)
            ]
            for code in self._counters(load):
                column = load.columns[code]
                if column.is_rising and code not in known:
                    found = compare(
                        timeline.readings(code),
                        rest,
                        self.factor,
                        2 * column.resolution,
                        timeline.uncertainty(power, Direction.IMPORT),
                    )
                    self.evidence[code][exported].seen[number] = found
                    self.sources[exported].add(power)

    def roles(self, code: int) -> list[Role]:
        """Return the roles that a counter fits, the best first, without clearly worse ones."""
        roles = {role: one for role, one in self.evidence.get(code, {}).items() if one.fits}
        ranked = sorted(roles, key=lambda role: (roles[role].cost, role))
        return [role for role in ranked if roles[role].cost < roles[ranked[0]].cost + MARGIN]


def _never_more(readings: Sequence[float], integral: Sequence[float], factor: float, fuzz: float) -> bool:
    """Tell whether a counter never grows by more than the integral does, from one checkpoint to the next."""
    return all(
        after - before <= factor * (later - sooner) + 2 * fuzz
        for before, after, sooner, later in zip(readings, readings[1:], integral, integral[1:], strict=False)
    )


def _resolutions(timelines: Sequence[Timeline]) -> dict[int, float]:
    """Return the resolution of each counter, from the loads on which it changes.

    It is needed for loads on which the counter stands still while power flows, which is strong evidence.
    """
    found: dict[int, float] = {}
    for timeline in timelines:
        for code, column in timeline.load.columns.items():
            if column.moving and (column.is_rising or column.is_slow):
                found[code] = max(column.resolution, found.get(code, 0.0))
    return found
