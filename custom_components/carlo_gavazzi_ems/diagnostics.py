"""What helps to find a fault, and nothing that says whose gateway it is."""

from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .api import Signal
from .const import CONF_EVIDENCE, CONF_FINGERPRINT
from .runtime import EmsConfigEntry, EmsRuntimeData

_VALUES_PER_CODE: Final = 5
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
        "polling": _polling(runtime),
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
            str(code): _code(entry, code) for code in sorted({signal.code for signal in topology.signals.values()})
        },
        "codes_rejected": dict(runtime.catalogue.rejected),
        "signals": {str(signal.uid): _signal(runtime, signal) for signal in topology.signals.values()},
        "gap_repair": _repair(runtime),
        "left_out": runtime.topology.rejected | runtime.realtime.rejected,
    }


def _repair(runtime: EmsRuntimeData) -> dict[str, Any]:
    """Return what was done about missed hours last; by UID, because entity ids name people and places."""
    last = runtime.history.last
    return {
        "hours": {str(uid): hours for uid, hours in sorted(last.hours.items())},
        "refused": {str(uid): reason for uid, reason in sorted(last.refused.items())},
        "until": last.until.isoformat() if last.until is not None else None,
    }


def _polling(runtime: EmsRuntimeData) -> dict[str, Any]:
    """Return how the gateway bears with being polled, times in seconds."""
    return {
        "interval": runtime.realtime.pace.interval,
        "failed_polls": runtime.realtime.failed_polls,
        "login_wait": round(runtime.client.login_wait),
        "topology_succeeded": runtime.topology.last_update_success,
        "clock_offset": runtime.topology.data.clock_offset,
        "stale_loads": sorted(runtime.realtime.staleness.stale),
        "counters_in_doubt": sorted(runtime.realtime.throttle.attentive),
    }


def _code(entry: EmsConfigEntry, code: int) -> dict[str, Any]:
    """Return what a code means, where the knowledge is from, what spoke for it, and a few values: a report to share."""
    runtime = entry.runtime_data
    meaning = runtime.catalogue.meaning(code)
    uids = [signal.uid for signal in runtime.topology.data.signals.values() if signal.code == code]
    samples = (runtime.realtime.data.get(uid) for uid in uids)
    return {
        "quantity": meaning.quantity.key if meaning else None,
        "unit": meaning.unit if meaning else None,
        "source": meaning.source if meaning else None,
        **entry.options.get(CONF_EVIDENCE, {}).get(str(code), {}),
        "values": [sample.value for sample in samples if sample is not None][:_VALUES_PER_CODE],
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
