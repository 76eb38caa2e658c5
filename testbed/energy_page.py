"""The Energy dashboard of a demo, with the meters of a simulated flat."""

from collections.abc import Mapping
from typing import Final

from simulator import Site

from .registry import Snapshot
from .websocket import WebSocket

_NO_PRICES: Final = {
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0,
}


def preferences(site: Site, snapshot: Snapshot) -> dict[str, list[Mapping[str, object]]]:
    """Return the first load as the grid, all others as devices."""
    entity_ids = {
        int(key): entity.entity_id
        for entity in snapshot.entities
        if entity.disabled_by is None and (key := entity.unique_id.rpartition("_")[2]).isdecimal()
    }
    counters: dict[int, dict[str, str]] = {}
    for uid, signal in site.signals.items():
        if uid in entity_ids:
            counters.setdefault(signal.lid, {})[site.truth(uid)[0]] = entity_ids[uid]
    sources: list[Mapping[str, object]] = []
    devices: list[Mapping[str, object]] = []
    for lid in site.loads:
        imported, exported = (counters.get(lid, {}).get(f"energy_{way}") for way in ("import", "export"))
        if imported is None:
            continue
        if not sources:
            sources.append({"type": "grid", "stat_energy_from": imported, "stat_energy_to": exported, **_NO_PRICES})
        else:
            devices.append({"stat_consumption": imported})
    return {"energy_sources": sources, "device_consumption": devices}


async def fill_energy(websocket: WebSocket, site: Site, snapshot: Snapshot) -> None:
    """Put the meters of a site into the Energy dashboard."""
    await websocket.command("energy/save_prefs", **preferences(site, snapshot))
