"""Makes the frontend open on what the gateway measures."""

from typing import Final

from .websocket import WebSocket

URL_PATH: Final = "ems-loads"
#: Home Assistant's own overview leaves out sensors that are in no area; this lays out all, by device.
CONFIG: Final = {"strategy": {"type": "original-states"}}


async def open_on_loads(websocket: WebSocket) -> None:
    """Add a dashboard with every entity of every device, and make it the one that the bare address opens."""
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
