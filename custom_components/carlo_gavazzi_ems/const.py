"""Names and numbers that more than one module needs."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
MANUFACTURER: Final = "Carlo Gavazzi"
MODEL: Final = "EMS"
DEFAULT_PORT: Final = 443

CONF_FINGERPRINT: Final = "fingerprint"
CONF_CODES: Final = "codes"
CONF_REPAIR_GAPS: Final = "repair_gaps"
#: Stretches the time between two values that are written down; 0 writes every change.
CONF_THROTTLE: Final = "throttle"
#: Keeps the gateway's last answers for the diagnostics.
CONF_RAW_ANSWERS: Final = "raw_answers"
CONF_EVIDENCE: Final = "evidence"

#: Seconds between two polls.
DEFAULT_SCAN_INTERVAL: Final = 10
MIN_SCAN_INTERVAL: Final = 2
MAX_SCAN_INTERVAL: Final = 300
#: How often devices, loads and signals are listed anew.
TOPOLOGY_INTERVAL: Final = timedelta(minutes=10)


def signal_units_settled(entry_id: str) -> str:
    """Return the dispatcher signal that an entry's sensors may show their values in a new unit."""
    return f"{DOMAIN}_units_settled_{entry_id}"
