"""The gateway's clock compared with Home Assistant's."""

import time
from typing import Final

from custom_components.carlo_gavazzi_ems.api import (
    CertificateChangedError,
    EmsClient,
    EmsError,
    LoginError,
)

#: The gateway's time has whole seconds: the true time is half a second later on average.
_HALF: Final = 0.5


def clock_base() -> float:
    """Return this host's clock minus its monotonic clock in seconds. It jumps when the clock is set."""
    return time.time() - time.monotonic()


async def async_gateway_clock(client: EmsClient) -> float | None:
    """Return by how many seconds the gateway's clock is ahead, None if its time in UTC is not known.

    Raises CertificateChangedError or LoginError.
    """
    begun, asked = time.monotonic(), time.time()
    try:
        date = (await client.date()).utc
    except CertificateChangedError, LoginError:
        raise
    except EmsError:
        # The clock is not essential.
        return None
    if date is None:
        return None
    return date.timestamp() + _HALF - asked - (time.monotonic() - begun) / 2
