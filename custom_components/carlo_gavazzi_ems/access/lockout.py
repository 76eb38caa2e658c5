"""Stores lock-outs and refused credentials of each entry over reloads and restarts."""

from functools import partial
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.api import LoginBackoff
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_SAVE_DELAY: Final = 1.0


class _Record(TypedDict):
    """The stored state of one entry; times in seconds since 1970."""

    refusals: int
    until: float
    at: float
    wrong: NotRequired[bool]
    """Whether the credentials of the entry were refused. The credentials are not stored here."""


_SCHEMA: Final = vol.Schema(
    {
        str: {
            vol.Required("refusals"): int,
            vol.Required("until"): vol.Coerce(float),
            vol.Required("at"): vol.Coerce(float),
            vol.Optional("wrong"): bool,
        }
    }
)


class _LoginRecords:
    """The stored logins of all entries."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without records."""
        self.store: CheckedStore[dict[str, _Record]] = CheckedStore(
            hass, f"{DOMAIN}.logins", "The list of refused logins", _SCHEMA
        )
        self.records: dict[str, _Record] = {}

    async def async_load(self) -> None:
        """Load the records."""
        self.records = await self.store.async_read() or {}

    def backoff(self, entry: EmsConfigEntry) -> LoginBackoff:
        """Return the login state of an entry. A change of the entry by the user ends a lock-out.

        Refused credentials stay refused until the gateway accepts others.
        """
        record = self.records.get(entry.entry_id) or _Record(refusals=0, until=0.0, at=0.0)
        patient = record["at"] >= entry.modified_at.timestamp()
        backoff = LoginBackoff(
            refusals=record["refusals"] if patient else 0,
            until=record["until"] if patient else 0.0,
            wrong=record.get("wrong", False),
            clock=_now,
            changed=lambda: self._keep(entry.entry_id, backoff),
        )
        return backoff

    def _keep(self, entry_id: str, backoff: LoginBackoff) -> None:
        """Store the login state of an entry."""
        if backoff.refusals or backoff.wrong:
            self.records[entry_id] = _Record(
                refusals=backoff.refusals, until=backoff.until, at=_now(), wrong=backoff.wrong
            )
        else:
            self.records.pop(entry_id, None)
        self.save()

    def forget(self, entry: EmsConfigEntry) -> None:
        """Remove the record of an entry."""
        if self.records.pop(entry.entry_id, None) is not None:
            self.save()

    def save(self) -> None:
        """Save all records after a delay."""
        self.store.async_delay_save(partial(dict, self.records), _SAVE_DELAY)


def _now() -> float:
    """Return the time in seconds since 1970."""
    return dt_util.utcnow().timestamp()


_RECORDS: HassKey[_LoginRecords] = HassKey(f"{DOMAIN}_logins")


async def _async_records(hass: HomeAssistant) -> _LoginRecords:
    """Return the records, loaded on first use."""
    if (records := hass.data.get(_RECORDS)) is None:
        records = _LoginRecords(hass)
        await records.async_load()
        # Another entry may have loaded them meanwhile.
        records = hass.data.setdefault(_RECORDS, records)
    return records


async def async_login_backoff(hass: HomeAssistant, entry: EmsConfigEntry) -> LoginBackoff:
    """Return the login state of an entry. Its changes are stored."""
    return (await _async_records(hass)).backoff(entry)


async def async_forget_logins(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Remove the record of an entry that was removed or has new credentials."""
    (await _async_records(hass)).forget(entry)
