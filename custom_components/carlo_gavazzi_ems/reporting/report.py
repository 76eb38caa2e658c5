"""The parts of the diagnostics as plain values, with UIDs instead of labels."""

from collections.abc import Mapping
from dataclasses import fields
import re
from typing import Any, Final

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry, EmsRuntimeData
from custom_components.carlo_gavazzi_ems.signals.identify import LAWS

from .redaction import Redactor

_VALUES_PER_CODE: Final = 5


def settings(entry: EmsConfigEntry) -> dict[str, Any]:
    """Return the options that are numbers and switches; codes are reported separately."""
    options = Options.of(entry)
    values = {item.name: getattr(options, item.name) for item in fields(options)}
    return {key: value for key, value in values.items() if isinstance(value, int | float)}


def connection(runtime: EmsRuntimeData) -> dict[str, Any]:
    """Return counts of logins and refusals, and the remaining lock-out in seconds."""
    client = runtime.client
    return {
        "logins": client.logins,
        "login_refusals": client.login_refusals,
        "login_wait": round(client.login_wait),
    }


def polling(runtime: EmsRuntimeData, redactor: Redactor) -> dict[str, Any]:
    """Return the state of polling, times in seconds."""
    realtime, topology = runtime.realtime, runtime.topology
    return {
        "last_poll": realtime.last_seen.isoformat() if realtime.last_seen is not None else None,
        "last_poll_succeeded": realtime.last_update_success,
        "failed_polls": realtime.failed_polls,
        "last_error": _translation_key(realtime.last_exception),
        "interval": realtime.pace.interval,
        "interval_wanted": realtime.pace.wanted,
        "topology_succeeded": topology.last_update_success,
        "clock_offset": topology.data.clock_offset,
        "stale_loads": sorted(map(redactor.uid, realtime.staleness.stale)),
        "counters_in_doubt": sorted(map(redactor.uid, realtime.counters_in_doubt)),
    }


def requests(runtime: EmsRuntimeData) -> dict[str, Any]:
    """Return count, errors and duration in milliseconds of each kind of request."""
    return {
        kind: {
            "count": tally.count,
            "errors": tally.errors,
            "last_error": tally.last_error,
            "mean_ms": round(1000 * tally.mean, 1),
            "max_ms": round(1000 * tally.longest, 1),
        }
        for kind, tally in sorted(runtime.client.traffic.tallies.items())
    }


def topology(runtime: EmsRuntimeData, redactor: Redactor) -> dict[str, Any]:
    """Return the lists of the gateway, with the latest values."""
    listed = runtime.topology.data
    return {
        "devices": {
            str(redactor.uid(device.uid)): {
                "part_number": redactor.maker_text(device.part_number),
                "system": redactor.maker_text(device.system),
            }
            for device in listed.devices.values()
        },
        "loads": {
            str(redactor.uid(load.uid)): {
                "device": _uid(load.device_uid, redactor),
                "enabled": load.enabled,
                "protocol": load.protocol,
                "type": redactor.small(load.type),
                "index": redactor.small(load.index),
            }
            for load in listed.loads.values()
        },
        "signals": {
            str(redactor.uid(signal.uid)): _signal(runtime, signal, redactor) for signal in listed.signals.values()
        },
    }


def left_out(rejected: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """Return the rejected records with their reasons. A key may be any text, so it is redacted."""
    found: dict[str, str] = {}
    for where, reason in rejected.items():
        what, key = re.fullmatch(r"(\w*)\[?(.*?)\]?", where, re.DOTALL | re.ASCII).groups()  # type: ignore[union-attr]  # matches any text
        found[f"{what}[{redactor.uid_text(key)}]"] = reason
    return found


def codes(entry: EmsConfigEntry) -> dict[str, Any]:
    """Return the meaning of each code, the codes without one, and the codes whose stored meaning is invalid."""
    runtime = entry.runtime_data
    found = sorted({signal.code for signal in runtime.topology.data.signals.values()})
    return {
        "codes": {str(code): _code(entry, code) for code in found},
        "codes_unnamed": [code for code in found if runtime.catalogue.meaning(code) is None],
        "codes_rejected": [code for code in runtime.catalogue.rejected if re.fullmatch(r"\d{1,5}", code, re.ASCII)],
    }


def gap_repair(runtime: EmsRuntimeData, redactor: Redactor) -> dict[str, Any]:
    """Return the result of the last gap repair by signal UID."""
    last = runtime.history.last
    return {
        "hours": {str(redactor.uid(uid)): hours for uid, hours in sorted(last.hours.items())},
        "refused": {str(redactor.uid(uid)): reason for uid, reason in sorted(last.refused.items())},
        "until": last.until.isoformat() if last.until is not None else None,
    }


def _code(entry: EmsConfigEntry, code: int) -> dict[str, Any]:
    """Return the meaning of a code with its source, its evidence and a few values."""
    runtime = entry.runtime_data
    meaning = runtime.catalogue.meaning(code)
    uids = [signal.uid for signal in runtime.topology.data.signals.values() if signal.code == code]
    samples = (runtime.realtime.data.get(uid) for uid in uids)
    evidence = Options.of(entry).evidence.get(str(code), {})
    return {
        "quantity": meaning.quantity.key if meaning else None,
        "unit": meaning.unit if meaning else None,
        "source": meaning.source if meaning else None,
        **evidence,
        **({"law_in_words": LAWS[evidence["law"]]} if evidence.get("law") in LAWS else {}),
        "values": [sample.value for sample in samples if sample is not None][:_VALUES_PER_CODE],
    }


def _uid(uid: int | None, redactor: Redactor) -> int | None:
    """Return a UID, if there is one."""
    return None if uid is None else redactor.uid(uid)


def _signal(runtime: EmsRuntimeData, signal: Signal, redactor: Redactor) -> dict[str, Any]:
    """Return a signal with its latest value, including fields that the API document does not explain."""
    listed = {
        "code": signal.code,
        "sir": redactor.small(signal.sir),
        "enabled": signal.enabled,
        "load": _uid(signal.load_uid, redactor),
        "device": _uid(signal.device_uid, redactor),
    }
    sample = runtime.realtime.data.get(signal.uid)
    if sample is None:
        return listed
    return listed | {
        "value": sample.value,
        "timestamp": sample.timestamp,
        "s": redactor.small(sample.s),
        "r": redactor.small(sample.r),
    }


def _translation_key(error: BaseException | None) -> str | None:
    """Return the translation key or the class of an error. Its text may contain the gateway's name."""
    if error is None:
        return None
    return getattr(error, "translation_key", None) or type(error).__name__
