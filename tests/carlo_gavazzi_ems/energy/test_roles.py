"""R29: what the meters are for, by the energy of a day; right, or not proposed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
import random
from typing import Final

import pytest

from custom_components.carlo_gavazzi_ems.energy.balance import includes, is_same
from custom_components.carlo_gavazzi_ems.energy.meter import Counters, Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.roles import Evidence, propose
from custom_components.carlo_gavazzi_ems.energy.slots import flow_of, slot_bounds
from simulator import Site, SiteKind, build_site

DAY: Final = 86400.0
NOW: Final = datetime(2026, 6, 17, 17, 3, tzinfo=UTC).timestamp()
MIDNIGHT: Final = NOW // DAY * DAY

type Watts = Callable[[float], float]
type Counted = dict[Direction, list[tuple[float, float]]]


def counted(watts: Watts, *, row: float = 60.0, step: float = 0.001, past: tuple[float, float] = (0.0, 0.0)) -> Counted:
    """Return what the counters of a meter read in the last day, after kWh of import and export before that."""
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
    meters: Mapping[str, Counted], *, smart: tuple[str, ...] = (), built_in: tuple[str, ...] = ()
) -> tuple[Evidence, dict[int, str]]:
    """Return the evidence of meters, in the dark from 20 to 3 h UTC, and their names."""
    names = dict(enumerate(meters))
    uids = {name: uid for uid, name in names.items()}
    # A counter that has never moved is not read.
    moved = {
        name: {way: [rows] if rows and rows[-1][1] else [] for way, rows in counters.items()}
        for name, counters in meters.items()
    }
    bounds = slot_bounds((rows for ways in moved.values() for some in ways.values() for rows in some), NOW - DAY, NOW)
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
    charging: Direction = Direction.IMPORT
    devices: list[str] = field(default_factory=list)
    upstream: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)


def proposed(meters: Mapping[str, Counted], *, smart: tuple[str, ...] = (), built_in: tuple[str, ...] = ()) -> Found:
    """Return the proposed roles of meters."""
    given, names = evidence(meters, smart=smart, built_in=built_in)
    roles = propose(given)
    return Found(
        grid=[names[uid] for uid in roles.grid],
        solar=[(names[uid], direction) for uid, direction in roles.solar],
        batteries=[names[uid] for uid in roles.batteries],
        charging=roles.charging,
        devices=[names[uid] for uid in roles.devices],
        upstream={names[part]: names[whole] for part, whole in roles.upstream.items()},
        doubtful={names[part]: names[whole] for part, whole in roles.doubtful.items()},
    )


def switching(seed: int, *levels: float, hold: float = 900.0) -> Watts:
    """Return a consumer that holds a level for a while, and then another."""
    return lambda moment: random.Random(f"{seed} {moment // hold}").choice(levels)


def sun(peak: float) -> Watts:
    """Return a production: positive from 6 to 18 h UTC, under clouds."""

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
    """Return a consumer as its production."""
    return lambda moment: -one(moment)


PUMP, OVEN, FRIDGE, REST = (
    switching(1, 0, 700, 1900),
    switching(2, 0, 0, 2400),
    switching(3, 2, 180, hold=300),
    switching(4, 120, 300),
)
PLANT = sun(5000)


def test_a_house_with_everything() -> None:
    """Grid, solar power, battery and devices; the battery charges at noon, and the sun does not shine in the evening."""
    roles = proposed(
        {
            "Pump": counted(PUMP),
            "Grid": counted(total(PUMP, OVEN, REST, minus(PLANT), storage), past=(4000, 3500)),
            "Plant": counted(minus(PLANT), past=(20, 9000)),
            "Battery": counted(storage, past=(900, 780)),
            "Oven": counted(OVEN),
        }
    )
    assert roles == Found(
        grid=["Grid"],
        solar=[("Plant", Direction.EXPORT)],
        batteries=["Battery"],
        charging=Direction.IMPORT,
        devices=["Pump", "Oven"],
    )


def test_a_plant_that_is_connected_the_other_way_round() -> None:
    """Its import is the production: the balance of the house holds only so. Without the grid's meter nobody can tell."""
    meters = {
        "Grid": counted(total(PUMP, REST, minus(PLANT))),
        "Plant": counted(PLANT),
        "Pump": counted(PUMP),
        "Day shift": counted(lambda moment: 1200.0 if 8 <= moment % DAY / 3600 < 16 else 0.0),
    }
    meters["Grid"] = counted(
        total(PUMP, REST, minus(PLANT), lambda moment: 1200.0 if 8 <= moment % DAY / 3600 < 16 else 0.0)
    )
    roles = proposed(meters)
    assert (roles.grid, roles.solar) == (["Grid"], [("Plant", Direction.IMPORT)])
    assert "Plant" not in roles.devices
    assert "Pump" in roles.devices
    del meters["Grid"]
    roles = proposed(meters)
    assert (roles.grid, roles.solar) == ([], [])
    assert "Plant" not in roles.devices


