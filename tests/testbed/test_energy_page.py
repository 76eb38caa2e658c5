"""The Energy dashboard of a demo."""

from dataclasses import replace
from typing import Any

from simulator import Site, SiteKind, build_site
from testbed.energy_page import fill_energy, preferences
from testbed.registry import ConfigEntry, Entity, Snapshot


async def test_the_energy_page_of_a_demo() -> None:
    """The main meter is the grid, every other one a device; what is disabled or not of the site is left out."""
    site: Site = build_site(SiteKind.FLAT, seed=1)
    entities = [
        Entity(f"sensor.s{uid}", f"BX1_{uid}", None, "x", None, "1", "kWh")
        for uid, signal in site.signals.items()
        if site.truth(uid)[0] in ("energy_import", "energy_export")
    ]
    off = entities[-1]
    entities[-1] = replace(off, disabled_by="integration")
    entities.append(Entity("sensor.firmware", "BX1_firmware", None, "x", None, "1", None))
    snapshot = Snapshot(ConfigEntry("one", "EMS", "loaded", None), (), tuple(entities))
    sent: dict[str, Any] = {}

    class Socket:
        async def command(self, name: str, **data: Any) -> None:
            sent[name] = data

    await fill_energy(Socket(), site, snapshot)  # type: ignore[arg-type]
    found = sent["energy/save_prefs"]
    assert found == preferences(site, snapshot)
    (grid,) = found["energy_sources"]
    assert grid["type"] == "grid"
    assert grid["stat_energy_from"] == f"sensor.s{site.find('energy_import')}"
    assert grid["stat_cost"] is None
    stats = {device["stat_consumption"] for device in found["device_consumption"]}
    assert stats
    assert grid["stat_energy_from"] not in stats
    assert off.entity_id not in stats
