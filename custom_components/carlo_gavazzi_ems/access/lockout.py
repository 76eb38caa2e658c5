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
    """Until when no login is sent."""
    at: float
    """When this was stored."""
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
        self._backoffs: dict[str, LoginBackoff] = {}

    async def async_load(self) -> None:
        """Load the records."""
        self.records = await self.store.async_read() or {}

    def backoff(self, entry: EmsConfigEntry) -> LoginBackoff:
        """Return the login state of an entry, the same object until a restart.

        A change of the entry by the user ends a lock-out. Refused credentials stay refused until others are accepted.
        """
        record = self.records.get(entry.entry_id)
        backoff = self._backoffs.get(entry.entry_id) or self._restored(entry, record)
        self._backoffs[entry.entry_id] = backoff
        if record is not None and record["at"] < entry.modified_at.timestamp():
            backoff.clear_waits()
        return backoff

    def _restored(self, entry: EmsConfigEntry, record: _Record | None) -> LoginBackoff:
        """Return the login state that was stored, a new one if there is none."""
        backoff = LoginBackoff(
            refusals=record["refusals"] if record else 0,
            wait=record["until"] - _now() if record else 0.0,
            wrong=record is not None and record.get("wrong", False),
            changed=lambda: self._keep(entry, backoff),
        )
        return backoff

    def _keep(self, entry: EmsConfigEntry, backoff: LoginBackoff) -> None:
        """Store the login state of an entry, unless it was removed during a login."""
        if self._backoffs.get(entry.entry_id) is not backoff:
            return
        if backoff.refusals or backoff.wrong:
            self.records[entry.entry_id] = _Record(
                refusals=backoff.refusals,
                until=_now() + backoff.remaining,
                # The clock may have been set back since the user changed the entry.
                at=max(_now(), entry.modified_at.timestamp()),
                wrong=backoff.wrong,
            )
        else:
            self.records.pop(entry.entry_id, None)
        self.save()

    def forget(self, entry: EmsConfigEntry) -> None:
        """Remove the login state of an entry."""
        self._backoffs.pop(entry.entry_id, None)
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
