"""The question whether another gateway replaces the one of an entry."""

from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.api import EmsClient, GatewayInfo, Load, Snapshot
from custom_components.carlo_gavazzi_ems.const import CONF_REPLACED
from custom_components.carlo_gavazzi_ems.inventory.archive import Archive, async_hand_over
from custom_components.carlo_gavazzi_ems.inventory.takeover import Takeover
from custom_components.carlo_gavazzi_ems.options import CONF_DEMAND_LOADS, CONF_PRODUCTION, Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped

#: The menu, and what can be chosen.
OTHER_GATEWAY: Final = "other_gateway"
REPLACE: Final = "replace"
KEEP: Final = "keep"
#: The most loads in one list of the page.
_MAX_LOADS: Final = 30
_MAX_LABEL: Final = 40


def gateway_title(serial_number: str) -> str:
    """Return the title of an entry: the last digits distinguish gateways without showing the serial number."""
    return f"EMS {escaped(serial_number[-4:])}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Another gateway at the address of an entry, and which of the entry's devices it can take over."""

    account: Account
    old: Snapshot | None
    new: Snapshot
    takeover: Takeover

    @classmethod
    async def async_read(
        cls, hass: HomeAssistant, entry: EmsConfigEntry, account: Account, client: EmsClient, info: GatewayInfo
    ) -> Self:
        """Compare the stored lists of the entry's gateway with those of the other. Raises EmsError."""
        new = Snapshot.of(info, await client.devices(), await client.loads(), await client.signals())
        old = await Archive(hass, entry).async_load()
        if old is None:
            takeover = Takeover(serial_number=entry.unique_id or "", devices={}, loads={}, signals={})
        else:
            takeover = Takeover.between(old, new)
        return cls(account=account, old=old, new=new, takeover=takeover)

    def placeholders(self, entry: EmsConfigEntry) -> dict[str, str]:
        """Return what the page shows."""
        old = {} if self.old is None else self.old.loads
        same, new = set(self.takeover.loads), set(self.takeover.loads.values())
        return {
            "gateway": entry.title,
            "host": str(self.account),
            "other": gateway_title(self.new.info.serial_number),
            "kept": _names([load for uid, load in old.items() if uid in same]),
            "gone": _names([load for uid, load in old.items() if uid not in same]),
            "new": _names([load for uid, load in self.new.loads.items() if uid not in new]),
            "signals": str(len(self.takeover.signals)),
            "all_signals": str(0 if self.old is None else len(self.old.signals)),
        }

    def accepted(self, hass: HomeAssistant, entry: EmsConfigEntry) -> dict[str, Any]:
        """Return the changes of the entry, and keep the lists for its next set-up."""
        async_hand_over(hass, self.new)
        serial_number = self.new.info.serial_number
        is_default = entry.title == gateway_title(self.takeover.serial_number)
        return {
            "unique_id": serial_number,
            "title": gateway_title(serial_number) if is_default else entry.title,
            "options": {**entry.options, **self._loads_of(entry)},
            "data": {**entry.data, **self.account.as_data(), CONF_REPLACED: self.takeover.as_dict()},
        }

    def _loads_of(self, entry: EmsConfigEntry) -> dict[str, list[int]]:
        """Return the options that name loads, with the UIDs that the same loads have on the new gateway."""
        options, same = Options.of(entry), self.takeover.loads
        named = {CONF_PRODUCTION: options.production, CONF_DEMAND_LOADS: options.demand_loads}
        return {key: [same[uid] for uid in uids if uid in same] for key, uids in named.items()}


def _names(loads: list[Load]) -> str:
    """Return the labels of loads as a list."""
    names = [escaped(load.label, _MAX_LABEL) or str(load.uid) for load in loads]
    return bullets(names if len(names) <= _MAX_LOADS else [*names[:_MAX_LOADS], f"… + {len(names) - _MAX_LOADS}"])
