"""The role of each meter, as far as its energy shows it: grid, solar, battery or device, and which is upstream."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Final

from .balance import Balance, balance_of, includes
from .meter import Direction, Meter
from .slots import Flow

#: The most energy in the other direction, as a part, of a meter that counts one direction.
_STANDBY: Final = 0.02
#: The part of the energy in the dark: the most for solar production, and the least for a battery.
_MAX_SOLAR_IN_DARK: Final = 0.02
_MIN_BATTERY_IN_DARK: Final = 0.2
#: kWh a day below which the time of day shows nothing.
_MIN_KWH: Final = 0.05
#: The lowest and the highest round-trip efficiency of a battery.
_BATTERY_EFFICIENCY: Final = (0.5, 0.98)
#: How many meters are tried as the one that includes all others.
_MAX_WHOLES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of the meters."""

    meters: Mapping[int, Meter]
    flows: Mapping[int, Flow]
    dark: Sequence[bool]
    """The slots of the flows in which the sun is below the horizon."""
    smart_meters: Collection[int] = ()
    """Loads of a P1 port: the grid operator's meter."""
    built_in: Collection[int] = ()
    """Loads of the meter that is built into the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Proposed roles, by UID."""

    grid: Sequence[int] = ()
    solar: Sequence[tuple[int, Direction]] = ()
    batteries: Sequence[int] = ()
    """Each is charged by its import."""
    devices: Sequence[int] = ()
    home: int | None = None
    """The device that counts all consumption of the house, from the grid and from its own sources."""
    repeating: Collection[int] = frozenset()
    """Meters that count the same as the grid meter."""
    upstream: Mapping[int, int] = field(default_factory=dict)
    doubtful: Mapping[int, int] = field(default_factory=dict)
    """Devices that may have another one upstream -> that one."""


def propose(evidence: Evidence) -> Roles:
    """Return the roles that are certain enough to be proposed."""
    halves = _halves(evidence)
    evidence = _without(evidence, halves)
    meters, flows = evidence.meters, evidence.flows
    turned = {
        uid for uid, flow in flows.items() if _rests_in_the_dark(flow.imported, evidence.dark) and _draws(meters[uid])
    }
    found = {pair: includes(*(flows[uid] for uid in pair)) for pair in permutations(flows, 2)}
    pairs = {pair: certain for pair, certain in found.items() if certain is not False}
    follow = [pair for pair, certain in pairs.items() if certain]
    # First as if no meter included another; then without those that certainly are in another; then without any that may be.
    balances = (_balance(evidence, turned, _inside(chosen)) for chosen in ((), follow, pairs))
    balance = next((found for found in balances if found is not None), None)
    grid = _grid(evidence, balance)
    others = [uid for uid in meters if uid not in grid and (balance is None or uid not in balance.all)]
    wholes = {whole for whole, _ in pairs}
    # A house with much solar power exports while the sun shines too.
    clear = [uid for uid in others if balance is not None or (uid not in wholes and uid not in evidence.built_in)]
    solar = {uid: way for uid in clear if (way := _production(uid, evidence, turned, balance)) is not None}
    batteries = [uid for uid in clear if uid not in solar and _is_battery(uid, evidence)]
    devices = [
        uid for uid in clear if uid not in solar and uid not in batteries and _is_device(uid, evidence, turned, balance)
    ]
    nested = {uid: balance.has_inside_another(uid, flows[uid]) for uid in flows} if balance is not None else {}
    upstream, doubtful = _upstream(pairs, nested, devices, flows)
    return Roles(
        grid=grid,
        solar=list(solar.items()),
        batteries=batteries,
        devices=devices,
        home=_home(balance, devices, {*solar, *batteries}),
        repeating=(balance.all - set(grid)) | halves if balance is not None else frozenset(),
        upstream=upstream,
        doubtful=doubtful,
    )


