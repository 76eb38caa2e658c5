"""Diagnostics without personal data."""

from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, CONF_REPLACED
from .reporting.redaction import Redactor
from .reporting.report import codes, connection, gap_repair, polling, requests, topology
from .runtime import EmsConfigEntry

_TO_REDACT: Final = {CONF_HOST, CONF_USERNAME, CONF_PASSWORD, CONF_FINGERPRINT, CONF_PUBLIC_KEY, CONF_REPLACED}


async def async_get_config_entry_diagnostics(_: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return the entry, the lists and values of the gateway, counts of requests, and rejected records.

    Labels, serial number and MAC address are left out, because they identify people and places. In raw answers, if
    the options ask for them, every text that a user may have typed is replaced.
    """
    about = {
        "data": async_redact_data(dict(entry.data), _TO_REDACT),
        "options": dict(entry.options),
        "state": entry.state.value,
        "error": entry.error_reason_translation_key,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": about}
    runtime = entry.runtime_data
    info = runtime.topology.info
    secrets = (entry.data.get(key) for key in _TO_REDACT)
    redactor = Redactor([*secrets, info.serial_number, info.mac_address, info.mac_address.replace(":", "")])
    report = {
        "entry": about,
        "gateway": {"part_number": info.part_number, "firmware": info.firmware},
        "connection": connection(runtime),
        "polling": polling(runtime),
        "requests": requests(runtime),
        **topology(runtime),
        **codes(entry),
        "gap_repair": gap_repair(runtime),
        "left_out": runtime.topology.rejected | runtime.realtime.rejected,
    }
    found = {key: redactor.scrub(part) for key, part in report.items()}
    if (answers := runtime.client.traffic.answers) is not None:
        found["answers"] = [redactor.answer(answer) for answer in answers]
    return found
