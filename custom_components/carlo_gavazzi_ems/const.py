"""Names and numbers that more than one module needs."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
MANUFACTURER: Final = "Carlo Gavazzi"
MODEL: Final = "EMS"
DEFAULT_PORT: Final = 443

CONF_FINGERPRINT: Final = "fingerprint"

#: How often devices, loads and signals are listed anew.
TOPOLOGY_INTERVAL: Final = timedelta(minutes=10)


def signal_units_settled(entry_id: str) -> str:
    """Return the dispatcher signal that an entry's sensors may show their values in a new unit."""
    return f"{DOMAIN}_units_settled_{entry_id}"
