"""What each meter is for, as far as its energy tells: grid, solar, battery, device, and what is upstream of what."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Final

from .balance import Balance, balance_of, includes
from .meter import Direction, Meter
from .slots import Flow

#: The energy of the other direction, as a part, that a meter in one direction may have.
_STANDBY: Final = 0.02
#: The energy in the dark, as a part, of a meter that runs with the sun; of a battery it is at least so much.
_SUNLESS: Final = 0.02
_AFTER_SUNSET: Final = 0.2
#: kWh a day below which nothing is told from when it flows.
_LITTLE: Final = 0.05
#: What a battery gives back of what it took.
_GIVES_BACK: Final = (0.5, 0.98)
#: How many meters are tried as the one that measures all others.
_TRIED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of the meters."""

    meters: Mapping[int, Meter]
    flows: Mapping[int, Flow]
    dark: Sequence[bool]
    """The slots of the flows in which the sun is below the horizon."""
    smart_meters: Collection[int] = ()
    """Loads of a P1 port: the network operator's meter."""
    built_in: Collection[int] = ()
    """Loads of the meter that is built into the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Proposed roles, by UID."""

    grid: Sequence[int] = ()
    solar: Sequence[tuple[int, Direction]] = ()
    batteries: Sequence[int] = ()
    charging: Direction = Direction.IMPORT
    devices: Sequence[int] = ()
    upstream: Mapping[int, int] = field(default_factory=dict)
    doubtful: Mapping[int, int] = field(default_factory=dict)
    """Devices that may have another one upstream, and which."""


def propose(evidence: Evidence) -> Roles:
    """Return the roles that are certain enough to be proposed."""
    evidence = _without_halves(evidence)
    meters, flows = evidence.meters, evidence.flows
    turned = {
        uid for uid, flow in flows.items() if _runs_with_sun(flow.imported, evidence.dark) and _draws(meters[uid])
    }
    found = {pair: includes(*(flows[uid] for uid in pair)) for pair in permutations(flows, 2)}
    pairs = {pair: certain for pair, certain in found.items() if certain is not False}
    follow = [pair for pair, certain in pairs.items() if certain]
    # First as if no meter measured another; then without those that surely are measured twice; then without all that may be.
    balances = (_balance(evidence, turned, _inside(chosen)) for chosen in ((), follow, pairs))
    balance = next((found for found in balances if found is not None), None)
    grid = _grid(evidence, balance)
    others = [uid for uid in meters if uid not in grid and (balance is None or uid not in balance.all)]
    wholes = {whole for whole, _ in pairs}
    # A house with much solar power exports with the sun too.
    clear = [uid for uid in others if balance is not None or (uid not in wholes and uid not in evidence.built_in)]
    solar = {uid: way for uid in clear if (way := _production(uid, evidence, turned, balance)) is not None}
    batteries = {uid: way for uid in clear if (way := _charging(uid, evidence)) is not None and uid not in solar}
    devices = [
        uid for uid in clear if uid not in solar and uid not in batteries and _is_device(uid, evidence, turned, balance)
    ]
    nested = {uid: balance.has_inside_another(uid, flows[uid]) for uid in flows} if balance is not None else {}
    upstream, doubtful = _upstream(pairs, nested, devices, flows)
    charging = next(iter(batteries.values()), Direction.IMPORT)
    return Roles(
        grid=grid,
        solar=list(solar.items()),
        batteries=[uid for uid, way in batteries.items() if way is charging],
        charging=charging,
        devices=devices,
        upstream=upstream,
        doubtful=doubtful,
    )