def test_two_meters_of_the_grid_are_one() -> None:
    """A smart meter and the built-in one read the same; the one that counts in total is used, the other is no device."""
    house = total(PUMP, OVEN, REST)
    roles = proposed(
        {
            "Port": counted(house),
            "Main": counted(lambda moment: house(moment) * 1.008),
            "Pump": counted(PUMP),
            "Oven": counted(OVEN),
        },
        smart=("Port",),
        built_in=("Main",),
    )
    assert roles.grid in (["Port"], ["Main"])
    assert roles.devices == ["Pump", "Oven"]


def test_a_smart_meter_with_half_of_its_counters() -> None:
    """Of codes without a name the export is missing: the meter that counts both is the grid, and without it none is."""
    house = total(PUMP, OVEN, REST, minus(PLANT))
    meters = {"Port": counted(house), "Main": counted(house), "Pump": counted(PUMP), "Oven": counted(OVEN)}
    meters["Roof"] = counted(minus(PLANT))
    meters["Port"][Direction.EXPORT] = []
    assert proposed(meters, smart=("Port",)).grid == ["Main"]
    del meters["Main"]
    assert proposed(meters, smart=("Port",)).grid == []
    del meters["Roof"]
    assert proposed(meters, smart=("Port",)).grid == ["Port"]


def test_a_board_between() -> None:
    """What a distribution board measures is upstream of its devices, and of nothing else."""
    board = total(PUMP, FRIDGE, switching(5, 40, 160))
    meters = {
        "Grid": counted(total(board, OVEN, REST)),
        "Board": counted(board),
        "Pump": counted(PUMP),
        "Fridge": counted(FRIDGE),
        "Oven": counted(OVEN),
    }
    roles = proposed(meters)
    assert roles.grid == ["Grid"]
    assert roles.devices == ["Board", "Pump", "Fridge", "Oven"]
    assert roles.upstream == {"Pump": "Board", "Fridge": "Board"}
    assert roles.doubtful == {}


def test_two_that_switch_together_are_no_board() -> None:
    """Lights that go on at the same time follow each other, but the balance of the house shows both of them."""
    pattern = switching(6, 0, 1, hold=1800)
    big, small = (lambda moment: 650 * pattern(moment)), (lambda moment: 640 * pattern(moment))
    roles = proposed(
        {"Grid": counted(total(big, small, REST)), "Big": counted(big), "Small": counted(small)}, built_in=("Grid",)
    )
    assert (roles.grid, roles.upstream) == (["Grid"], {})


def test_meters_without_one_that_measures_all() -> None:
    """Two houses behind one gateway: no grid is proposed, and nothing that may be one is a device."""
    first, second = total(PUMP, REST), total(OVEN, switching(7, 150, 400))
    roles = proposed({"First": counted(first), "Pump": counted(PUMP), "Second": counted(second), "Oven": counted(OVEN)})
    assert roles.grid == []
    assert roles.devices == ["Pump", "Oven"]


