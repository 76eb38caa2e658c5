"""Names and numbers that more than one module needs."""

from datetime import timedelta
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
MANUFACTURER: Final = "Carlo Gavazzi"
MODEL: Final = "EMS"
DEFAULT_PORT: Final = 443

CONF_FINGERPRINT: Final = "fingerprint"
#: The SHA-256 of the pinned certificate's public key. Entries of the first releases do not have it.
CONF_PUBLIC_KEY: Final = "public_key"
#: What was taken over from the gateway that this one replaced.
CONF_REPLACED: Final = "replaced"
CONF_CODES: Final = "codes"
CONF_REPAIR_GAPS: Final = "repair_gaps"
#: Stretches the time between two values that are written down; 0 writes every change.
CONF_THROTTLE: Final = "throttle"
#: Keeps the gateway's last answers for the diagnostics.
CONF_RAW_ANSWERS: Final = "raw_answers"
CONF_CORRECTED: Final = "corrected"
CONF_EVIDENCE: Final = "evidence"

#: Seconds between two polls.
DEFAULT_SCAN_INTERVAL: Final = 10
MIN_SCAN_INTERVAL: Final = 2
MAX_SCAN_INTERVAL: Final = 300
#: How often devices, loads and signals are listed anew.
TOPOLOGY_INTERVAL: Final = timedelta(minutes=10)
