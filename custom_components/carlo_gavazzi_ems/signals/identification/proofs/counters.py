"""Counters: what they count, and whether all of it.

Rivals of what is counted: every other power of the load in every direction, shown or not, such as the apparent power
where the power factor is near 1. So those have to be known, and far enough from it for the counter to tell.
Rivals of a total: its part since a reset, the tariff that has run all day, the net while nothing is exported; any of
them may be all that is there. So a total is proven by what adds up to it, or by a part that runs below it over a
working day and a night, in which a tariff would have stood still.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from custom_components.carlo_gavazzi_ems.signals.identification.evidence.columns import Load
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.timelines import (
    Direction,
    Growth,
    Timeline,
    compare,
)
from custom_components.carlo_gavazzi_ems.signals.identification.roles import Role
from custom_components.carlo_gavazzi_ems.signals.identification.votes import Kind

from .ledger import Ledger
from .scopes import prove_scopes

_STEPS = 8.0
"""A counter that nowhere moved by so many of the steps that can be told apart proves nothing."""
_FEW = 3.0
"""What moved by fewer does not even exclude anything."""
_APART = 1.6
"""A rival has to be off by so many times what the claim is; over a hundred checkpoints that is no chance."""
_ROUNDING = 0.29
"""The root mean square of rounding, in steps."""
_DRIFT = 2.0
"""Where a counter is to its step what it is claimed to count, a rival is off that drifts by more than another step."""
_SHARP = 1e-4
_CLOSEST = 0.003
"""No integral of history rows is closer than that, as a share of the growth."""

type Counted = tuple[Kind, tuple[int, ...], Direction]
"""A power, its phase, and the direction that is counted."""

_COUNTED = {
    "energy_import": (Kind.ACTIVE, Direction.IMPORT),
    "energy_export": (Kind.ACTIVE, Direction.EXPORT),
    "energy_net": (Kind.ACTIVE, Direction.NET),
    "apparent_energy": (Kind.APPARENT, Direction.IMPORT),
    "reactive_energy_import": (Kind.REACTIVE, Direction.IMPORT),
    "reactive_energy_export": (Kind.REACTIVE, Direction.EXPORT),
}


@dataclass(frozen=True, slots=True)
class Flow:
    """What a counter may count on a load: the integral of a power in one direction."""

    kind: Kind
    phases: tuple[int, ...]
    direction: Direction
    integral: Sequence[float]
    uncertainty: float

    @property
    def counted(self) -> Counted:
        """What is counted."""
        return self.kind, self.phases, self.direction


def _is_tariff(role: Role) -> bool:
    """Tell whether a role is that of one tariff."""
    return role.quantity[-3:-1] == "_t"


def base_of(role: Role) -> Role:
    """Return the role of the whole that a counter counts all or a part of."""
    quantity = role.quantity.removesuffix("_partial")
    return role.of(quantity[:-3] if _is_tariff(role) else quantity)


def flows(ledger: Ledger, timeline: Timeline) -> Iterator[Flow]:
    """Yield what may be counted on a load: the integrals of all proven powers, and of S where P and PF or Q tell it."""
    load = timeline.load
    blocks = dict(ledger.blocks(load))
    for phases, block in blocks.items():
        for kind in (Kind.ACTIVE, Kind.REACTIVE):
            if (code := block.get(kind)) in ledger.proven and code is not None:
                for direction in (Direction.IMPORT, Direction.EXPORT, Direction.NET):
                    yield Flow(
                        kind,
                        phases,
                        direction,
                        timeline.integral(code, direction),
                        timeline.uncertainty(code, direction),
                    )
    apparent = _apparent(ledger, load, blocks.get((), {}))
    if apparent is not None:
        plus = timeline.area_of(apparent)
        active = blocks[()].get(Kind.ACTIVE, blocks[()].get(Kind.APPARENT))
        yield Flow(
            Kind.APPARENT,
            (),
            Direction.IMPORT,
            plus,
            timeline.uncertainty(active, Direction.NET) if active is not None else 0.0,
        )


def _apparent(ledger: Ledger, load: Load, total: dict[Kind, int]) -> list[float] | None:
    """Return the apparent power of a load row by row, measured or worked out of what is proven; None if nothing tells it."""
    proven = {kind: load.columns[code].values for kind, code in total.items() if code in ledger.proven}
    if Kind.APPARENT in proven:
        return list(map(abs, proven[Kind.APPARENT]))
    if Kind.ACTIVE not in proven:
        return None
    if Kind.FACTOR in proven:
        share = ledger.knowledge.scales.get(total[Kind.FACTOR], 1.0)
        pairs = zip(proven[Kind.ACTIVE], proven[Kind.FACTOR], strict=True)
        return [abs(p / (f * share)) if f else abs(p) for p, f in pairs]
    if Kind.REACTIVE in proven:
        return [(p * p + q * q) ** 0.5 for p, q in zip(proven[Kind.ACTIVE], proven[Kind.REACTIVE], strict=True)]
    return None


def _growth(ledger: Ledger, timeline: Timeline, code: int, flow: Flow) -> Growth:
    """Return how a counter grew against a flow."""
    resolution = timeline.load.columns[code].resolution or 1e-6
    return compare(timeline.readings(code), flow.integral, ledger.knowledge.factor, resolution, flow.uncertainty)


class Hearing:
    """What all loads say of one counter: since a code means the same everywhere, what one excludes is excluded."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.good = 0.0
        """In how many steps the counter was seen to count what it is claimed to, on all loads together."""
        self.best = 0.0
        """The same, on the load that tells most."""
        self.fails = 0
        self.rivals: set[Counted] = set()
        self.excluded: set[Counted] = set()
        self.apart: set[Counted] = set()
        """What reads otherwise, not only is the same power all one way."""

    def hear(self, ledger: Ledger, timeline: Timeline, code: int, role: Role) -> None:
        """Hold a counter of a load against all flows of the load."""
        kind, direction = _COUNTED[role.quantity]
        mine: Counted = (kind, role.phases, direction)
        known = {flow.counted: flow for flow in flows(ledger, timeline)}
        self.rivals |= known.keys() - {mine}
        if mine not in known:
            return
        found = _growth(ledger, timeline, code, known[mine])
        if found.steps < _FEW:
            return
        if found.fails:
            self.fails += 1
        if found.off > found.fuzz + 0.01 * found.moved:
            return
        self.good += found.steps
        self.best = max(self.best, found.steps)
        for counted, flow in known.items():
            if counted == mine:
                continue
            same = flow.kind is kind and flow.phases == role.phases and _is_same(known[mine].integral, flow.integral)
            if same:  # all one way: net and import are told apart as scopes
                self.excluded.add(counted)
            elif _is_apart(known[mine], flow, found, _growth(ledger, timeline, code, flow), ledger.knowledge.factor):
                self.excluded.add(counted)
                self.apart.add(counted)

    def convinces(self, role: Role) -> bool:
        """Tell whether the counter counts what is claimed and nothing else could look the same."""
        needed = {Kind.ACTIVE} if role.phases else {Kind.ACTIVE, Kind.APPARENT}
        seen = {kind for kind, _, _ in self.rivals} | {_COUNTED[role.quantity][0]}
        return self.best >= _STEPS and not self.fails and needed <= seen and self.rivals <= self.excluded