@pytest.mark.parametrize(("row", "step"), [(60.0, 0.1), (900.0, 0.001), (3600.0, 0.01)])
def test_coarse_counters_and_rare_rows(row: float, step: float) -> None:
    """Steps of 0.1 kWh, or rows of an hour: what is proposed is right."""
    roles = proposed(
        {
            "Grid": counted(total(PUMP, OVEN, REST, minus(PLANT)), row=row, step=step, past=(900, 900)),
            "Plant": counted(minus(PLANT), row=row, step=step, past=(3, 2000)),
            "Pump": counted(PUMP, row=row, step=step),
            "Oven": counted(OVEN, row=row, step=step),
        },
        built_in=("Grid",),
    )
    assert (roles.grid, roles.solar, roles.devices) == (["Grid"], [("Plant", Direction.EXPORT)], ["Pump", "Oven"])


def test_what_has_never_counted_is_nothing() -> None:
    """A meter at 0 has no role, one without history neither."""
    roles = proposed({"Grid": counted(total(PUMP, REST)), "Pump": counted(PUMP), "New": counted(lambda _: 0.0)})
    assert (roles.grid, roles.devices) == (["Grid"], ["Pump"])
    given, _ = evidence({"Grid": counted(PUMP)}, smart=("Grid",))
    bare = propose(replace(given, flows={}, dark=[]))
    assert (bare.grid, bare.devices) == ([0], [])


def test_same_and_included() -> None:
    """Two readings of one power are the same; of a part and its whole the whole includes the part."""
    given, _ = evidence({"One": counted(total(PUMP, REST)), "Other": counted(total(PUMP, REST)), "Part": counted(PUMP)})
    one, other, part = given.flows.values()
    assert is_same(one, other)
    assert not is_same(one, part)
    assert includes(one, part) is True
    assert includes(part, one) is False
    assert includes(one, other) is None


def counters_of(site: Site, load: int, now: float) -> Counted | None:
    """Return what the total counters of a load of the simulator read in the last day."""
    found: Counted = {Direction.IMPORT: [], Direction.EXPORT: []}
    times = [now // 60 * 60 - DAY + 60 * minute for minute in range(1441)]
    names = {site.truth(signal.uid)[0]: signal.uid for signal in site.signals_of_load(load)}
    parts = next((parts for parts in (("",), ("_t1", "_t2")) if f"energy_import{parts[0]}" in names), ())
    for direction in Direction:
        uids = [names[f"energy_{direction}{part}"] for part in parts if f"energy_{direction}{part}" in names]
        if uids:
            factor = 0.001 if site.truth(uids[0])[1] == "Wh" else 1.0
            columns = [site.readings(uid, times) for uid in uids]
            found[direction] = [
                (time, round(float(sum(row)) * factor, 6)) for time, *row in zip(times, *columns, strict=True)
            ]
    return found if parts else None


@pytest.mark.parametrize("vary", [False, True])
@pytest.mark.parametrize("kind", [SiteKind.FLAT, SiteKind.HOUSE, SiteKind.SHOP])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_r29_the_sites_of_the_simulator(kind: SiteKind, seed: int, *, vary: bool) -> None:
    """Each site by its own truth: grid and solar found, every consumer that ever drew a device, nothing upstream."""
    site = build_site(kind, seed, vary=vary)
    meters = {load.label: read for uid, load in site.loads.items() if (read := counters_of(site, uid, NOW))}
    smart = tuple(load.label for load in site.loads.values() if load.protocol == "P1" and load.label in meters)
    roles = proposed(meters, smart=smart, built_in=("Main",))
    used = {label for label, read in meters.items() if read[Direction.IMPORT] and read[Direction.IMPORT][-1][1] > 0}
    assert set(roles.grid) <= {"Main", "Smart meter"}
    assert len(roles.grid) == 1
    assert roles.solar == [("Solar", Direction.EXPORT)] * ("Solar" in used)
    consumers = used - {"Main", "Smart meter", "Solar"}
    assert set(roles.devices) <= consumers
    # Where all but one do next to nothing, that one reads the same as the main meter.
    assert vary or set(roles.devices) == consumers
    assert (roles.batteries, roles.upstream) == ([], {})
