"""A gateway's identity and lists, to and from JSON, so that a start need not wait for the lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from .exceptions import InvalidAnswerError
from .fields import JsonObject
from .models import Device, GatewayInfo, Load, Signal
from .records import Records, as_object, parse_detail, parse_device, parse_load, parse_map, parse_signal, parse_text

_INFO = {"serial_number": "sn", "mac_address": "mac", "firmware": "fw", "part_number": "pn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A gateway when its lists were read, without the settings of its loads, which a start does not need."""

    info: GatewayInfo
    devices: Mapping[int, Device]
    loads: Mapping[int, Load]
    signals: Mapping[int, Signal]

    @classmethod
    def of(
        cls,
        info: GatewayInfo,
        devices: Mapping[int, Device],
        loads: Mapping[int, Load],
        signals: Mapping[int, Signal],
    ) -> Self:
        """Return a snapshot of an identity and lists."""
        plain = {uid: replace(load, settings={}) if load.settings else load for uid, load in loads.items()}
        return cls(info=info, devices=dict(devices), loads=plain, signals=dict(signals))

    def as_json(self) -> dict[str, JsonObject]:
        """Return this in the API's format, so that the same parser reads it; default values are left out."""
        return {
            "info": {key: getattr(self.info, field) for field, key in _INFO.items()},
            "devices": _as_map(self.devices, _device),
            "loads": _as_map(self.loads, _load),
            "signals": _as_map(self.signals, _signal),
        }

    @classmethod
    def from_json(cls, payload: object) -> Self:
        """Return a stored snapshot. Raises InvalidAnswerError unless all of it can be read."""
        kept = as_object(payload, "what was kept")
        lists = (
            parse_map(kept, "devices", parse_device),
            parse_map(kept, "loads", parse_load),
            parse_map(kept, "signals", parse_signal),
        )
        if any(records.rejected for records in lists):
            raise InvalidAnswerError("a record that was kept is damaged")
        details = {field: parse_detail(kept.get("info"), key) for field, key in _INFO.items()}
        info = GatewayInfo(**details | {"serial_number": parse_text(kept.get("info"), "sn")})
        devices, loads, signals = lists
        return cls(info=info, devices=devices, loads=loads, signals=signals)

    def records(self) -> tuple[Records[Device], Records[Load], Records[Signal]]:
        """Return the three lists as the client does."""
        return Records(self.devices), Records(self.loads), Records(self.signals)


def _as_map[T](records: Mapping[int, T], fields: Callable[[T], JsonObject]) -> JsonObject:
    """Return records by UID, without the fields that are None."""
    return {
        str(uid): {key: value for key, value in fields(record).items() if value is not None}
        for uid, record in records.items()
    }


def _device(device: Device) -> JsonObject:
    """Return a device as the API prints it."""
    return {"label": device.label or None, "partNumber": device.part_number or None, "system": device.system or None}


def _load(load: Load) -> JsonObject:
    """Return a load as the API prints it: the key of its protocol has the settings."""
    return {
        "label": load.label or None,
        "enable": None if load.enabled else False,
        "index": load.index,
        "type": load.type,
        "did": load.device_uid,
        **({load.protocol.value: {}} if load.protocol else {}),
    }


def _signal(signal: Signal) -> JsonObject:
    """Return a signal as the API prints it."""
    return {
        "si": signal.code,
        "sir": signal.sir,
        "enable": None if signal.enabled else False,
        "lid": signal.load_uid,
        "did": signal.device_uid,
    }
