"""What helps to find a fault, and nothing that says whose gateway it is."""

from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .api import Signal
from .const import CONF_FINGERPRINT
from .runtime import EmsConfigEntry, EmsRuntimeData

_TO_REDACT: Final = {CONF_HOST, CONF_USERNAME, CONF_PASSWORD, CONF_FINGERPRINT}


async def async_get_config_entry_diagnostics(_: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return the entry, what the gateway lists and reads, and what was left out of its answers.

    Labels, serial number and MAC address are left out altogether: they name people and places.
    """
    runtime = entry.runtime_data
    topology = runtime.topology.data
    return {
        "entry": {"data": async_redact_data(dict(entry.data), _TO_REDACT), "options": dict(entry.options)},
        "gateway": {"part_number": runtime.topology.info.part_number, "firmware": runtime.topology.info.firmware},
        "logins": runtime.client.logins,
        "last_poll_succeeded": runtime.realtime.last_update_success,
        "devices": {
            str(device.uid): {"part_number": device.part_number, "system": device.system}
            for device in topology.devices.values()
        },
        "loads": {
            str(load.uid): {
                "device": load.device_uid,
                "enabled": load.enabled,
                "protocol": load.protocol,
                "type": load.type,
                "index": load.index,
            }
            for load in topology.loads.values()
        },
        "codes": {
            str(code): meaning.text if (meaning := runtime.catalogue.meaning(code)) else None
            for code in sorted({signal.code for signal in topology.signals.values()})
        },
        "codes_rejected": dict(runtime.catalogue.rejected),
        "signals": {str(signal.uid): _signal(runtime, signal) for signal in topology.signals.values()},
        "left_out": runtime.topology.rejected | runtime.realtime.rejected,
    }


def _signal(runtime: EmsRuntimeData, signal: Signal) -> dict[str, Any]:
    """Return a signal with its latest value, also the fields whose meaning the API document leaves open."""
    listed = {
        "code": signal.code,
        "sir": signal.sir,
        "enabled": signal.enabled,
        "load": signal.load_uid,
        "device": signal.device_uid,
    }
    sample = runtime.realtime.data.get(signal.uid)
    if sample is None:
        return listed
    return listed | {"value": sample.value, "timestamp": sample.timestamp, "s": sample.s, "r": sample.r}
