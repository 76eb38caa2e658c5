"""The sites: their contents, codes, options and truth."""

from datetime import UTC, datetime
import math
from typing import Any

import pytest

from simulator import Quantity, Site, SiteKind, SiteOptions, build_site
from simulator.site.codes import draw_codes
from simulator.site.quantities import DIMENSIONS, Dimension

from .probe import NOW


def labels(site: Site) -> set[str]:
    """Return the labels of a site's loads."""
    return {load.label for load in site.loads.values()}


def test_a_flat_is_the_documents_example() -> None:
    """Main meter on one phase as device 1, load 2; signal 100 of load 83 of device 82 is a voltage with code 29."""
    site = build_site(SiteKind.FLAT, seed=1)
    main = site.devices[1]
    assert (main.label, main.part_number, main.system) == ("Main meter", "EMS10AV5S1X", "1P")
    assert (site.loads[2].label, site.loads[2].did, site.loads[2].type) == ("Main", 1, 0)
    signal = site.signals[100]
    assert (signal.si, signal.lid, signal.did) == (29, 83, 82)
    assert site.truth(100) == ("voltage_l1", "V")
    assert {device.system for device in site.devices.values()} == {"1P"}
    assert "voltage_l2" not in {signal.quantity for signal in site.signals.values()}


def test_a_house_has_three_phases_solar_heat_pump_wallbox_and_p1() -> None:
    """And without solar power and P1 port it has not."""
    assert {"Main", "Solar", "Heat pump", "Wallbox", "Smart meter", "Gas"} <= labels(build_site(SiteKind.HOUSE))
    bare = build_site(SiteKind.HOUSE, solar=False, p1=False)
    assert not {"Solar", "Smart meter", "Gas"} & labels(bare)
    assert bare.devices[1].system == "3P"
    assert build_site(SiteKind.HOUSE, split_phase=True).devices[1].system == "2P"


def test_a_shop_has_twenty_sub_meters_of_mixed_types() -> None:
    """One load is the main meter; a device may have several loads."""
    site = build_site(SiteKind.SHOP)
    assert len(site.loads) == 21
    assert len({site.devices[load.did].part_number for load in site.loads.values()}) >= 8
    assert len({load.protocol for load in site.loads.values()}) >= 4
    assert max(sum(load.did == uid for load in site.loads.values()) for uid in site.devices) == 3


@pytest.mark.parametrize("signals", [0, 1, 15, 16, 17, 1000, 5000])
def test_a_load_test_has_exactly_as_many_signals_as_wanted(signals: int) -> None:
    """Any number, none too."""
    site = build_site(SiteKind.LOAD_TEST, signals=signals)
    assert len(site.signals) == signals
    assert bool(site.devices) is bool(signals)


@pytest.mark.parametrize("split_phase", [False, True])
@pytest.mark.parametrize("kind", SiteKind)
def test_every_site_is_well_formed(kind: SiteKind, *, split_phase: bool) -> None:
    """UIDs are distinct over devices, loads and signals, with gaps; every signal hangs on its load, that on its device."""
    site = build_site(kind, seed=4, split_phase=split_phase)
    uids = [*site.devices, *site.loads, *site.signals]
    assert len(set(uids)) == len(uids)
    assert max(uids) > len(uids)
    assert list(site.signals) == sorted(site.signals)
    for signal in site.signals.values():
        assert site.loads[signal.lid].did == signal.did
    for load in site.loads.values():
        assert load.did in site.devices
        assert site.signals_of_load(load.uid)
        quantities = [signal.quantity for signal in site.signals_of_load(load.uid)]
        assert len(set(quantities)) == len(quantities)
    for uid in site.signals:
        assert isinstance(site.reading(uid, NOW), float)


@pytest.mark.parametrize("kind", [SiteKind.FLAT, SiteKind.HOUSE])
@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 12))])
def test_every_varied_site_reads_finite_numbers(kind: SiteKind, seed: int) -> None:
    """Whatever the seed draws: split phase, 60 Hz, idle loads, no solar power."""
    site = build_site(kind, seed, vary=True)
    for uid in site.signals:
        assert all(math.isfinite(value) for value in site.readings(uid, [NOW, NOW + 6 * 3600, NOW + 200 * 86_400]))


def test_phases_are_never_quite_alike() -> None:
    """A heat pump loads its three phases within a few per cent of each other, not to the last digit."""
    site = build_site(SiteKind.HOUSE, seed=1)
    pump = next(load.uid for load in site.loads.values() if load.label == "Heat pump")
    phases = [site.energy_wh(site.find(f"energy_import_l{n}", pump), NOW, NOW + 86_400) for n in (1, 2, 3)]
    assert len({round(energy, 3) for energy in phases}) == 3
    assert max(phases) < 1.06 * min(phases)


