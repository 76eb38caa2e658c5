"""The integration on a fast clock: access to its gateway, and waiting until it is loaded."""

import asyncio
from contextlib import suppress
from typing import Final

from simulator import Gateway

from .errors import HarnessError, TooBusyError
from .gateway import GatewayAccess
from .home_assistant import HomeAssistant
from .rest import RestClient

#: The gateway's limit of rows per answer: each has to arrive within ten seconds of the fast clock.
ROWS_AT_ONCE: Final = 250
#: Real seconds that the integration may take to load.
LOADING_TIMEOUT: Final = 120.0


def where(gateway: Gateway) -> GatewayAccess:
    """Return the access to a gateway of this process."""
    return GatewayAccess(f"{gateway.host}:{gateway.port}", gateway.username, gateway.password, gateway.fingerprint)


async def load_entry(home_assistant: HomeAssistant, entry_id: str) -> None:
    """Wait until the integration is loaded; raises TooBusyError where it does not.

    Home Assistant's limit for all set-ups is five minutes of its clock, a few real seconds. On a busy machine it gives
    up, and this asks it to reload.
    """
    path = "/api/config/config_entries/entry"
    seen: object = "it has not answered"
    try:
        async with asyncio.timeout(LOADING_TIMEOUT), RestClient(home_assistant.url) as client:
            while True:
                # Its timeouts run on the fast clock, too.
                with suppress(HarnessError):
                    seen = {entry["entry_id"]: entry["state"] for entry in await client.get(path)}.get(entry_id)
                    if seen == "loaded":
                        return
                    if seen != "setup_in_progress":
                        await client.post(f"{path}/{entry_id}/reload", {})
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise TooBusyError(
            f"The integration was not loaded within {LOADING_TIMEOUT:.0f} s, {seen!s}:\n{home_assistant.log_tail()}"
        ) from None
