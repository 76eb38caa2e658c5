"""Keeps, over reloads and restarts, until when a gateway wants to be left alone with logins, and which it refused."""

from functools import partial
from typing import Final, NotRequired, TypedDict

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import LoginBackoff
from custom_components.carlo_gavazzi_ems.const import DOMAIN

_VERSION: Final = 1
_SAVE_DELAY: Final = 1.0


class _Record(TypedDict):
    """What is kept of one gateway; times in seconds since 1970."""

    refusals: int
    until: float
    at: float
    wrong: NotRequired[bool]
    """Whether the credentials of the entry were refused; nothing is kept of the credentials themselves."""


class _Memory:
    """The refused logins of all gateways."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin empty."""
        self.store: Store[dict[str, _Record]] = Store(hass, _VERSION, f"{DOMAIN}.logins")
        self.records: dict[str, _Record] = {}

    async def async_load(self) -> None:
        """Read what was kept."""
        self.records = await self.store.async_load() or {}

    def backoff(self, entry: ConfigEntry) -> LoginBackoff:
        """Return where an entry stands; after a change by a person a locked login is tried at once.

        Credentials that were refused stay refused whatever else is changed, until others were accepted.
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
        """Write down where an entry stands now."""
        if backoff.refusals or backoff.wrong:
            self.records[entry_id] = _Record(
                refusals=backoff.refusals, until=backoff.until, at=_now(), wrong=backoff.wrong
            )
        else:
            self.records.pop(entry_id, None)
        self.save()

    def forget(self, entry: ConfigEntry) -> None:
        """Forget what was refused to an entry."""
        if self.records.pop(entry.entry_id, None) is not None:
            self.save()

    def save(self) -> None:
        """Write everything down."""
        self.store.async_delay_save(partial(dict, self.records), _SAVE_DELAY)


def _now() -> float:
    """Return Home Assistant's time, in seconds since 1970."""
    return dt_util.utcnow().timestamp()


_MEMORY: HassKey[_Memory] = HassKey(f"{DOMAIN}_logins")


async def _async_memory(hass: HomeAssistant) -> _Memory:
    """Return what is known of all gateways."""
    if (memory := hass.data.get(_MEMORY)) is None:
        memory = _Memory(hass)
        await memory.async_load()
        # Another entry may have been quicker.
        memory = hass.data.setdefault(_MEMORY, memory)
    return memory


async def async_login_backoff(hass: HomeAssistant, entry: ConfigEntry) -> LoginBackoff:
    """Return until when an entry's gateway wants no login; what it says from now on is kept."""
    return (await _async_memory(hass)).backoff(entry)


async def async_forget_logins(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was refused to an entry: it was removed, or has credentials that the gateway accepts."""
    (await _async_memory(hass)).forget(entry)
