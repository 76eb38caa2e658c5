"""Takeover of entities, devices and statistics by a gateway that replaces another."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass
import re
from typing import TYPE_CHECKING, Any, Final, Self

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.carlo_gavazzi_ems.api import Device, Load, Snapshot
from custom_components.carlo_gavazzi_ems.const import CONF_REPLACED, DOMAIN

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

#: The part of a unique id after the serial number, if it belongs to a signal, a load or a device.
_KEY: Final = re.compile(r"(?:(load|device)_)?(\d+)(?:_|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """The devices, loads and signals that are the same on a replaced gateway and the new one: new UIDs by old UIDs."""

    serial_number: str
    """The serial number of the replaced gateway."""
    devices: Mapping[int, int]
    loads: Mapping[int, int]
    signals: Mapping[int, int]

    @classmethod
    def between(cls, old: Snapshot, new: Snapshot) -> Self:
        """Return what is the same: devices and loads of the same label, and signals of the same code on such a load."""
        devices = _same(_labels(old.devices), _labels(new.devices))
        loads = _same(_labels(old.loads), _labels(new.loads))
        signals = _same(
            {
                uid: (each.code, None if each.load_uid is None else loads[each.load_uid])
                for uid, each in old.signals.items()
                if each.load_uid is None or each.load_uid in loads
            },
            {uid: (each.code, each.load_uid) for uid, each in new.signals.items()},
        )
        return cls(serial_number=old.info.serial_number, devices=devices, loads=loads, signals=signals)

    @property
    def moves(self) -> bool:
        """Whether something has another UID than before."""
        return any(old != new for same in (self.devices, self.loads, self.signals) for old, new in same.items())

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `as_dict` gave."""
        same = {kind: {int(old): new for old, new in kept[kind].items()} for kind in ("devices", "loads", "signals")}
        return cls(serial_number=kept["serial_number"], **same)

    def as_dict(self) -> dict[str, Any]:
        """Return it as stored in the entry."""
        return asdict(self)

    def renamed(self, unique_id: str, serial_number: str) -> str | None:
        """Return a unique id or identifier of the replaced gateway under the new serial number.

        None if it belongs to something else, or to a signal, load or device that is not the same on the new gateway.
        """
        if unique_id == self.serial_number:
            return serial_number
        key = unique_id.removeprefix(f"{self.serial_number}_")
        if key == unique_id:
            return None
        if (match := _KEY.match(key)) is not None:
            same = {"load": self.loads, "device": self.devices}.get(match[1] or "", self.signals)
            if (uid := same.get(int(match[2]))) is None:
                return None
            key = f"{key[: match.start(2)]}{uid}{key[match.end(2) :]}"
        return f"{serial_number}_{key}"


def _same[K](old: Mapping[int, K], new: Mapping[int, K]) -> dict[int, int]:
    """Return the new UIDs of what is the same, by the old ones: those of before, and of the rest what there is only once."""
    same = {uid: uid for uid, what in old.items() if new.get(uid) == what}
    before, after = _single(old, same), _single(new, same)
    return same | {before[what]: uid for what, uid in after.items() if what in before}


def _single[K](records: Mapping[int, K], but: Collection[int]) -> dict[K, int]:
    """Return the UIDs of what there is only once, apart from some."""
    left = [(what, uid) for uid, what in records.items() if uid not in but]
    count = Counter(what for what, _ in left)
    return {what: uid for what, uid in left if what and count[what] == 1}


def _labels(records: Mapping[int, Device] | Mapping[int, Load]) -> dict[int, str]:
    """Return labels by UID."""
    return {uid: record.label for uid, record in records.items()}


async def async_take_over(
    hass: HomeAssistant, entry: EmsConfigEntry, forget: Collection[Callable[[], Awaitable[None]]]
) -> None:
    """Rename what a replaced gateway left in the registries, before anything is registered for the new one.

    Where UIDs have changed, first `forget` what is kept by UID: it is about something else now. The entry keeps what is
    to be renamed until a start of Home Assistant finds it done on disk: the registries are saved later than the entry.
    """
    if (kept := entry.data.get(CONF_REPLACED)) is None:
        return
    takeover = Takeover.from_dict(kept)
    serial_number = entry.unique_id or ""
    if takeover.moves and any(
        takeover.renamed(item.unique_id, serial_number) is not None
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ):
        for each in forget:
            await each()
    entities = _rename_entities(hass, entry, takeover, serial_number)
    devices = _rename_devices(hass, entry, takeover, serial_number)
    if not entities and not devices and hass.state is not CoreState.running:
        data = {key: value for key, value in entry.data.items() if key != CONF_REPLACED}
        hass.config_entries.async_update_entry(entry, data=data)


def _rename_entities(hass: HomeAssistant, entry: EmsConfigEntry, takeover: Takeover, serial_number: str) -> bool:
    """Change the unique ids of entities. Return whether there were any to change."""
    registry = er.async_get(hass)
    found = False
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        new = takeover.renamed(item.unique_id, serial_number)
        if new is not None and registry.async_get_entity_id(item.domain, DOMAIN, new) is None:
            registry.async_update_entity(item.entity_id, new_unique_id=new)
            found = True
    return found


def _rename_devices(hass: HomeAssistant, entry: EmsConfigEntry, takeover: Takeover, serial_number: str) -> bool:
    """Change the identifiers of devices and remove the MAC address. Return whether there were any to change."""
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    taken = {identifier for device in (*devices, *children) for identifier in device.identifiers}
    found = False
    for device in (*devices, *children):
        renamed = {
            (DOMAIN, takeover.renamed(identifier, serial_number) or identifier) for _, identifier in device.identifiers
        }
        if renamed == device.identifiers or renamed & taken:
            continue
        if isinstance(device, dr.ChildDeviceEntry):
            registry.async_update_child_device(device.id, new_identifiers=renamed)
        else:
            registry.async_update_device(device.id, new_identifiers=renamed, new_connections=set())
        found = True
    return found
