"""Which meter includes others, determined from the energy in each time slot.

A meter that includes others changes whenever they change, by as much, and its energy less theirs is never negative.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from math import sqrt
from typing import Final

from .slots import Flow

type Net = Sequence[float | None]

#: The fewest slots for any conclusion.
_MIN_SLOTS: Final = 12
#: The share of slots in which the balance may fail, for wrong readings or clocks that differ.
_MAX_FAILURES: Final = 0.02
#: The part of the energy by which two meters may differ.
_ACCURACY: Final = 0.02
#: How far a slope may be from the expected one, and its largest standard error.
_MAX_DIFFERENCE, _MAX_ERROR = 0.05, 0.1
#: Up to this difference from 1, a slope may still be 1.
_POSSIBLE_DIFFERENCE: Final = 0.4
#: kWh below which two meters cannot be compared.
_MIN_KWH: Final = 0.1
#: How many meters are tried with reversed direction.
_MAX_REVERSED: Final = 6


@dataclass(frozen=True, slots=True)
class Fit:
    """By how much one meter changes when another changes by 1, and the standard error of that."""

    slope: float
    error: float

    def is_near(self, slope: float) -> bool:
        """Return whether the slope equals a given one, and is known well enough."""
        return self.error <= _MAX_ERROR and abs(self.slope - slope) <= max(3 * self.error, _MAX_DIFFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A meter that measures all others."""

    whole: int
    same: frozenset[int]
    """Meters that read the same as it."""
    signs: Mapping[int, int] = field(default_factory=dict)
    """The meters that it includes: 1 if their import is energy drawn, -1 if they are connected in reverse."""
    is_proven: bool = False
    """Whether it changes with the others; otherwise it merely does not contradict them."""
    rest: Net = ()
    """Its energy less that of the included meters; empty if they can be connected in more than one way."""
    is_complete: bool = False
    """Whether nothing is left."""

    @property
    def all(self) -> frozenset[int]:
        """The meter and those that read the same."""
        return self.same | {self.whole}

    def has_inside_another(self, uid: int, flow: Flow) -> bool | None:
        """Return whether an included meter is inside another included one; None if that is uncertain.

        Such a meter is already subtracted with the other one, so it does not show in `rest`.
        """
        if not self.rest:
            return None
        left = _rest(self.rest, [(-self.signs[uid], flow.net)]) if uid in self.signs else self.rest
        if (found := fit(flow.net, left, flow.step**2)) is None:
            return None
        return True if found.is_near(0) else False if found.is_near(1) else None


def fit(cause: Net, effect: Net, noise: float) -> Fit | None:
    """Return how changes of one flow appear in another, None if there are too few. `noise`: squared step in kWh²."""
    changes = [
        (later[0] - sooner[0], later[1] - sooner[1])
        for sooner, later in pairwise(zip(cause, effect, strict=True))
        if sooner[0] is not None and sooner[1] is not None and later[0] is not None and later[1] is not None
    ]
    squares = sum(change * change for change, _ in changes)
    # A counter moves in steps: the difference of two slots has half a squared step of noise, which flattens the slope.
    known = squares - len(changes) * noise / 2
    if len(changes) < _MIN_SLOTS or known <= squares / 2:
        return None
    slope = sum(change * shown for change, shown in changes) / known
    left = sum((shown - slope * change) ** 2 for change, shown in changes)
    return Fit(slope, sqrt(left / (len(changes) - 1) / known))


def is_same(one: Flow, other: Flow) -> bool:
    """Return whether two meters read the same."""
    if min(one.throughput, other.throughput) < _MIN_KWH:
        return False
    both = [one, other]
    rest = _rest(one.net, [(1, other.net)])
    found = fit(one.net, other.net, one.step**2)
    return (
        found is not None
        and abs(found.slope - 1) <= max(_MAX_ERROR, 3 * found.error)
        and _is_zero(rest, _tolerance(both))
    )


