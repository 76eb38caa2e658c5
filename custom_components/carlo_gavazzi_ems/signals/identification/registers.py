"""Which counter counts which power, in which direction: the roles that fit on every load."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .columns import Load
from .integrals import Direction, Growth, Timeline, at_factor, growth

_GOOD = 0.04
"""A counter that deviates by a larger share of its growth counts something else."""
_BAD = 0.12
"""A counter that deviates by a larger share on any load does not count it."""
_STEPS = 8.0
"""A growth of fewer steps tells nothing."""


@dataclass(slots=True)
class Evidence:
    """What the loads say of a counter in a role."""

    fits: list[Growth] = field(default_factory=list)
    fails: int = 0
    seen: dict[int, Growth] = field(default_factory=dict)
    """What was seen on each load (by its number) where anything could be seen, good or not."""

    @property
    def steps(self) -> float:
        """The steps on all loads together."""
        return sum(min(one.steps, 1000.0) for one in self.fits)

    @property
    def misfit(self) -> float:
        """The mean misfit, the larger growths counting more."""
        return sum(min(one.steps, 1000.0) * one.misfit for one in self.fits) / max(self.steps, 1e-12)


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
        for timeline in timelines:
            self._look(timeline)
        self.factor = self._usual_factor()
        self._resolutions = _resolutions(timelines)
        for number, timeline in enumerate(timelines):
            self._refute(number, timeline)

    def _pairs(self, load: Load) -> Iterable[tuple[int, Direction, Role]]:
        """Return the powers of a load with the directions and roles of their counters."""
        for code, roles in self._powers.items():
            if code in load.columns and load.columns[code].moving:
                for direction, role in zip(Direction, roles, strict=False):
                    if role:
                        yield code, direction, role

    def _look(self, timeline: Timeline) -> None:
        """Find the roles that each moving counter of a load fits."""
        load = timeline.load
        pairs = [
            (code, role, timeline.integral(code, direction), timeline.slack(code))
            for code, direction, role in self._pairs(load)
        ]
        for code, column in load.columns.items():
            if code in self._powers or column.moves < 3:
                continue
            readings = timeline.readings(code)
            for power, role, integral, slack in pairs:
                if not column.is_counter and "_net" not in role:
                    continue
                found = growth(readings, integral, column.resolution or 1e-6, slack)
                if found is not None and found.misfit <= _GOOD and found.steps >= _STEPS:
                    self.evidence[code][role].fits.append(found)
                    self.sources[role].add(power)

    def _usual_factor(self) -> float:
        """Return the factor between powers and counters that most counters have."""
        weights: dict[float, float] = defaultdict(float)
        for roles in self.evidence.values():
            for evidence in roles.values():
                for one in evidence.fits:
                    weights[one.factor] += min(one.steps, 100.0)
        return max(weights, key=lambda factor: weights[factor], default=0.0)

    def _refute(self, number: int, timeline: Timeline) -> None:
        """Count the loads on which a counter did not do what its role says."""
        load = timeline.load
        for power, direction, role in list(self._pairs(load)):
            integral, slack = timeline.integral(power, direction), timeline.slack(power)
            for code, roles in self.evidence.items():
                if role.endswith("?") or role not in roles or not roles[role].fits or code not in load.columns:
                    continue
                column = load.columns[code]
                resolution = column.resolution if column.moving else self._resolutions.get(code, column.resolution)
                found = at_factor(timeline.readings(code), integral, self.factor, resolution or 1e-6, slack)
                if found.steps >= _STEPS:
                    roles[role].seen[number] = found
                    roles[role].fails += found.misfit > _BAD

    def roles(self, code: int) -> list[Role]:
        """Return the roles that a counter fits wherever anything can be seen, the best first, without clearly worse ones."""
        roles = {role: one for role, one in self.evidence.get(code, {}).items() if one.fits and not one.fails}
        ranked = sorted(roles, key=lambda role: (roles[role].misfit, role))
        if not ranked:
            return []
        best = roles[ranked[0]]
        return [role for role in ranked if not _clearly_worse(roles[role], best)]


def _resolutions(timelines: Sequence[Timeline]) -> dict[int, float]:
    """Return how finely each counter counts, from the loads on which it moves.

    One that stands still tells nothing of that itself, but that it stood still while a power flowed tells a lot.
    """
    found: dict[int, float] = {}
    for timeline in timelines:
        for code, column in timeline.load.columns.items():
            if column.moving and column.resolution:
                found[code] = max(column.resolution, found.get(code, 0.0))
    return found


def _clearly_worse(one: Evidence, best: Evidence) -> bool:
    """Tell whether one role's deviations are larger than another's by more than the resolution explains."""
    if one.misfit > 2 * best.misfit + 0.002 and (one.misfit - best.misfit) * one.steps > 3 * len(one.fits):
        return True
    return any(
        worse.rough > 2 * best.seen[number].rough + 2 * worse.resolved + 0.003
        for number, worse in one.seen.items()
        if number in best.seen
    )
