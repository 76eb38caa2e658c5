"""Which counter counts which power, in which direction: the roles that fit, weighed over all loads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .columns import Load
from .integrals import Direction, Growth, Timeline, compare, decade
from .match import MARGIN

_STEPS = 4.0
"""A growth of fewer steps tells nothing."""
_CLOSE = 0.06
"""A counter that strays by a smaller share of its growth may count the power."""
_EVIDENCE = -20.0
"""What is cheaper to believe than this is no chance."""


@dataclass(slots=True)
class Evidence:
    """What the loads say of a counter in a role."""

    seen: dict[int, Growth] = field(default_factory=dict)
    """What was seen on each load (by its number)."""

    @property
    def cost(self) -> float:
        """What it costs to believe in the role, on all loads together."""
        return sum(one.cost for one in self.seen.values())

    @property
    def fits(self) -> bool:
        """Tell whether the counter does what its role says on a load that shows it, and mostly does not fail."""
        telling = [one for one in self.seen.values() if one.steps >= _STEPS]
        good = sum(one.off <= _CLOSE * one.moved + 1.5 * one.fuzz for one in telling if one.moved > 2 * one.fuzz)
        fails = sum(one.fails for one in telling)
        return good > 0 and fails <= 0.1 * len(telling)

    @property
    def is_enough(self) -> bool:
        """Tell whether this is no chance."""
        return self.cost <= _EVIDENCE


type Role = str
"""A quantity's key; a phase that is not yet numbered as `energy_import@0`; with a `?` if the power itself is in doubt."""
type Powers = Mapping[int, tuple[Role, ...]]
"""What powers lead to: for each code the roles of its counters, in the order import, export, net."""


class Registers:
    """The roles of all counters."""

    def __init__(self, timelines: Sequence[Timeline], powers: Powers) -> None:
        """Compare every counter with every power of its load."""
        self._powers = powers
        self.evidence: dict[int, dict[Role, Evidence]] = defaultdict(lambda: defaultdict(Evidence))
        self.sources: dict[Role, set[int]] = defaultdict(set)
        """The powers that a role was seen with."""
        self._resolutions = _resolutions(timelines)
        self.factor = self._usual_factor(timelines)
        if self.factor:
            for number, timeline in enumerate(timelines):
                self._look(number, timeline)

    def _pairs(self, load: Load) -> Iterable[tuple[int, Direction, Role]]:
        """Return the powers of a load with the directions and roles of their counters."""
        for code, roles in self._powers.items():
            if code in load.columns and load.columns[code].present:
                for direction, role in zip(Direction, roles, strict=False):
                    if role:
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
                        found = compare(readings, integral, factor, resolution, timeline.uncertainty(power))
                        if found.off <= _CLOSE * found.moved:
                            weights[factor] -= max(found.cost, -60.0)
        return max(weights, key=lambda factor: weights[factor], default=0.0)

    def _look(self, number: int, timeline: Timeline) -> None:
        """See how each counter of a load fits each role."""
        load = timeline.load
        pairs = [
            (power, role, timeline.integral(power, direction), timeline.uncertainty(power))
            for power, direction, role in self._pairs(load)
        ]
        for code in self._counters(load):
            column = load.columns[code]
            resolution = (column.resolution if column.moving else self._resolutions.get(code, 0.0)) or 1e-6
            readings = timeline.readings(code)
            for power, role, integral, uncertainty in pairs:
                if not column.is_rising and column.moving and "_net" not in role:
                    continue
                found = compare(readings, integral, self.factor, resolution, uncertainty)
                seen = self.evidence[code][role].seen
                if number not in seen or found.cost < seen[number].cost:
                    seen[number] = found
                if column.moving:
                    self.sources[role].add(power)

    def roles(self, code: int) -> list[Role]:
        """Return the roles that a counter fits, the best first, without those that others are clearly better than."""
        roles = {role: one for role, one in self.evidence.get(code, {}).items() if one.fits}
        ranked = sorted(roles, key=lambda role: (roles[role].cost, role))
        return [role for role in ranked if roles[role].cost < roles[ranked[0]].cost + MARGIN]


def _resolutions(timelines: Sequence[Timeline]) -> dict[int, float]:
    """Return how finely each counter counts, from the loads on which it moves.

    One that stands still tells nothing of that itself, but that it stood still while a power flowed tells a lot.
    """
    found: dict[int, float] = {}
    for timeline in timelines:
        for code, column in timeline.load.columns.items():
            if column.moving and (column.is_rising or column.is_slow):
                found[code] = max(column.resolution, found.get(code, 0.0))
    return found
