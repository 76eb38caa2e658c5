"""Enables the entities that the integration disables by default."""

import asyncio
from typing import Final

from .inventory import Inventory
from .registry import Snapshot, take_snapshot
from .rest import RestClient
from .websocket import WebSocket

LOADED_TIMEOUT: Final = 30.0
POLL_INTERVAL: Final = 0.2


async def enable_all(client: RestClient, websocket: WebSocket, entry_id: str, inventory: Inventory) -> int:
    """Enable entities of enabled signals that the integration has disabled; return their number.

    Does nothing if the integration is not loaded; the check reports that.
    """
    snapshot = await loaded(websocket, entry_id)
    on = {inventory.unique_id(signal) for signal in inventory.signals if signal.enabled}
    off = [
        entity.entity_id
        for entity in snapshot.entities
        if entity.disabled_by == "integration" and entity.unique_id in on
    ]
    for entity_id in off:
        await websocket.command("config/entity_registry/update", entity_id=entity_id, disabled_by=None)
    if off:
        # Home Assistant would reload it itself, 30 s after the last change.
        await client.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
    return len(off)


async def loaded(websocket: WebSocket, entry_id: str) -> Snapshot:
    """Return a snapshot when the integration is loaded, or after the timeout."""
    end = asyncio.get_running_loop().time() + LOADED_TIMEOUT
    while True:
        snapshot = await take_snapshot(websocket, entry_id)
        if snapshot.entry.state == "loaded" or asyncio.get_running_loop().time() > end:
            return snapshot
        await asyncio.sleep(POLL_INTERVAL)
