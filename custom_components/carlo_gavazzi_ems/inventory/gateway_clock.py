"""The gateway's clock, held against Home Assistant's."""

import time
from typing import Final

from custom_components.carlo_gavazzi_ems.api import (
    CertificateChangedError,
    EmsClient,
    EmsError,
    InvalidCredentialsError,
)

#: The gateway tells whole seconds, on average half a second late.
_HALF: Final = 0.5


def clock_base() -> float:
    """Return what lies between this host's clock and one that nobody sets, in seconds: it jumps where the clock is set."""
    return time.time() - time.monotonic()


async def async_gateway_clock(client: EmsClient) -> float | None:
    """Return by how many seconds the gateway's clock is ahead, None where it does not tell its time in UTC.

    Raises CertificateChangedError or InvalidCredentialsError.
    """
    begun, asked = time.monotonic(), time.time()
    try:
        date = (await client.date()).utc
    except CertificateChangedError, InvalidCredentialsError:
        raise
    except EmsError:
        # A gateway that cannot tell the time is as good as any other.
        return None
    if date is None:
        return None
    return date.timestamp() + _HALF - asked - (time.monotonic() - begun) / 2
