"""A dashboard with the gateway's entities as the frontend's start page."""

from typing import Final

from .websocket import WebSocket

URL_PATH: Final = "ems-loads"
#: Lists all entities by device; Home Assistant's overview leaves out sensors without an area.
CONFIG: Final = {"strategy": {"type": "original-states"}}


async def open_on_loads(websocket: WebSocket) -> None:
    """Add a dashboard with every entity, and make it the default."""
    await websocket.command(
        "lovelace/dashboards/create",
        url_path=URL_PATH,
        title="EMS",
        icon="mdi:meter-electric",
        show_in_sidebar=True,
        require_admin=False,
        mode="storage",
    )
    await websocket.command("lovelace/config/save", url_path=URL_PATH, config=CONFIG)
    await websocket.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
