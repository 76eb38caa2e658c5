"""Which meter measures what others measure too, told from the energy in each slot.

A meter that includes others shows every step of theirs, in the same size, and what is left of it is never negative.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import sqrt
from typing import Final

from .slots import Flow

type Net = Sequence[float | None]

#: Slots that are needed to say anything.
_ENOUGH: Final = 12
#: The share of slots in which a wrong reading or a clock may spoil the balance.
_SPOILT: Final = 0.02
#: The part of the energy by which two meters may differ.
_ACCURACY: Final = 0.02
#: How far a slope may be from 1, and how sure it has to be.
_OFF, _SURE = 0.05, 0.1
#: Within this a slope may still be 1.
_PERHAPS: Final = 0.4
#: kWh below which nothing has flowed that could tell two meters apart.
_NOTHING: Final = 0.1
#: How many meters are tried the other way round.
_TURNED: Final = 6


@dataclass(frozen=True, slots=True)
class Fit:
    """By how much one meter changes where another changes by 1, and the standard error of that."""

    slope: float
    error: float

    def is_near(self, slope: float) -> bool:
        """Return whether the slope is a certain one, and known well enough."""
        return self.error <= _SURE and abs(self.slope - slope) <= max(3 * self.error, _OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A meter that measures all others."""

    whole: int
    same: frozenset[int]
    """Meters that read the same as it."""
    signs: Mapping[int, int] = field(default_factory=dict)
    """Meters in it: 1 where their import is energy drawn, -1 where they are connected the other way round."""
    is_proven: bool = False
    """Whether it follows the others; else it only does not contradict them."""
    rest: Net = ()
    """What is left without the meters in it; empty if more than one way to connect them is possible."""

    @property
    def all(self) -> frozenset[int]:
        """The meter and those that read the same."""
        return self.same | {self.whole}

    def has_inside_another(self, uid: int, flow: Flow) -> bool | None:
        """Return whether a meter is measured by another one in it, False if by it alone; None if that is not certain.

        Whoever is subtracted with another meter already does not show in what is left.
        """
        if not self.rest:
            return None
        left = _rest(self.rest, [(-self.signs[uid], flow.net)]) if uid in self.signs else self.rest
        if (found := fit(flow.net, left, flow.step**2)) is None:
            return None
        return True if found.is_near(0) else False if found.is_near(1) else None


def fit(cause: Net, effect: Net, noise: float) -> Fit | None:
    """Return how changes of one flow show in another, None where there are too few; `noise`: kWh² of a slot's steps."""
    changes = [
        (later[0] - sooner[0], later[1] - sooner[1])
        for sooner, later in pairwise(zip(cause, effect, strict=True))
        if sooner[0] is not None and sooner[1] is not None and later[0] is not None and later[1] is not None
    ]
    squares = sum(change * change for change, _ in changes)
    # A counter moves in steps: the difference of two slots has half a step squared of noise, which hides the slope.
    known = squares - len(changes) * noise / 2
    if len(changes) < _ENOUGH or known <= squares / 2:
        return None
    slope = sum(change * shown for change, shown in changes) / known
    left = sum((shown - slope * change) ** 2 for change, shown in changes)
    return Fit(slope, sqrt(left / (len(changes) - 1) / known))


def is_same(one: Flow, other: Flow) -> bool:
    """Return whether two meters read the same."""
    if min(one.throughput, other.throughput) < _NOTHING:
        return False
    both = [one, other]
    rest = _rest(one.net, [(1, other.net)])
    found = fit(one.net, other.net, one.step**2)
    return (
        found is not None
        and abs(found.slope - 1) <= max(_SURE, 3 * found.error)
        and _holds([abs(value) if value is not None else None for value in rest], _tolerance(both), below=True)
    )


