"""The client of each entry, kept over reloads with its token and its knowledge of the gateway.

A reload costs no login. Gateways keep few sessions, and some answer 401 when their table of sessions is full.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import EmsClient, LoginBackoff
from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .account import Account, async_go_on
from .lockout import async_login_backoff

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedClient:
    """A client, and the account and login state that it was created with."""

    account: Account
    backoff: LoginBackoff
    client: EmsClient
    modified_at: datetime
    """When the entry was last modified."""


#: By entry id, in memory only.
_CLIENTS: HassKey[dict[str, _CachedClient]] = HassKey(f"{DOMAIN}_clients")


async def async_client(hass: HomeAssistant, entry: EmsConfigEntry) -> EmsClient:
    """Return the client of an entry: the same as before unless address, trust or credentials have changed."""
    account, backoff = Account.from_data(entry.data), await async_login_backoff(hass, entry)
    clients = hass.data.setdefault(_CLIENTS, {})
    kept = clients.get(entry.entry_id)
    if kept is None or kept.account != account or kept.backoff is not backoff:
        client = account.client(hass, backoff)
    else:
        client = kept.client
        if kept.modified_at != entry.modified_at:
            # After a change by the user, a login is tried without waiting.
            client.clear_waits()
    async_go_on(hass, account, client)
    clients[entry.entry_id] = _CachedClient(
        account=account, backoff=backoff, client=client, modified_at=entry.modified_at
    )
    return client


@callback
def async_forget_client(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Forget the client of an entry that was removed."""
    hass.data.get(_CLIENTS, {}).pop(entry.entry_id, None)
