"""R29: the roles of the meters of simulated sites."""

import pytest

from custom_components.carlo_gavazzi_ems.energy.meter import Direction
from simulator import Site, SiteKind, build_site
from tests.nightly import rest_at_night

from .metered import DAY, NOW, Counted, proposed


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
@pytest.mark.parametrize("seed", rest_at_night([1, 2, 3], every=3))
def test_r29_the_sites_of_the_simulator(kind: SiteKind, seed: int, *, vary: bool) -> None:
    """Each site by its own truth: grid and solar found, every consumer that ever drew a device, nothing upstream.

    Each seed at another hour of the day.
    """
    site = build_site(kind, seed, vary=vary)
    now = NOW - 7 * 3600.0 * seed
    meters = {load.label: read for uid, load in site.loads.items() if (read := counters_of(site, uid, now))}
    smart = tuple(load.label for load in site.loads.values() if load.protocol == "P1" and load.label in meters)
    roles = proposed(meters, smart=smart, built_in=("Main",), now=now)
    used = {label for label, read in meters.items() if read[Direction.IMPORT] and read[Direction.IMPORT][-1][1] > 0}
    assert set(roles.grid) <= {"Main", "Smart meter"}
    assert len(roles.grid) == 1
    assert roles.solar == [("Solar", Direction.EXPORT)] * ("Solar" in used)
    consumers = used - {"Main", "Smart meter", "Solar"}
    assert set(roles.devices) <= consumers
    # Where only one load draws power, its meter reads the same as the main meter.
    assert vary or set(roles.devices) == consumers
    assert (roles.batteries, roles.upstream) == ([], {})