def _inside(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """Return what each meter measures of others."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for whole, part in pairs:
        found[whole].add(part)
    return found


def _grid(evidence: Evidence, balance: Balance | None) -> list[int]:
    """Return the meter of the grid to use: of those that read the same the one with the plainest counters."""
    if balance is None:
        return list(evidence.smart_meters) if len(evidence.smart_meters) == 1 else []

    def rank(uid: int) -> tuple[bool, bool, bool]:
        meter = evidence.meters[uid]
        return len(meter.counters) == 1, meter.has(Direction.EXPORT), meter.power is not None

    return [max(sorted(balance.all), key=rank)]


def _balance(evidence: Evidence, turned: Collection[int], inside: Mapping[int, Collection[int]]) -> Balance | None:
    """Return the meter of the grid: a smart meter, else the built-in one, else the one that follows all others."""
    flows = evidence.flows
    for known in (evidence.smart_meters, evidence.built_in):
        certain = [uid for uid in known if uid in flows]
        if len(certain) == 1 and (found := balance_of(certain[0], flows, turned, inside)) is not None:
            return found
    if evidence.smart_meters:
        return None
    largest = sorted(flows, key=lambda uid: -flows[uid].throughput)[:_TRIED]
    found_all = [found for uid in largest if (found := balance_of(uid, flows, turned, inside)) and found.is_proven]
    if len({found.same | {found.whole} for found in found_all}) == 1:
        return found_all[0]
    return None


def _without_halves(evidence: Evidence) -> Evidence:
    """Leave out a smart meter that counts only what is drawn, where something in the house exports.

    The codes of its other counters have no name yet; without them it is no grid, and fits nothing else.
    """
    meters = evidence.meters
    if not any(meter.total(Direction.EXPORT) for meter in meters.values()):
        return evidence
    halves = {uid for uid in evidence.smart_meters if uid in meters and not meters[uid].has(Direction.EXPORT)}
    return replace(
        evidence,
        meters={uid: meter for uid, meter in meters.items() if uid not in halves},
        flows={uid: flow for uid, flow in evidence.flows.items() if uid not in halves},
        smart_meters=[uid for uid in evidence.smart_meters if uid not in halves],
    )


def _production(uid: int, evidence: Evidence, turned: Collection[int], balance: Balance | None) -> Direction | None:
    """Return the direction that counts solar production, None where that is not certain."""
    meter, flow = evidence.meters[uid], evidence.flows.get(uid)
    if flow is None:
        return None
    if uid in turned and balance is not None and balance.signs.get(uid) == -1:
        return Direction.IMPORT
    drawn, given = (sum(value or 0.0 for value in energy) for energy in (flow.imported, flow.exported))
    # Without a balance it may be a house with much solar power on a sunny day: then all that was ever counted says more.
    if balance is None:
        drawn, given = max(drawn, meter.total(Direction.IMPORT)), meter.total(Direction.EXPORT)
    produces = given > 0 and drawn <= _STANDBY * given
    return Direction.EXPORT if produces and _runs_with_sun(flow.exported, evidence.dark) else None


def _charging(uid: int, evidence: Evidence) -> Direction | None:
    """Return the direction in which a battery is charged, None for anything else."""
    meter, flow = evidence.meters[uid], evidence.flows.get(uid)
    least, most = _GIVES_BACK
    for charging, discharging in ((Direction.IMPORT, Direction.EXPORT), (Direction.EXPORT, Direction.IMPORT)):
        into, out = meter.total(charging), meter.total(discharging)
        if flow is None or not least * into <= out <= most * into or into <= 0:
            continue
        given = flow.exported if discharging is Direction.EXPORT else flow.imported
        # A house or a board with solar power also counts both directions, but gives nothing after sunset.
        share = _share_in_the_dark(given, evidence.dark)
        if share is not None and share >= _AFTER_SUNSET:
            return charging
    return None


def _is_device(uid: int, evidence: Evidence, turned: Collection[int], balance: Balance | None) -> bool:
    """Return whether a meter certainly counts what a consumer draws."""
    if uid not in evidence.flows or not _draws(evidence.meters[uid]):
        return False
    return uid not in turned or (balance is not None and balance.signs.get(uid) == 1)


def _draws(meter: Meter) -> bool:
    """Return whether a meter counts imported energy, and next to nothing else."""
    drawn = meter.total(Direction.IMPORT)
    return drawn > 0 and meter.total(Direction.EXPORT) <= _STANDBY * drawn


def _runs_with_sun(energy: Sequence[float | None], dark: Sequence[bool]) -> bool:
    """Return whether energy flows while the sun shines, and not in the dark."""
    share = _share_in_the_dark(energy, dark)
    return share is not None and share <= _SUNLESS


def _share_in_the_dark(energy: Sequence[float | None], dark: Sequence[bool]) -> float | None:
    """Return the share of energy that flows in the dark, None where little flows or the day or the night is not known."""
    known = [(value, night) for value, night in zip(energy, dark, strict=True) if value is not None]
    total = sum(value for value, _ in known)
    nights = sum(night for _, night in known)
    if total < _LITTLE or not len(known) // 8 <= nights <= len(known) * 7 // 8:
        return None
    return sum(value for value, night in known if night) / total


def _upstream(
    pairs: Mapping[tuple[int, int], bool | None],
    nested: Mapping[int, bool | None],
    devices: Collection[int],
    flows: Mapping[int, Flow],
) -> tuple[dict[int, int], dict[int, int]]:
    """Return the device upstream of each device that has one, and of each that may have one.

    It is certain where the balance of all meters shows that a device is measured by another, and which one follows it,
    or is the only one that may.
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