def test_some_rarely_wanted_signals_are_not_enabled() -> None:
    """By the share asked for; what everybody wants is always enabled."""
    site = build_site(SiteKind.SHOP)
    off = {signal.quantity for signal in site.signals.values() if not signal.enable}
    assert off
    assert all(name.startswith(("thd_", "phase_sequence", "alarm", "apparent_power_l")) for name in off)
    assert all(signal.enable for signal in build_site(SiteKind.SHOP, disabled=0.0).signals.values())


class TestCodes:
    """Signal-identifier codes."""

    def test_one_code_for_one_quantity_on_every_load(self) -> None:
        """And 29 is the phase voltage."""
        site = build_site(SiteKind.SHOP, seed=9)
        found: dict[int, str] = {}
        for signal in site.signals.values():
            assert found.setdefault(signal.si, signal.quantity) == signal.quantity
        assert found[29] == "voltage_l1"
        assert len(set(found.values())) == len(found)

    @pytest.mark.parametrize("ascending", [True, False])
    def test_codes_are_drawn_from_the_seed(self, *, ascending: bool) -> None:
        """Distinct numbers from 1 to 2000, others with another seed; 29 stays."""
        tables = [draw_codes(seed, ascending_phases=ascending) for seed in range(40)]
        for table in tables:
            assert set(table) == set(Quantity)
            assert len(set(table.values())) == len(table)
            assert all(1 <= code <= 2000 for code in table.values())
            assert [quantity for quantity, code in table.items() if code == 29] == ["voltage_l1"]
        assert draw_codes(7, ascending_phases=ascending) == tables[7]
        assert len({table[Quantity.ACTIVE_POWER] for table in tables}) > 35

    def test_phases_ascend_unless_told_otherwise(self) -> None:
        """L1 < L2 < L3 for every quantity, or by chance."""
        families = ["voltage_l{}", "current_l{}", "energy_import_l{}", "thd_current_l{}"]

        def ascending(table: dict[Quantity, int], family: str) -> bool:
            codes = [table[Quantity(family.format(phase))] for phase in (1, 2, 3)]
            return codes == sorted(codes)

        for seed in range(30):
            table = draw_codes(seed, ascending_phases=True)
            assert all(ascending(table, family) for family in families)
        chance = [ascending(draw_codes(seed, ascending_phases=False), "current_l{}") for seed in range(60)]
        assert 2 < sum(chance) < 25


