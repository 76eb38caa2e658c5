"""Which codes are decidable: by the simulator's truth, without the solver."""

import pytest

from benchmarks.decidable import undecidable
from benchmarks.observation import Conditions, meaning_of
from simulator.site import Site, SiteKind, build_site

#: Midsummer, a Sunday morning and a Monday noon in UTC.
SUNDAY, MONDAY = 1_749_967_200.0, 1_750_075_200.0


def unknowable(site: Site, conditions: Conditions) -> set[str]:
    """Return the quantities that cannot be identified on a site, without units."""
    codes = undecidable(site, conditions, 1)
    return {meaning_of(site, signal).partition("/")[0] for signal in site.signals.values() if signal.si in codes}


@pytest.mark.parametrize("unity", [False, True])
def test_r26_active_and_apparent_can_be_told_by_a_power_factor(*, unity: bool) -> None:
    """At power factor 1 both read the same in every digit."""
    site = build_site(SiteKind.FLAT, 11, unity_power_factor=unity)
    found = unknowable(site, Conditions(start=MONDAY, hours=6))
    assert ({"active_power", "apparent_power", "apparent_energy"} <= found) is unity
    assert unity or found.isdisjoint({"active_power", "apparent_power", "voltage_l1", "current_l1", "power_factor"})


def test_r26_counters_can_be_told_by_what_adds_up_to_them() -> None:
    """Alone a counter may be partial; without export import may be the net; a single tariff may be the total."""
    conditions = Conditions(start=MONDAY)
    with_parts = unknowable(build_site(SiteKind.FLAT, 11, partials=True, disabled=0.0), conditions)
    assert with_parts.isdisjoint({"apparent_energy", "apparent_energy_partial", "run_hours", "run_hours_partial"})
    assert {"energy_import", "energy_net"} <= with_parts  # nothing is exported
    assert {"energy_import_t1", "energy_import_t2"} <= with_parts  # and no meter of the flat shows the tariff
    alone = unknowable(build_site(SiteKind.FLAT, 11, disabled=0.0), conditions)
    assert {"apparent_energy", "run_hours"} <= alone


@pytest.mark.parametrize("start", [SUNDAY, MONDAY])
def test_r26_reactive_energy_can_be_told_from_its_tariff_when_that_changes(start: float) -> None:
    """On a Sunday one tariff counts all day, exactly as the total does."""
    site = build_site(SiteKind.HOUSE, 12, p1=False, partials=True)
    found = unknowable(site, Conditions(start=start, hours=10))
    assert ("reactive_energy_import" in found) is (start == SUNDAY)
    assert {"energy_import_t1", "energy_import_t2"}.isdisjoint(found) is (start == MONDAY)


def test_r26_the_codes_of_a_p1_port_alone_are_undecidable() -> None:
    """It shows no power factor, S or Q; with a meter at the same connection its codes are decidable."""
    site = build_site(SiteKind.HOUSE, 13, p1=True)
    port = Conditions(start=MONDAY, hours=3, p1_alone=True)
    names = {"voltage_l1", "current_l2", "power_import", "power_export_l3", "energy_import_t1"}
    assert names <= unknowable(site, port)
    assert names.isdisjoint(unknowable(site, Conditions(start=MONDAY)) - {"energy_import_t1"})
