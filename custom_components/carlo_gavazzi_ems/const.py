"""Constants that more than one module needs."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
MANUFACTURER: Final = "Carlo Gavazzi"
MODEL: Final = "EMS"
DEFAULT_PORT: Final = 443

CONF_FINGERPRINT: Final = "fingerprint"
#: The SHA-256 of the pinned certificate's public key. Entries of the first releases do not have it.
CONF_PUBLIC_KEY: Final = "public_key"
#: Which devices, loads and signals this gateway takes over from the one that it replaced.
CONF_REPLACED: Final = "replaced"

#: The quantity of a load's power with the sign reversed.
PRODUCTION: Final = "power_production"

#: How often the lists of devices, loads and signals are read.
TOPOLOGY_INTERVAL: Final = timedelta(minutes=10)


def production_key(load_uid: int | None) -> str:
    """Return the unique id, without the serial number, of the sensor of a load's production."""
    return f"load_{load_uid}_{PRODUCTION}"


def signal_units_settled(entry_id: str) -> str:
    """Return the name of the dispatcher signal after which an entry's sensors may show values in a new unit."""
    return f"{DOMAIN}_units_settled_{entry_id}"