def includes(whole: Flow, part: Flow) -> bool | None:
    """Return whether a meter includes another, None if that is possible but uncertain."""
    if part.throughput < _MIN_KWH or whole.throughput < part.throughput:
        return False
    found = fit(part.net, whole.net, part.step**2)
    rest = _rest(whole.net, [(1, part.net)])
    if found is None or found.error > 1 or abs(found.slope - 1) > max(_POSSIBLE_DIFFERENCE, 2 * found.error):
        return False
    if not _holds(rest, _tolerance([whole, part])):
        return False
    # Of two meters that read the same, it is unknown which is upstream.
    is_larger = sum(value or 0.0 for value in rest) > 2 * _ACCURACY * part.throughput
    return True if is_larger and found.is_near(1) else None


def balance_of(
    whole: int, flows: Mapping[int, Flow], turned: Collection[int], inside: Mapping[int, Collection[int]]
) -> Balance | None:
    """Return the balance of a meter that includes all others, None if they contradict that.

    `turned` meters may be connected in reverse; `inside` has the meters that each meter includes.
    """
    flow = flows[whole]
    same = frozenset(uid for uid in flows if uid != whole and is_same(flow, flows[uid]))
    others = flows.keys() - same - {whole}
    inner = {part for uid in others for part in inside.get(uid, ())}
    parts = sorted(others - inner)
    tolerance = _tolerance([flow, *(flows[uid] for uid in parts)])
    doubtful = sorted((uid for uid in parts if uid in turned), key=lambda uid: -flows[uid].throughput)[:_MAX_REVERSED]
    fitting: list[tuple[Mapping[int, int], Net]] = []
    for chosen in _up_to_two(doubtful):
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
            # No other meter can be the whole, so weaker evidence is enough than between two devices.
            follows = (
                found is not None
                and found.error <= 2 * _MAX_ERROR
                and abs(found.slope - 1) <= max(2 * found.error, _MAX_DIFFERENCE)
            )
            complete = _is_zero(left, tolerance)
            return Balance(whole=whole, same=same, signs=proven, is_proven=follows, rest=left, is_complete=complete)
    return None if not fitting else Balance(whole=whole, same=same)


def _is_shown(part: Flow, sign: int, rest: Net) -> bool:
    """Return whether a part's changes appear in the whole with this sign. `rest` is the whole less all parts."""
    with_part = [
        None if left is None or net is None else left + sign * net for left, net in zip(rest, part.net, strict=True)
    ]
    found = fit(part.net, with_part, part.step**2)
    return found is not None and found.is_near(sign)


def _up_to_two(items: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Yield all combinations of at most two items."""
    for count in range(3):
        yield from combinations(items, count)


def _rest(whole: Net, parts: Iterable[tuple[int, Net]]) -> list[float | None]:
    """Return the energy of a meter less that of its parts."""
    rest = list(whole)
    for sign, net in parts:
        rest = [
            None if left is None or part is None else left - sign * part for left, part in zip(rest, net, strict=True)
        ]
    return rest


def _tolerance(flows: Sequence[Flow]) -> list[float]:
    """Return by how many kWh a balance of meters may be off in each slot, from their steps and accuracy."""
    steps = 1.5 * sqrt(sum(flow.step**2 for flow in flows))
    slots = zip(*(flow.net for flow in flows), strict=True)
    return [steps + _ACCURACY * sum(abs(net or 0.0) for net in slot) for slot in slots]


def _is_zero(rest: Net, tolerance: Sequence[float]) -> bool:
    """Return whether nothing is left."""
    return _holds([None if value is None else abs(value) for value in rest], tolerance, below=True)


def _holds(rest: Net, tolerance: Sequence[float], *, below: bool = False) -> bool:
    """Return whether what is left is not negative, or with `below` not larger than the tolerance."""
    known = [(left, off) for left, off in zip(rest, tolerance, strict=True) if left is not None]
    spoilt = sum(left > off if below else left < -off for left, off in known)
    return len(known) >= _MIN_SLOTS and spoilt <= _MAX_FAILURES * len(known)