def _is_apart(mine: Flow, other: Flow, found: Growth, seen: Growth, factor: float) -> bool:
    """Tell whether a counter, seen against what it should count and against another flow, cannot count the other."""
    if found.is_exact and seen.reach > _DRIFT * found.resolution:
        return True
    least = max(found.off, _ROUNDING * found.resolution)
    if found.off <= 1.6 * _ROUNDING * found.resolution + _SHARP * found.moved and seen.off > 2 * _APART * least:
        return True  # to the digits at a hundred checkpoints: no error of sampling makes one out of the other
    sampling = factor * max(mine.uncertainty, other.uncertainty)
    return seen.off > _APART * least and seen.off - found.off > sampling + _CLOSEST * found.moved


def _is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two integrals of one power are the same: it never changed its direction."""
    return abs((one[-1] - one[0]) - (other[-1] - other[0])) <= 1e-9 * max(1.0, abs(one[-1] - one[0]))


def prove(ledger: Ledger) -> None:
    """Prove what counters count, then how much of it."""
    claims = ledger.knowledge.claims
    hearings: dict[int, Hearing] = {}
    for timeline in ledger.knowledge.timelines:
        for code, column in timeline.load.columns.items():
            role = claims.sure_role(code)
            if role is None or base_of(role).quantity not in _COUNTED or not column.moving or _is_tariff(role):
                continue
            hearings.setdefault(code, Hearing()).hear(ledger, timeline, code, base_of(role))
    counted, signed = set(), set()
    for code, hearing in hearings.items():
        role = claims.sure_role(code)
        if role is not None and hearing.convinces(base_of(role)):
            counted.add(code)
            if role.phases:
                ledger.prove(code)  # of a phase nothing but the whole is counted
            if (Kind.ACTIVE, role.phases, Direction.NET) in hearing.apart:
                signed.add(code)
    prove_scopes(ledger, counted, signed)
