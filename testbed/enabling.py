"""Sensors that the integration leaves off by default, switched on as a person would."""

import asyncio
from typing import Final

from .inventory import Inventory
from .registry import Snapshot, take_snapshot
from .rest import RestClient
from .websocket import WebSocket

LOADED_TIMEOUT: Final = 30.0
POLL_INTERVAL: Final = 0.2


async def enable_all(client: RestClient, websocket: WebSocket, entry_id: str, inventory: Inventory) -> int:
    """Switch on what the integration left off although the gateway has it on; return how many entities that were.

    An integration that does not load is left as it is: what is missing tells more than an error here.
    """
    snapshot = await _loaded(websocket, entry_id)
    on = {inventory.unique_id(signal) for signal in inventory.signals if signal.enabled}
    off = [
        entity.entity_id
        for entity in snapshot.entities
        if entity.disabled_by == "integration" and entity.unique_id in on
    ]
    for entity_id in off:
        await websocket.command("config/entity_registry/update", entity_id=entity_id, disabled_by=None)
    if off:
        # Home Assistant would do this by itself, half a minute after the last change.
        await client.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
    return len(off)


async def _loaded(websocket: WebSocket, entry_id: str) -> Snapshot:
    """Return a snapshot as soon as the integration is loaded, or the last one before it takes too long."""
    end = asyncio.get_running_loop().time() + LOADED_TIMEOUT
    while True:
        snapshot = await take_snapshot(websocket, entry_id)
        if snapshot.entry.state == "loaded" or asyncio.get_running_loop().time() > end:
            return snapshot
        await asyncio.sleep(POLL_INTERVAL)
