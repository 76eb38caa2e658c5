"""The integration's devices, entities and states in Home Assistant."""

from dataclasses import dataclass
from typing import Any, Final

from . import DOMAIN
from .websocket import WebSocket

#: Shown for an entity without a name, which has its device's name.
NO_NAME: Final = "(as its device)"
NO_VALUE: Final = frozenset({"unknown", "unavailable", ""})


@dataclass(frozen=True, slots=True)
class Device:
    """A device or child device."""

    id: str
    name: str
    parent_id: str | None
    """Its parent device, or the device it is connected via."""
    details: tuple[str, ...]
    """Manufacturer, model, part number, serial number and firmware, as far as known."""


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity with its state."""

    entity_id: str
    unique_id: str
    device_id: str | None
    name: str
    disabled_by: str | None
    value: str | None
    """The state, None without one."""
    unit: str | None

    @property
    def has_value(self) -> bool:
        """Return whether it has a value."""
        return self.value is not None and self.value not in NO_VALUE


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """The config entry and its state."""

    entry_id: str
    title: str
    state: str
    """`loaded`, `setup_retry`, `setup_error` and so on."""
    reason: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The devices and entities of a config entry."""

    entry: ConfigEntry
    devices: tuple[Device, ...]
    entities: tuple[Entity, ...]


async def take_snapshot(websocket: WebSocket, entry_id: str) -> Snapshot:
    """Read the registries and the states; HarnessError if the config entry does not exist."""
    entry = await websocket.command("config_entries/get_single", entry_id=entry_id)
    devices = await websocket.command("config/device_registry/list")
    entities = await websocket.command("config/entity_registry/list")
    states = {state["entity_id"]: state for state in await websocket.command("get_states")}
    return Snapshot(
        entry=_entry(entry["config_entry"]),
        devices=tuple(_device(device) for device in devices if device["config_entry_id"] == entry_id),
        entities=tuple(
            _entity(entity, states.get(entity["entity_id"]))
            for entity in entities
            if entity["config_entry_id"] == entry_id and entity["platform"] == DOMAIN
        ),
    )


def _entry(data: Any) -> ConfigEntry:
    return ConfigEntry(data["entry_id"], data["title"], data["state"], data.get("reason"))


def _device(data: Any) -> Device:
    # A child device has no model, serial number and so on at all, not even as null.
    details = (data.get(key) for key in ("manufacturer", "model", "model_id", "serial_number", "sw_version"))
    return Device(
        id=data["id"],
        name=data.get("name_by_user") or data["name"] or "(no name)",
        parent_id=data.get("parent_device_id") or data.get("via_device_id"),
        details=tuple(dict.fromkeys(str(detail) for detail in details if detail)),
    )


def _entity(data: Any, state: Any) -> Entity:
    attributes = state["attributes"] if state else {}
    return Entity(
        entity_id=data["entity_id"],
        unique_id=data["unique_id"],
        device_id=data["device_id"],
        name=data["name"] or data["original_name"] or NO_NAME,
        disabled_by=data["disabled_by"],
        value=state["state"] if state else None,
        unit=attributes.get("unit_of_measurement"),
    )