def _inside(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """Return the meters that each meter includes."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for whole, part in pairs:
        found[whole].add(part)
    return found


def _grid(evidence: Evidence, balance: Balance | None) -> list[int]:
    """Return the grid meter: of several that read the same, preferably one with a single pair of counters."""
    if balance is None:
        return list(evidence.smart_meters) if len(evidence.smart_meters) == 1 else []

    def rank(uid: int) -> tuple[bool, bool, bool]:
        meter = evidence.meters[uid]
        return len(meter.counters) == 1, meter.has(Direction.EXPORT), meter.power is not None

    return [max(sorted(balance.all), key=rank)]


def _balance(evidence: Evidence, turned: Collection[int], inside: Mapping[int, Collection[int]]) -> Balance | None:
    """Return the balance of the grid meter: a smart meter, the built-in one, or one that is proven to include all others."""
    flows = evidence.flows
    for known in (evidence.smart_meters, evidence.built_in):
        certain = [uid for uid in known if uid in flows]
        if len(certain) == 1 and (found := balance_of(certain[0], flows, turned, inside)) is not None:
            return found
    if evidence.smart_meters:
        return None
    largest = sorted(flows, key=lambda uid: -flows[uid].throughput)[:_MAX_WHOLES]
    found_all = [found for uid in largest if (found := balance_of(uid, flows, turned, inside)) and found.is_proven]
    if len({found.same | {found.whole} for found in found_all}) == 1:
        return found_all[0]
    return None


def _halves(evidence: Evidence) -> set[int]:
    """Return the smart meters without an export counter, if any meter in the house has exported energy.

    The codes of their export counters have no name yet. Without these they cannot be the grid meter, nor anything else.
    """
    meters = evidence.meters
    if not any(meter.total(Direction.EXPORT) for meter in meters.values()):
        return set()
    return {uid for uid in evidence.smart_meters if uid in meters and not meters[uid].has(Direction.EXPORT)}


def _without(evidence: Evidence, uids: Collection[int]) -> Evidence:
    """Return the evidence without some meters."""
    return replace(
        evidence,
        meters={uid: meter for uid, meter in evidence.meters.items() if uid not in uids},
        flows={uid: flow for uid, flow in evidence.flows.items() if uid not in uids},
        smart_meters=[uid for uid in evidence.smart_meters if uid not in uids],
    )


def _home(balance: Balance | None, devices: Collection[int], sources: Collection[int]) -> int | None:
    """Return the meter that, together with the sources alone, adds up to the grid meter."""
    if balance is None or not balance.is_complete or not sources:
        return None
    inside = balance.signs.keys() - sources
    return next(iter(inside)) if len(inside) == 1 and inside <= set(devices) else None


def _production(uid: int, evidence: Evidence, turned: Collection[int], balance: Balance | None) -> Direction | None:
    """Return the direction that counts solar production, None if that is uncertain."""
    meter, flow = evidence.meters[uid], evidence.flows.get(uid)
    if flow is None:
        return None
    if uid in turned and balance is not None and balance.signs.get(uid) == -1:
        return Direction.IMPORT if _runs_with_sun(flow.imported, evidence.dark) else None
    drawn, given = (sum(value or 0.0 for value in energy) for energy in (flow.imported, flow.exported))
    # Without a balance it may be a house with much solar power on a sunny day: then the counters' totals show more.
    if balance is None:
        drawn, given = max(drawn, meter.total(Direction.IMPORT)), meter.total(Direction.EXPORT)
    produces = given > 0 and drawn <= _STANDBY * given
    return Direction.EXPORT if produces and _runs_with_sun(flow.exported, evidence.dark) else None


def _is_battery(uid: int, evidence: Evidence) -> bool:
    """Return whether a meter counts a battery's charging as import.

    The other way round it reads as a house does that exports more than it draws.
    """
    meter, flow = evidence.meters[uid], evidence.flows.get(uid)
    into, out = meter.total(Direction.IMPORT), meter.total(Direction.EXPORT)
    least, most = _BATTERY_EFFICIENCY
    if flow is None or into <= 0 or not least * into <= out <= most * into:
        return False
    # A house or a board with solar power also counts both directions, but exports nothing after sunset.
    share = _share_in_the_dark(flow.exported, evidence.dark)
    return share is not None and share >= _MIN_BATTERY_IN_DARK


def _is_device(uid: int, evidence: Evidence, turned: Collection[int], balance: Balance | None) -> bool:
    """Return whether a meter certainly counts the consumption of a device."""
    flow = evidence.flows.get(uid)
    if flow is None or not _draws(evidence.meters[uid]):
        return False
    # What stands still may be a plant at night.
    if flow.throughput < _MIN_KWH and not _has_day_and_night(evidence.dark):
        return False
    return uid not in turned or (balance is not None and balance.signs.get(uid) == 1)


def _draws(meter: Meter) -> bool:
    """Return whether a meter counts imported energy, and hardly any exported."""
    drawn = meter.total(Direction.IMPORT)
    return drawn > 0 and meter.total(Direction.EXPORT) <= _STANDBY * drawn


def _runs_with_sun(energy: Sequence[float | None], dark: Sequence[bool]) -> bool:
    """Return whether energy flows while the sun shines, and not in the dark."""
    share = _share_in_the_dark(energy, dark)
    return share is not None and share <= _MAX_SOLAR_IN_DARK


def _rests_in_the_dark(energy: Sequence[float | None], dark: Sequence[bool]) -> bool:
    """Return whether energy flows, and none in the dark as far as it was dark: it may be a plant."""
    total, at_night = _energy(energy, dark)
    return total >= _MIN_KWH and at_night <= _MAX_SOLAR_IN_DARK * total


def _share_in_the_dark(energy: Sequence[float | None], dark: Sequence[bool]) -> float | None:
    """Return the share of energy that flows in the dark, None if there is little energy or day or night is unknown."""
    known = [night for value, night in zip(energy, dark, strict=True) if value is not None]
    total, at_night = _energy(energy, dark)
    return at_night / total if total >= _MIN_KWH and _has_day_and_night(known) else None


def _energy(energy: Sequence[float | None], dark: Sequence[bool]) -> tuple[float, float]:
    """Return the energy of all slots, and of those in the dark."""
    known = [(value or 0.0, night) for value, night in zip(energy, dark, strict=True)]
    return sum(value for value, _ in known), sum(value for value, night in known if night)


def _has_day_and_night(dark: Sequence[bool]) -> bool:
    """Return whether there was enough of both."""
    return len(dark) // 8 <= sum(dark) <= len(dark) * 7 // 8


def _upstream(
    pairs: Mapping[tuple[int, int], bool | None],
    nested: Mapping[int, bool | None],
    devices: Collection[int],
    flows: Mapping[int, Flow],
) -> tuple[dict[int, int], dict[int, int]]:
    """Return the upstream device of each device that certainly has one, and of each that may have one.

    It is certain if the balance of all meters shows that the device is inside another, and one device certainly
    includes it or only one can.
    """
    certain: dict[int, int] = {}
    doubtful: dict[int, int] = {}
    for part in devices:
        wholes = sorted(
            (whole for whole, other in pairs if other == part and whole in devices),
            key=lambda uid: flows[uid].throughput,
        )
        follow = [whole for whole in wholes if pairs[whole, part]]
        if nested.get(part) and (follow or len(wholes) == 1):
            certain[part] = (follow or wholes)[0]
        elif wholes and nested.get(part) is not False:
            doubtful[part] = wholes[0]
    return certain, doubtful
