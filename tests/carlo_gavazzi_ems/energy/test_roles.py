"""R29: the roles of meters by the energy of a day: proposed right, or not at all."""

from dataclasses import replace

import pytest

from custom_components.carlo_gavazzi_ems.energy.balance import includes, is_same
from custom_components.carlo_gavazzi_ems.energy.meter import Direction
from custom_components.carlo_gavazzi_ems.energy.roles import propose

from .metered import (
    DAY,
    FRIDGE,
    OVEN,
    PLANT,
    PUMP,
    REST,
    Found,
    counted,
    evidence,
    minus,
    proposed,
    storage,
    switching,
    total,
)


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
    assert {*roles.grid, *roles.repeating} == {"Port", "Main"}
    assert roles.devices == ["Pump", "Oven"]


def test_a_smart_meter_with_half_of_its_counters() -> None:
    """Of codes without a name the export is missing: the meter that counts both is the grid, and without it none is."""
    house = total(PUMP, OVEN, REST, minus(PLANT))
    meters = {"Port": counted(house), "Main": counted(house), "Pump": counted(PUMP), "Oven": counted(OVEN)}
    meters["Roof"] = counted(minus(PLANT))
    meters["Port"][Direction.EXPORT] = []
    roles = proposed(meters, smart=("Port",))
    assert (roles.grid, roles.repeating) == (["Main"], {"Port"})
    del meters["Main"]
    roles = proposed(meters, smart=("Port",))
    assert (roles.grid, roles.repeating) == ([], set())
    del meters["Roof"]
    assert proposed(meters, smart=("Port",)).grid == ["Port"]


def test_a_meter_of_the_whole_house() -> None:
    """With the sources alone it makes up what the grid's meter reads. Where anything else draws, it is a device like others."""
    house = total(PUMP, OVEN, REST)
    meters = {
        "Grid": counted(total(house, minus(PLANT))),
        "Plant": counted(minus(PLANT)),
        "House": counted(house),
        "Pump": counted(PUMP),
    }
    roles = proposed(meters)
    assert (roles.grid, roles.home, roles.devices) == (["Grid"], "House", ["House", "Pump"])
    assert roles.upstream == {"Pump": "House"}
    del meters["Plant"]
    assert proposed(meters).home is None
    meters = {
        "Grid": counted(total(house, minus(PLANT), FRIDGE)),
        "Plant": counted(minus(PLANT)),
        "House": counted(house),
    }
    roles = proposed(meters)
    assert (roles.grid, roles.home, roles.devices) == (["Grid"], None, ["House"])


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


def test_a_meter_elsewhere() -> None:
    """What is never more than the rest of a house, but does not appear in it, has another connection to the grid."""
    house = total(PUMP, OVEN, REST, lambda _: 200.0)
    meters = {"Large": counted(house), "Pump": counted(PUMP), "Oven": counted(OVEN), "Fridge": counted(FRIDGE)}
    assert proposed(meters).grid == []
    meters["Large"] = counted(total(house, FRIDGE))
    assert proposed(meters).grid == ["Large"]


def test_a_house_that_exports_more_than_it_draws() -> None:
    """It reads as a battery that is connected in reverse, so nothing is proposed for it where no balance shows the grid."""
    meters = {
        "House": counted(total(PUMP, REST, minus(PLANT)), past=(4000, 5200)),
        "Neighbour": counted(total(OVEN, switching(7, 150, 400))),
        "Pump": counted(PUMP),
        "Oven": counted(OVEN),
    }
    roles = proposed(meters)
    assert (roles.grid, roles.solar, roles.batteries, roles.devices) == ([], [], [], ["Pump", "Oven"])


def test_a_counter_that_stands_still() -> None:
    """At 5.0 it tells nothing of the steps in which the meter counts."""
    meters = {
        "Grid": counted(total(PUMP, REST, minus(PLANT)), past=(4000, 3000)),
        "Plant": counted(minus(PLANT), past=(5.0005, 3000)),
        "Pump": counted(PUMP),
    }
    given, _ = evidence(meters)
    assert [flow.step for flow in given.flows.values()] == pytest.approx([0.001] * 3)
    roles = proposed(meters)
    assert (roles.grid, roles.solar) == (["Grid"], [("Plant", Direction.EXPORT)])


def test_coarse_steps_hide_no_consumer() -> None:
    """In each slot 200 W are less than the grid meter's step of 0.1 kWh, but not in a day."""
    roles = proposed(
        {
            "Grid": counted(total(OVEN, REST, minus(PLANT)), step=0.1, past=(900, 900)),
            "Plant": counted(minus(PLANT), past=(0, 2000)),
            "Oven": counted(OVEN),
        }
    )
    assert (roles.grid, roles.home, roles.devices) == (["Grid"], None, ["Oven"])


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
