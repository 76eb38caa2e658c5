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
#: Standard errors by which a slope may be off by chance, once in 400 times, and by which it has to differ from 0.
_CHANCE, _CLEAR = 3, 4
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

    def may_be(self, slope: float, difference: float = _MAX_DIFFERENCE) -> bool:
        """Return whether the slope differs from a given one by no more than a part, or by chance."""
        return abs(self.slope - slope) <= max(_CHANCE * self.error, difference)

    def is_near(self, slope: float) -> bool:
        """Return whether the slope equals a given one, and is known well enough."""
        return self.error <= _MAX_ERROR and self.may_be(slope)


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
        left = _with(self.rest, flow, self.signs[uid]) if uid in self.signs else self.rest
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
    rest = _rest(one.net, [(1, other.net)])
    found = fit(one.net, other.net, one.step**2)
    return found is not None and found.may_be(1, _MAX_ERROR) and _is_zero(rest, [one, other])


def includes(whole: Flow, part: Flow) -> bool | None:
    """Return whether a meter includes another, None if that is possible but uncertain."""
    if part.throughput < _MIN_KWH or whole.throughput < part.throughput:
        return False
    found = fit(part.net, whole.net, part.step**2)
    rest = _rest(whole.net, [(1, part.net)])
    if found is None or found.error > 1 or not found.may_be(1, _POSSIBLE_DIFFERENCE):
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
            uid: sign
            for uid, sign in assumed.items()
            if uid not in doubtful or _is_shown(flows[uid], sign, left, tolerance)
        }
        if len(fitting) == 1 or proven.keys() == assumed.keys():
            follows = _follows(flow, [(flows[uid], sign) for uid, sign in assumed.items()], left)
            complete = _is_zero(left, [flow, *(flows[uid] for uid in parts)])
            return Balance(whole=whole, same=same, signs=proven, is_proven=follows, rest=left, is_complete=complete)
    return None if not fitting else Balance(whole=whole, same=same)


def _follows(whole: Flow, parts: Sequence[tuple[Flow, int]], rest: Net) -> bool:
    """Return whether a meter changes with all parts together, and none of them shows that it is elsewhere.

    `rest` is the whole less all parts. No other meter can be the whole, so weaker evidence is enough than between two devices.
    """
    summed = _rest([0.0] * len(rest), [(-sign, part.net) for part, sign in parts])
    found = fit(summed, whole.net, sum(part.step**2 for part, _ in parts))
    if found is None or found.error > 2 * _MAX_ERROR or found.slope < _CLEAR * found.error:
        return False
    # A slope beyond 1 is no contradiction: a person who comes home switches on more than what has a meter.
    if not found.may_be(1, _POSSIBLE_DIFFERENCE if found.slope > 1 else _MAX_DIFFERENCE):
        return False
    each = ((sign, fit(part.net, _with(rest, part, sign), part.step**2)) for part, sign in parts)
    return not any(shown and not shown.may_be(sign) and shown.slope * sign < 1 / 2 for sign, shown in each)


def _is_shown(part: Flow, sign: int, rest: Net, tolerance: Sequence[float]) -> bool:
    """Return whether a part appears in the whole with this sign. `rest` is the whole less all parts.

    Its changes show that; or the balance holds only so, and its changes show that it is not the other way round.
    """
    with_part = _with(rest, part, sign)
    found = fit(part.net, with_part, part.step**2)
    if found is None or found.is_near(sign):
        return found is not None
    return found.may_be(sign) and not found.may_be(-sign) and not _holds(with_part, tolerance)


def _up_to_two(items: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Yield all combinations of at most two items."""
    for count in range(3):
        yield from combinations(items, count)


def _with(rest: Net, part: Flow, sign: int) -> list[float | None]:
    """Return what is left together with a part that was subtracted."""
    return _rest(rest, [(-sign, part.net)])


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


def _is_zero(rest: Net, flows: Sequence[Flow]) -> bool:
    """Return whether nothing is left of meters, in each slot and of the whole day, in which the steps cancel out."""
    tolerance = _tolerance(flows)
    known = [left for left in rest if left is not None]
    steps, energy = max((flow.step for flow in flows), default=0.0), sum(flow.throughput for flow in flows)
    return _holds([None if left is None else abs(left) for left in rest], tolerance, below=True) and (
        abs(sum(known)) <= len(flows) * steps + _ACCURACY * energy
    )


def _holds(rest: Net, tolerance: Sequence[float], *, below: bool = False) -> bool:
    """Return whether what is left is not negative, or with `below` not larger than the tolerance."""
    known = [(left, off) for left, off in zip(rest, tolerance, strict=True) if left is not None]
    spoilt = sum(left > off if below else left < -off for left, off in known)
    return len(known) >= _MIN_SLOTS and spoilt <= _MAX_FAILURES * len(known)
