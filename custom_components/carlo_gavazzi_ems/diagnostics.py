"""Diagnostics without personal data."""

import re
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, CONF_REPLACED
from .reporting.redaction import Redactor
from .reporting.report import codes, connection, gap_repair, left_out, polling, requests, settings, topology
from .runtime import EmsConfigEntry

#: The values of these keys are removed wherever they occur.
_SECRETS: Final = {CONF_HOST, CONF_USERNAME, CONF_PASSWORD, CONF_FINGERPRINT, CONF_PUBLIC_KEY, CONF_REPLACED}


async def async_get_config_entry_diagnostics(_: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
    """Return the entry, the lists and values of the gateway, counts of requests, and rejected records.

    Only fields that are known to be harmless are included. The same holds for the raw answers, which the options can
    add. Text in unexpected places is replaced.
    """
    about = {
        "data": async_redact_data(dict(entry.data), entry.data.keys() - {CONF_PORT}),
        "options": settings(entry),
        "state": entry.state.value,
        "error": entry.error_reason_translation_key,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": about}
    runtime = entry.runtime_data
    info = runtime.topology.info
    secrets = (entry.data.get(key) for key in _SECRETS)
    mac = re.sub(r"\W", "", info.mac_address)
    macs = [separator.join(mac[i : i + 2] for i in range(0, len(mac), 2)) for separator in ("", ":", "-", ".", " ")]
    redactor = Redactor([*secrets, runtime.client.token, info.serial_number, info.mac_address, *macs])
    report = {
        "entry": about,
        "gateway": {
            "part_number": redactor.maker_text(info.part_number),
            "firmware": redactor.maker_text(info.firmware),
        },
        "connection": connection(runtime),
        "polling": polling(runtime, redactor),
        "requests": requests(runtime),
        **topology(runtime, redactor),
        **codes(entry),
        "gap_repair": gap_repair(runtime, redactor),
        "left_out": left_out(runtime.topology.rejected | runtime.realtime.rejected, redactor),
    }
    found = {key: redactor.scrub(part) for key, part in report.items()}
    if (answers := runtime.client.traffic.answers) is not None:
        found["answers"] = [redactor.answer(answer) for answer in answers]
    return found
