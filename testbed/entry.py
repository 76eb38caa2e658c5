"""A stored config entry, for runs without a config flow."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from typing import Final

from simulator import Site

from . import DOMAIN
from .configuration import Configuration
from .gateway import GatewayAccess

_ENTRY_ID: Final = "01EMS0000000000000000000EN"


def named(site: Site) -> dict[str, str]:
    """Return the meaning of every code of a site, as a user would confirm it."""
    codes: dict[str, str] = {}
    for uid, signal in site.signals.items():
        quantity, unit = site.truth(uid)
        codes[str(signal.si)] = f"{quantity}/{unit}" if unit else quantity
    return codes


def store_entry(
    configuration: Configuration, gateway: GatewayAccess, serial: str, made: float, options: Mapping[str, object]
) -> str:
    """Write an entry for a gateway into a new configuration; return its id.

    `made` is its time of creation in seconds since 1970; the option `codes` names the codes.
    """
    date = datetime.fromtimestamp(made, UTC).isoformat()
    host, _, port = gateway.host.rpartition(":")
    entry = {
        "entry_id": _ENTRY_ID,
        "domain": DOMAIN,
        "title": f"EMS {serial[-4:]}",
        "unique_id": serial,
        "version": 1,
        "minor_version": 1,
        "source": "user",
        "data": {
            "host": host,
            "port": int(port),
            "username": gateway.username,
            "password": gateway.password,
            "fingerprint": gateway.fingerprint,
        },
        "options": {**options},
        "created_at": date,
        "modified_at": date,
        "disabled_by": None,
        "discovery_keys": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "subentries": [],
    }
    content = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
    path = configuration.folder / ".storage" / "core.config_entries"
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return _ENTRY_ID
