"""The tree of devices and entities as text, and the signals missing from it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from unicodedata import east_asian_width

from .inventory import Inventory
from .registry import Device, Entity, Snapshot

#: Longer texts are cut, so that values stay on the screen.
MAX_WIDTH: Final = 80


def render(snapshot: Snapshot) -> str:
    """Return the tree as text: devices below their parent, entities below their device."""
    known = {device.id for device in snapshot.devices}
    children: dict[str | None, list[Device]] = {}
    for device in snapshot.devices:
        parent = device.parent_id if device.parent_id in known else None
        children.setdefault(parent, []).append(device)
    lines = [line for device in children.get(None, []) for line in _device_lines(device, children, snapshot, "")]
    lines += _entity_lines([entity for entity in snapshot.entities if entity.device_id not in known], "")
    return "\n".join(lines)


def summary(snapshot: Snapshot) -> str:
    """Return the numbers of devices and entities in one line."""
    disabled = sum(entity.disabled_by is not None for entity in snapshot.entities)
    values = sum(entity.has_value for entity in snapshot.entities)
    return (
        f"{len(snapshot.devices)} devices, {len(snapshot.entities)} entities: "
        f"{values} with a value, {disabled} disabled, {len(snapshot.entities) - values - disabled} without a value"
    )


def missing(snapshot: Snapshot, inventory: Inventory, *, all_on: bool = True) -> list[str]:
    """Return a line for every signal of the gateway that is not as expected in Home Assistant.

    An enabled signal needs an entity with a value, a disabled one a disabled entity.
    Unless `all_on`, the integration may disable entities by default.
    """
    problems = []
    if snapshot.entry.state != "loaded":
        reason = f": {snapshot.entry.reason}" if snapshot.entry.reason else ""
        problems.append(f"the integration is not loaded but in state {snapshot.entry.state}{reason}")
    entities = {entity.unique_id: entity for entity in snapshot.entities}
    for signal in inventory.signals:
        problem = _problem(entities.get(inventory.unique_id(signal)), enabled=signal.enabled, all_on=all_on)
        if problem is not None:
            problems.append(f"signal {signal.uid} (code {signal.code}): {problem}")
    return problems


def _problem(entity: Entity | None, *, enabled: bool, all_on: bool) -> str | None:
    if entity is None:
        return "has no entity"
    if not enabled:
        return None if entity.disabled_by else f"{entity.entity_id} is enabled, though it is off on the gateway"
    if entity.disabled_by == "integration" and not all_on:
        return None
    if entity.disabled_by:
        return f"{entity.entity_id} is disabled by {entity.disabled_by}, though it is on on the gateway"
    return None if entity.has_value else f"{entity.entity_id} has no value ({entity.value})"


def _device_lines(
    device: Device, children: dict[str | None, list[Device]], snapshot: Snapshot, indent: str
) -> Iterator[str]:
    yield indent + " · ".join(_shown(text) for text in (device.name, *device.details))
    below = indent + "    "
    yield from _entity_lines([entity for entity in snapshot.entities if entity.device_id == device.id], below)
    # A device whose parent is its own descendant is not reached from a root.
    for child in children.get(device.id, []):
        yield from _device_lines(child, children, snapshot, below)


def _entity_lines(entities: Sequence[Entity], indent: str) -> Iterator[str]:
    names = _column(entity.name for entity in entities)
    ids = _column(entity.entity_id for entity in entities)
    values = [_value(entity) for entity in entities]
    width = max(map(len, values), default=0)
    for entity, name, entity_id, value in zip(entities, names, ids, values, strict=True):
        yield f"{indent}{name}  {entity_id}  {value:>{width}} {entity.unit or ''}".rstrip()


def _value(entity: Entity) -> str:
    if entity.disabled_by:
        return "(disabled)"
    return "(no state)" if entity.value is None else _shown(entity.value)


def _column(texts: Iterable[str]) -> list[str]:
    """Pad texts to the same width; an ideograph is two columns wide."""
    shown = [_shown(text) for text in texts]
    width = max((_width(text) for text in shown), default=0)
    return [text + " " * (width - _width(text)) for text in shown]


def _shown(text: str) -> str:
    """Return a text without control characters for the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text[:MAX_WIDTH])


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
