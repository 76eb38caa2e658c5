"""Meters of a day, and what is proposed for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
import random
from typing import Final

from custom_components.carlo_gavazzi_ems.energy.meter import Counters, Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.roles import Evidence, propose
from custom_components.carlo_gavazzi_ems.energy.slots import flow_of, slot_bounds

DAY: Final = 86400.0
NOW: Final = datetime(2026, 6, 17, 17, 3, tzinfo=UTC).timestamp()
MIDNIGHT: Final = NOW // DAY * DAY

type Watts = Callable[[float], float]
type Counted = dict[Direction, list[tuple[float, float]]]


def counted(watts: Watts, *, row: float = 60.0, step: float = 0.001, past: tuple[float, float] = (0.0, 0.0)) -> Counted:
    """Return the readings of a meter's counters in the last day; before it they had counted some import and export."""
    found: Counted = {Direction.IMPORT: [], Direction.EXPORT: []}
    into, out = past
    moment = NOW // row * row - DAY
    while moment <= NOW:
        for direction, energy in ((Direction.IMPORT, into), (Direction.EXPORT, out)):
            found[direction].append((moment, round(energy // step * step, 6)))
        energy = sum(watts(moment + row * (part + 0.5) / 10) for part in range(10)) / 10 * row / 3.6e6
        into, out, moment = into + max(energy, 0.0), out + max(-energy, 0.0), moment + row
    return found


def evidence(
    meters: Mapping[str, Counted], *, smart: tuple[str, ...] = (), built_in: tuple[str, ...] = (), now: float = NOW
) -> tuple[Evidence, dict[int, str]]:
    """Return the evidence of meters, in the dark from 20 to 3 h UTC, and their names."""
    names = dict(enumerate(meters))
    uids = {name: uid for uid, name in names.items()}
    # A counter that has never moved is not read.
    moved = {
        name: {way: [rows] if rows and rows[-1][1] else [] for way, rows in counters.items()}
        for name, counters in meters.items()
    }
    bounds = slot_bounds((rows for ways in moved.values() for some in ways.values() for rows in some), now - DAY, now)
    middles = [(begin + end) / 2 % DAY / 3600 for begin, end in pairwise(bounds)]
    return Evidence(
        meters={
            uid: Meter(
                uid=uid,
                name=name,
                counters=(
                    Counters(imported=f"i{uid}", exported=f"e{uid}" if meters[name][Direction.EXPORT] else None),
                ),
                kwh={f"{way[0]}{uid}": rows[-1][1] for way, rows in meters[name].items() if rows},
            )
            for uid, name in names.items()
        },
        flows={
            uid: flow_of(moved[name][Direction.IMPORT], moved[name][Direction.EXPORT], bounds)
            for uid, name in names.items()
        },
        dark=[not 3 <= hour < 20 for hour in middles],
        smart_meters=[uids[name] for name in smart],
        built_in=[uids[name] for name in built_in],
    ), names


@dataclass(frozen=True, kw_only=True)
class Found:
    """The proposed roles by name."""

    grid: list[str] = field(default_factory=list)
    solar: list[tuple[str, Direction]] = field(default_factory=list)
    batteries: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    home: str | None = None
    repeating: set[str] = field(default_factory=set)
    upstream: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)


def proposed(
    meters: Mapping[str, Counted], *, smart: tuple[str, ...] = (), built_in: tuple[str, ...] = (), now: float = NOW
) -> Found:
    """Return the proposed roles of meters."""
    given, names = evidence(meters, smart=smart, built_in=built_in, now=now)
    roles = propose(given)
    return Found(
        grid=[names[uid] for uid in roles.grid],
        solar=[(names[uid], direction) for uid, direction in roles.solar],
        batteries=[names[uid] for uid in roles.batteries],
        devices=[names[uid] for uid in roles.devices],
        home=None if roles.home is None else names[roles.home],
        repeating={names[uid] for uid in roles.repeating},
        upstream={names[part]: names[whole] for part, whole in roles.upstream.items()},
        doubtful={names[part]: names[whole] for part, whole in roles.doubtful.items()},
    )


def switching(seed: int, *levels: float, hold: float = 900.0) -> Watts:
    """Return a consumer that switches between levels."""
    return lambda moment: random.Random(f"{seed} {moment // hold}").choice(levels)


def sun(peak: float) -> Watts:
    """Return a solar production: positive from 6 to 18 h UTC, with clouds."""

    def watts(moment: float) -> float:
        hour = moment % DAY / 3600
        clouds = random.Random(moment // 300).uniform(0.4, 1.0)
        return peak * clouds * max(0.0, 1 - abs(hour - 12) / 6)

    return watts


def storage(moment: float) -> float:
    """Return a battery: charged at noon, discharged in the evening."""
    hour = moment % DAY / 3600
    return 1500.0 if 10 <= hour < 14 else -900.0 if 20 <= hour < 24 else 0.0


def total(*parts: Watts) -> Watts:
    """Return several consumers together."""
    return lambda moment: sum(part(moment) for part in parts)


def minus(one: Watts) -> Watts:
    """Return a consumer with its sign reversed."""
    return lambda moment: -one(moment)


PUMP, OVEN, FRIDGE, REST = (
    switching(1, 0, 700, 1900),
    switching(2, 0, 0, 2400),
    switching(3, 2, 180, hold=300),
    switching(4, 120, 300),
)
PLANT = sun(5000)