class TestOptions:
    """The options of sites."""

    @pytest.mark.parametrize(("power", "energy"), [("W", "kWh"), ("kW", "Wh"), ("W", "Wh"), ("kW", "kWh")])
    def test_units(self, power: str, energy: str) -> None:
        """The truth names them, readings are in them."""
        site = build_site(SiteKind.HOUSE, seed=1, power_unit=power, energy_unit=energy)
        plain = build_site(SiteKind.HOUSE, seed=1, power_unit="W", energy_unit="Wh")
        prefixes = {"power": power[:-1], "energy": energy[:-2]}
        for uid, signal in site.signals.items():
            quantity, unit = site.truth(uid)
            assert quantity == signal.quantity
            match DIMENSIONS[signal.quantity]:
                case Dimension.ACTIVE_POWER:
                    assert unit == power
                case Dimension.REACTIVE_POWER:
                    assert unit == f"{prefixes['power']}var"
                case Dimension.ACTIVE_ENERGY:
                    assert unit == energy
                case Dimension.REACTIVE_ENERGY:
                    assert unit == f"{prefixes['energy']}varh"
            factor = 1000.0 if unit.startswith("k") else 1.0
            assert site.reading(uid, NOW) * factor == pytest.approx(plain.reading(uid, NOW))

    def test_what_is_left_open_is_drawn_from_the_seed(self) -> None:
        """Both units occur, and the same seed draws the same."""
        units = [build_site(SiteKind.FLAT, seed).options.power_unit for seed in range(20)]
        assert set(units) == {"W", "kW"}
        assert units == [build_site(SiteKind.FLAT, seed).options.power_unit for seed in range(20)]

    def test_vary_draws_everything_but_what_is_given(self) -> None:
        """Over many seeds every trait occurs both ways; a given one always holds."""
        drawn = [build_site(SiteKind.FLAT, seed, vary=True, voltage=240.0).options for seed in range(60)]
        assert {options.frequency for options in drawn} == {50.0, 60.0}
        assert {options.signed_power for options in drawn} == {True, False}
        assert len({options.noise for options in drawn}) > 2
        assert {options.voltage for options in drawn} == {240.0}
        assert drawn[3] == build_site(SiteKind.FLAT, 3, vary=True, voltage=240.0).options

    @pytest.mark.parametrize(
        ("option", "sentence"),
        [
            ({"power_unit": "MW"}, "power_unit is W or kW, not MW"),
            ({"energy_unit": "J"}, "energy_unit is Wh or kWh, not J"),
            ({"frequency": 16.7}, "frequency is 50 or 60, not 16.7"),
            ({"voltage": 12}, "voltage is 100 to 277, not 12"),
            ({"noise": -1}, "noise is 0 to 10 per cent, not -1"),
            ({"idle": 2}, "idle is 0 to 1, not 2"),
            ({"disabled": 2}, "disabled is 0 to 1, not 2"),
            ({"signals": 100_001}, "signals is 0 to 100000, not 100001"),
            ({"period": 61}, "period is 60, 300 or 900, not 61"),
        ],
    )
    def test_out_of_range(self, option: dict[str, Any], sentence: str) -> None:
        """A ValueError with a sentence."""
        with pytest.raises(ValueError, match=sentence):
            build_site(SiteKind.FLAT, **option)

    def test_unknown_ones(self) -> None:
        """A TypeError, drawn or not; an unknown kind is a ValueError."""
        with pytest.raises(TypeError, match="colour"):
            build_site(SiteKind.FLAT, colour="red")
        with pytest.raises(TypeError, match="unknown site options: colour"):
            build_site(SiteKind.FLAT, vary=True, colour="red")
        with pytest.raises(ValueError, match="castle"):
            build_site("castle")

    def test_idle_sub_loads_draw_nothing(self) -> None:
        """Their share decides how many; idle means zero for ever."""
        site = build_site(SiteKind.SHOP, seed=2, idle=1.0)
        light = next(load.uid for load in site.loads.values() if load.label == "Light storage")
        assert site.energy_wh(site.find("energy_import", light), NOW, NOW + 7 * 86_400) == 0.0
        assert site.reading(site.find("power_factor", light), NOW) == 1.0

    def test_history_reaches_back_four_hundred_days_by_itself(self, freezer: Any) -> None:
        """From the day the site is built."""
        freezer.move_to(datetime(2026, 1, 15, 12, tzinfo=UTC))
        assert build_site(SiteKind.FLAT).installed == datetime(2024, 12, 11, tzinfo=UTC).timestamp()
        assert SiteOptions(installed=5.0).settle(1).installed == 5.0


class TestTruth:
    """The truth of a site."""

    def test_instants_may_be_datetimes(self) -> None:
        """With a zone; without one it is an error."""
        site = build_site(SiteKind.FLAT)
        assert site.reading(3, datetime.fromtimestamp(NOW, UTC)) == site.reading(3, NOW)
        with pytest.raises(ValueError, match="zone"):
            site.reading(3, datetime(2026, 1, 1))  # noqa: DTZ001 (that is what is tested)

    def test_energy_of_power_and_of_counters(self) -> None:
        """A total power's energy is its counter's; what has no energy is an error."""
        site = build_site(SiteKind.HOUSE)
        power, net = site.find("active_power", 2), site.find("energy_net", 2)
        assert site.energy_wh(power, NOW, NOW + 3600) == site.energy_wh(net, NOW, NOW + 3600)
        with pytest.raises(ValueError, match="measures voltage_l1"):
            site.energy_wh(3, NOW, NOW + 1)

    def test_what_is_not_there(self) -> None:
        """KeyError for a signal, LookupError for a quantity."""
        site = build_site(SiteKind.FLAT)
        with pytest.raises(KeyError):
            site.truth(9999)
        with pytest.raises(LookupError, match="gas_volume"):
            site.find("gas_volume")

    def test_the_shop_measures_heat_and_water(self) -> None:
        """Heat power makes heat energy; temperatures are plausible."""
        site = build_site(SiteKind.SHOP)
        power, energy = site.find("heat_power"), site.find("heat_energy")
        assert site.energy_wh(power, NOW, NOW + 3600) == site.energy_wh(energy, NOW, NOW + 3600) > 0
        flow, back = (
            site.reading(site.find("flow_temperature"), NOW),
            site.reading(site.find("return_temperature"), NOW),
        )
        assert 20 < back < flow < 70
        assert 15 < site.reading(site.find("temperature"), NOW) < 28
        assert site.truth(site.find("water_volume"))[1] == "m³"