def includes(whole: Flow, part: Flow) -> bool | None:
    """Return whether a meter measures all that another measures; None where it may be so."""
    if part.throughput < _NOTHING or whole.throughput < part.throughput:
        return False
    found = fit(part.net, whole.net, part.step**2)
    rest = _rest(whole.net, [(1, part.net)])
    if found is None or found.error > 1 or abs(found.slope - 1) > max(_PERHAPS, 2 * found.error):
        return False
    if not _holds(rest, _tolerance([whole, part])):
        return False
    # Of two meters that read the same nobody can say which is in front.
    is_larger = sum(value or 0.0 for value in rest) > 2 * _ACCURACY * part.throughput
    return True if is_larger and found.is_near(1) else None


def balance_of(
    whole: int, flows: Mapping[int, Flow], turned: Collection[int], inside: Mapping[int, Collection[int]]
) -> Balance | None:
    """Return a meter as the one that measures all others, None where they contradict that.

    `turned` meters may be connected the other way round; `inside` a meter are those that it measures too.
    """
    flow = flows[whole]
    same = frozenset(uid for uid in flows if uid != whole and is_same(flow, flows[uid]))
    others = flows.keys() - same - {whole}
    inner = {part for uid in others for part in inside.get(uid, ())}
    parts = sorted(others - inner)
    tolerance = _tolerance([flow, *(flows[uid] for uid in parts)])
    doubtful = sorted((uid for uid in parts if uid in turned), key=lambda uid: -flows[uid].throughput)[:_TURNED]
    fitting: list[tuple[Mapping[int, int], Net]] = []
    for chosen in _some(doubtful):
        signs = {uid: -1 if uid in chosen else 1 for uid in parts}
        rest = _rest(flow.net, [(signs[uid], flows[uid].net) for uid in parts])
        if _holds(rest, tolerance):
            fitting.append((signs, rest))
    for assumed, left in fitting:
        proven = {
            uid: sign for uid, sign in assumed.items() if uid not in doubtful or _is_shown(flows[uid], sign, left)
        }
        summed = _rest([0.0] * len(left), [(-sign, flows[uid].net) for uid, sign in assumed.items()])
        found = fit(summed, flow.net, sum(flows[uid].step ** 2 for uid in parts))
        if len(fitting) == 1 or proven.keys() == assumed.keys():
            # Nothing else is left to be the whole, so that less will do than between two devices.
            follows = (
                found is not None and found.error <= 2 * _SURE and abs(found.slope - 1) <= max(2 * found.error, _OFF)
            )
            return Balance(whole=whole, same=same, signs=proven, is_proven=follows, rest=left)
    return None if not fitting else Balance(whole=whole, same=same)


def _is_shown(part: Flow, sign: int, rest: Net) -> bool:
    """Return whether a part's steps are in the whole with this sign; `rest` is the whole without all parts."""
    with_part = [
        None if left is None or net is None else left + sign * net for left, net in zip(rest, part.net, strict=True)
    ]
    found = fit(part.net, with_part, part.step**2)
    return found is not None and found.is_near(sign)


def _some(items: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Yield none, each one and each two of some items."""
    for count in range(3):
        yield from combinations(items, count)


def _rest(whole: Net, parts: Iterable[tuple[int, Net]]) -> list[float | None]:
    """Return what is left of a meter without its parts."""
    rest = list(whole)
    for sign, net in parts:
        rest = [
            None if left is None or part is None else left - sign * part for left, part in zip(rest, net, strict=True)
        ]
    return rest


def _tolerance(flows: Sequence[Flow]) -> list[float]:
    """Return by how many kWh a balance of meters may be off in each slot, by their steps and accuracy."""
    steps = 1.5 * sqrt(sum(flow.step**2 for flow in flows))
    slots = zip(*(flow.net for flow in flows), strict=True)
    return [steps + _ACCURACY * sum(abs(net or 0.0) for net in slot) for slot in slots]


def _holds(rest: Net, tolerance: Sequence[float], *, below: bool = False) -> bool:
    """Return whether what is left is not negative, or with `below` not larger than the tolerance."""
    known = [(left, off) for left, off in zip(rest, tolerance, strict=True) if left is not None]
    spoilt = sum(left > off if below else left < -off for left, off in known)
    return len(known) >= _ENOUGH and spoilt <= _SPOILT * len(known)
