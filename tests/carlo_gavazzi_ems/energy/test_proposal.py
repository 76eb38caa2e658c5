"""What is added to the dashboard: complete, in Home Assistant's format, with nothing removed or changed."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from homeassistant.components.energy.data import DEVICE_CONSUMPTION_SCHEMA, ENERGY_SOURCE_SCHEMA, EnergyPreferences
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.energy.meter import Counters, Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.proposal import (
    MeterRoles,
    additions,
    has_cycle,
    in_devices,
    in_sources,
    merged,
)
from custom_components.carlo_gavazzi_ems.ha_release import HOME_SOURCE


def prefs(sources: Any = (), devices: Any = ()) -> EnergyPreferences:
    """Return preferences."""
    return EnergyPreferences(energy_sources=list(sources), device_consumption=list(devices))


def meter(uid: int, *, parts: int = 1, exported: bool = True, power: str = "net") -> Meter:
    """Return a meter with its counters and `net`, `two` or `no` powers."""
    return Meter(
        uid=uid,
        name=f"Load {uid}",
        counters=tuple(
            Counters(imported=f"sensor.i{uid}_{part}", exported=f"sensor.e{uid}_{part}" if exported else None)
            for part in range(parts)
        ),
        power=f"sensor.p{uid}" if power == "net" else None,
        power_import=f"sensor.pi{uid}" if power == "two" else None,
        power_export=f"sensor.pe{uid}" if power == "two" else None,
    )


GRID = {
    "type": "grid",
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}


def test_a_house_with_everything() -> None:
    """Each meter has its role, with its power in the direction that Home Assistant expects."""
    found = additions(
        prefs(),
        MeterRoles(
            grid=[meter(1)],
            solar=[(meter(2), Direction.EXPORT), (meter(3, exported=False), Direction.IMPORT)],
            batteries=[meter(4)],
            devices=[meter(5), meter(6, exported=False, power="no")],
            upstream={"sensor.i6_0": "sensor.i5_0"},
        ),
    )
    assert found.sources == [
        GRID
        | {
            "stat_energy_from": "sensor.i1_0",
            "stat_energy_to": "sensor.e1_0",
            "power_config": {"stat_rate": "sensor.p1"},
            "name": "Load 1",
        },
        # Its power is negative while it produces, and no sensor inverts it.
        {"type": "solar", "stat_energy_from": "sensor.e2_0", "config_entry_solar_forecast": None, "name": "Load 2"},
        {
            "type": "solar",
            "name": "Load 3",
            "stat_energy_from": "sensor.i3_0",
            "stat_rate": "sensor.p3",
            "config_entry_solar_forecast": None,
        },
        {
            "type": "battery",
            "name": "Load 4",
            "stat_energy_from": "sensor.e4_0",
            "stat_energy_to": "sensor.i4_0",
            "power_config": {"stat_rate_inverted": "sensor.p4"},
        },
    ]
    assert found.devices == [
        {"stat_consumption": "sensor.i5_0", "name": "Load 5", "stat_rate": "sensor.p5"},
        {"stat_consumption": "sensor.i6_0", "name": "Load 6", "included_in_stat": "sensor.i5_0"},
    ]


def test_a_smart_meter_with_tariffs_and_two_powers() -> None:
    """A connection for each tariff; the first one has the power, import less export."""
    smart = meter(1, parts=2, power="two")
    first, second = additions(prefs(), MeterRoles(grid=[smart])).sources
    assert first["power_config"] == {"stat_rate_from": "sensor.pi1", "stat_rate_to": "sensor.pe1"}  # type: ignore[typeddict-item]
    assert "power_config" not in second
    assert [source["stat_energy_to"] for source in (first, second)] == ["sensor.e1_0", "sensor.e1_1"]  # type: ignore[typeddict-item]
    devices = additions(prefs(), MeterRoles(devices=[smart])).devices
    assert [device["name"] for device in devices] == ["Load 1 1", "Load 1 2"]
    assert ["stat_rate" in device for device in devices] == [True, False]
    (solar, _) = additions(prefs(), MeterRoles(solar=[(smart, Direction.EXPORT)])).sources
    assert solar["stat_rate"] == "sensor.pe1"


@pytest.mark.parametrize(
    ("power", "charging", "energy", "config"),
    [
        ("net", Direction.IMPORT, ("sensor.e1_0", "sensor.i1_0"), {"stat_rate_inverted": "sensor.p1"}),
        ("net", Direction.EXPORT, ("sensor.i1_0", "sensor.e1_0"), {"stat_rate": "sensor.p1"}),
        (
            "two",
            Direction.IMPORT,
            ("sensor.e1_0", "sensor.i1_0"),
            {"stat_rate_from": "sensor.pe1", "stat_rate_to": "sensor.pi1"},
        ),
        (
            "two",
            Direction.EXPORT,
            ("sensor.i1_0", "sensor.e1_0"),
            {"stat_rate_from": "sensor.pi1", "stat_rate_to": "sensor.pe1"},
        ),
        ("no", Direction.IMPORT, ("sensor.e1_0", "sensor.i1_0"), None),
    ],
)
def test_a_battery_either_way_round(power: str, charging: Direction, energy: tuple[str, str], config: Any) -> None:
    """Energy from a battery is what it discharges, and its power is positive then."""
    (source,) = additions(prefs(), MeterRoles(batteries=[meter(1, power=power)], charging=charging)).sources
    assert source["type"] == "battery"
    assert (source["stat_energy_from"], source["stat_energy_to"]) == energy
    assert source.get("power_config") == config


@pytest.mark.parametrize(
    ("signs", "grid", "exporting", "importing"),
    [
        ({}, {"stat_rate": "sensor.p1"}, "sensor.turned", "sensor.p1"),
        ({Direction.IMPORT: 1, Direction.EXPORT: -1}, {"stat_rate": "sensor.p1"}, "sensor.turned", "sensor.p1"),
        ({Direction.IMPORT: -1}, {"stat_rate_inverted": "sensor.p1"}, "sensor.turned", "sensor.turned"),
        ({Direction.EXPORT: 1}, {"stat_rate_inverted": "sensor.p1"}, "sensor.p1", "sensor.p1"),
        ({Direction.IMPORT: 1, Direction.EXPORT: 1}, None, "sensor.p1", "sensor.p1"),
    ],
)
def test_the_sign_of_a_power(
    signs: dict[Direction, int], grid: dict[str, str] | None, exporting: str, importing: str
) -> None:
    """By the measured sign: a grid connection without signs has no power; a production is always positive."""
    seen = replace(meter(1), signs=signs, production="sensor.turned")
    (source,) = additions(prefs(), MeterRoles(grid=[seen])).sources
    assert source.get("power_config") == grid
    for direction, power in ((Direction.EXPORT, exporting), (Direction.IMPORT, importing)):
        (source,) = additions(prefs(), MeterRoles(solar=[(seen, direction)])).sources
        assert source["stat_rate"] == power


def test_gas_and_water() -> None:
    """One source each, without a price; those that are there stay."""
    roles = MeterRoles(gas={"sensor.gas": "Gas"}, water={"sensor.water": "Water", "sensor.hot": "Hot"})
    present = prefs([{"type": "water", "stat_energy_from": "sensor.hot", "stat_cost": None}])
    found = additions(present, roles)
    assert [(source["type"], source["name"]) for source in found.sources] == [("gas", "Gas"), ("water", "Water")]
    ENERGY_SOURCE_SCHEMA(deepcopy(merged(present, found)["energy_sources"]))
    assert not additions(prefs(found.sources), MeterRoles(gas=roles.gas))


def test_the_whole_house() -> None:
    """One meter, with its power, where the dashboard has none; the release that has such a source takes it."""
    house = {"type": "home", "stat_energy_to": "sensor.i1_0", "stat_rate": "sensor.p1", "name": "Load 1"}
    found = additions(prefs(), MeterRoles(home=meter(1)))
    assert found.sources == [house]
    assert in_sources(prefs([house])) == {"sensor.i1_0"}
    assert not additions(prefs([house]), MeterRoles(home=meter(2)))
    if HOME_SOURCE:
        ENERGY_SOURCE_SCHEMA(found.sources)


def test_a_battery_needs_both_directions() -> None:
    """A meter with one counter is not a battery."""
    assert not additions(prefs(), MeterRoles(batteries=[meter(1, exported=False)]))


def test_what_is_there_stays_as_it_is() -> None:
    """A counter that has its place keeps it, with price, name and all; a power is used once among connections."""
    own = GRID | {"stat_energy_from": "sensor.i1_0", "stat_energy_to": None, "number_energy_price": 0.3, "name": "Home"}
    other = GRID | {"stat_energy_from": "sensor.other", "stat_energy_to": None, "stat_rate": "sensor.p2"}
    device = {"stat_consumption": "sensor.i3_0", "name": "Mine"}
    present = prefs([own, other], [device])
    found = additions(present, MeterRoles(grid=[meter(1), meter(2)], devices=[meter(3), meter(4)]))
    assert [source.get("stat_energy_from") for source in found.sources] == ["sensor.i2_0"]
    assert "power_config" not in found.sources[0]
    assert [device["stat_consumption"] for device in found.devices] == ["sensor.i4_0"]
    after = merged(present, found)
    assert after["energy_sources"][:2] == [own, other]
    assert after["device_consumption"][0] is device
    assert in_sources(present) == {"sensor.i1_0", "sensor.other"}
    assert in_devices(present) == {"sensor.i3_0"}


def test_no_meter_runs_through_itself() -> None:
    """Upstream of a device is another device of the dashboard, and there is no circle."""
    present = prefs(devices=[{"stat_consumption": "sensor.there", "included_in_stat": "sensor.i1_0"}])
    upstream = {"sensor.i1_0": "sensor.there", "sensor.i2_0": "sensor.i2_0", "sensor.i3_0": "sensor.nowhere"}
    found = additions(present, MeterRoles(devices=[meter(1), meter(2), meter(3)], upstream=upstream))
    assert not any("included_in_stat" in device for device in found.devices)
    assert has_cycle({"a": "b", "b": "c", "c": "b"})
    assert not has_cycle({"a": "b", "b": "c", "d": "c"})


METERS = st.builds(
    meter,
    st.integers(0, 5),
    parts=st.integers(1, 3),
    exported=st.booleans(),
    power=st.sampled_from(["net", "two", "no"]),
)
STATS = st.sampled_from([f"sensor.{kind}{uid}_{part}" for kind in "ie" for uid in range(6) for part in range(2)])
WISHES = st.builds(
    MeterRoles,
    grid=st.lists(METERS, max_size=2),
    solar=st.lists(st.tuples(METERS, st.sampled_from(Direction)), max_size=2),
    batteries=st.lists(METERS, max_size=2),
    charging=st.sampled_from(Direction),
    devices=st.lists(METERS, max_size=4),
    upstream=st.dictionaries(STATS, STATS, max_size=5),
)


@given(WISHES, WISHES, st.lists(STATS, max_size=3, unique=True))
def test_whatever_is_wished_nothing_is_lost(first: MeterRoles, second: MeterRoles, foreign: list[str]) -> None:
    """After random choices all former sources are unchanged, in order and valid; repeating adds nothing."""
    present = prefs(
        [{"type": "gas", "stat_energy_from": "sensor.gas", "stat_cost": None}],
        [{"stat_consumption": stat, "name": "Mine"} for stat in foreign],
    )
    for roles in (first, second):
        before = deepcopy(present)
        found = additions(present, roles)
        assert present == before
        update = merged(present, found)
        assert update["energy_sources"][: len(before["energy_sources"])] == before["energy_sources"]
        assert update["device_consumption"][: len(before["device_consumption"])] == before["device_consumption"]
        ENERGY_SOURCE_SCHEMA(deepcopy(update["energy_sources"]))
        vol.Schema([DEVICE_CONSUMPTION_SCHEMA])(deepcopy(update["device_consumption"]))
        present = prefs(update["energy_sources"], update["device_consumption"])
        assert not additions(present, roles)
        devices = present["device_consumption"]
        stats = [device["stat_consumption"] for device in devices]
        assert len(stats) == len(set(stats))
        upstream = {d["stat_consumption"]: d["included_in_stat"] for d in devices if "included_in_stat" in d}
        assert set(upstream.values()) <= set(stats)
        assert not has_cycle(upstream)
        for kind in ("solar", "battery", "grid"):
            used = [s.get("stat_energy_from") for s in present["energy_sources"] if s["type"] == kind]
            assert len(used) == len(set(used))
