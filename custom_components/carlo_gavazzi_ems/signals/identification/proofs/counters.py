"""Proves what counters count, and whether they count all of it.

Rivals of the counted power: every other power of the load in every direction, published or not, such as the apparent
power if the power factor is close to 1. So these have to be known, and different enough for the counter to show it.
Rivals of a total: its part since a reset, the tariff that was active all day, the net while nothing is exported. Any of
them may be the only one published. So a total is proven by counters that add up to it, or by a partial counter that
rises with it over a working day and a night, during which a single tariff would have stood still.
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
"""The least growth that proves something, in units of the smallest difference that counts."""
_FEW = 3.0
"""The least growth that excludes something, in the same units."""
_APART = 1.6
"""How many times worse a rival has to fit than the claim; over a hundred checkpoints this is not chance."""
_ROUNDING = 0.29
"""The root mean square of the rounding error, in steps."""
_DRIFT = 2.0
"""The drift in steps that excludes a rival if the claimed integral is exact to one step."""
_SHARP = 1e-4
_CLOSEST = 0.003
"""Least error of an integral of history rows, as a share of the growth."""

type Counted = tuple[Kind, tuple[int, ...], Direction]
"""Kind of the power, phases, and counted direction."""

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
    """The integral of a power in one direction, which a counter of a load may count."""

    kind: Kind
    phases: tuple[int, ...]
    direction: Direction
    integral: Sequence[float]
    uncertainty: float

    @property
    def counted(self) -> Counted:
        """Kind, phases and direction."""
        return self.kind, self.phases, self.direction


def _is_tariff(role: Role) -> bool:
    """Tell whether a role is that of one tariff."""
    return role.quantity[-3:-1] == "_t"


def base_of(role: Role) -> Role:
    """Return the role of the total to which the role of a counter belongs."""
    quantity = role.quantity.removesuffix("_partial")
    return role.of(quantity[:-3] if _is_tariff(role) else quantity)


def flows(ledger: Ledger, timeline: Timeline) -> Iterator[Flow]:
    """Yield the flows of a load: of all proven powers, and of S if that is proven or follows from P and PF or Q."""
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
    """Return the apparent power of a load for each row, measured or computed from proven codes; None if unknown."""
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
    """Return the growth of a counter compared with a flow."""
    resolution = timeline.load.columns[code].resolution or 1e-6
    return compare(timeline.readings(code), flow.integral, ledger.knowledge.factor, resolution, flow.uncertainty)


class CounterCheck:
    """The evidence of all loads for one counter. A rival that one load excludes is excluded on all."""

    def __init__(self) -> None:
        """Start without evidence."""
        self.good = 0.0
        """Growth that matches the claim, in steps, on all loads together."""
        self.best = 0.0
        """The same on the load with the most."""
        self.fails = 0
        self.rivals: set[Counted] = set()
        self.excluded: set[Counted] = set()
        self.apart: set[Counted] = set()
        """Excluded rivals whose integral differs from the claimed one."""

    def add_load(self, ledger: Ledger, timeline: Timeline, code: int, role: Role) -> None:
        """Compare a counter with all flows of a load."""
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
            if same:  # one direction only: `prove_scopes` distinguishes net and import
                self.excluded.add(counted)
            elif _is_apart(known[mine], flow, found, _growth(ledger, timeline, code, flow), ledger.knowledge.factor):
                self.excluded.add(counted)
                self.apart.add(counted)

    def is_conclusive(self, role: Role) -> bool:
        """Tell whether the counter counts what is claimed, and all rivals are excluded."""
        needed = {Kind.ACTIVE} if role.phases else {Kind.ACTIVE, Kind.APPARENT}
        seen = {kind for kind, _, _ in self.rivals} | {_COUNTED[role.quantity][0]}
        return self.best >= _STEPS and not self.fails and needed <= seen and self.rivals <= self.excluded


def _is_apart(mine: Flow, other: Flow, found: Growth, seen: Growth, factor: float) -> bool:
    """Tell whether a counter cannot count `other`, by its growth compared with `mine` (`found`) and `other` (`seen`)."""
    if found.is_exact and seen.reach > _DRIFT * found.resolution:
        return True
    least = max(found.off, _ROUNDING * found.resolution)
    if found.off <= 1.6 * _ROUNDING * found.resolution + _SHARP * found.moved and seen.off > 2 * _APART * least:
        return True  # exact at a hundred checkpoints: an error of sampling cannot explain the difference
    sampling = factor * max(mine.uncertainty, other.uncertainty)
    return seen.off > _APART * least and seen.off - found.off > sampling + _CLOSEST * found.moved


def _is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether two integrals of one power are the same, because it never changed its direction."""
    return abs((one[-1] - one[0]) - (other[-1] - other[0])) <= 1e-9 * max(1.0, abs(one[-1] - one[0]))


def prove(ledger: Ledger) -> None:
    """Prove what counters count, and then whether they count all of it."""
    claims = ledger.knowledge.claims
    checks: dict[int, CounterCheck] = {}
    for timeline in ledger.knowledge.timelines:
        for code, column in timeline.load.columns.items():
            role = claims.sure_role(code)
            if code in ledger.knowledge.known or role is None or base_of(role).quantity not in _COUNTED:
                continue
            if not column.moving or _is_tariff(role):
                continue
            checks.setdefault(code, CounterCheck()).add_load(ledger, timeline, code, base_of(role))
    counted, signed = set(ledger.knowledge.known), set()
    for code, check in checks.items():
        role = claims.sure_role(code)
        if role is not None and check.is_conclusive(base_of(role)):
            counted.add(code)
            if role.phases:
                ledger.prove(code)  # a phase has no tariffs or partial counters
            if (Kind.ACTIVE, role.phases, Direction.NET) in check.apart:
                signed.add(code)
    prove_scopes(ledger, counted, signed)
