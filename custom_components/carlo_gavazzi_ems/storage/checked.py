"""A store whose content is checked when it is read."""

from collections.abc import Callable, Sequence
import logging
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
import voluptuous as vol

_LOGGER = logging.getLogger(__name__)
#: Errors of reading an unusable file; the first two are those of a newer version.
_UNUSABLE = (HomeAssistantError, NotImplementedError, vol.Invalid, AttributeError, KeyError, TypeError, ValueError)


class CheckedStore[T](Store[Any]):
    """Reads a file. If it is damaged or of a newer version, this is logged, and the store starts without it.

    The next save replaces such a file: this version cannot use it.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        key: str,
        what: str,
        check: Callable[[Any], T],
        *,
        upgrades: Sequence[Callable[[Any], Any]] = (),
    ) -> None:
        """Store under a key.

        `what` is named in the log. `check` returns what was stored, or raises ValueError or vol.Invalid. Each of
        `upgrades` turns the content of one version into that of the next; the first version is 1.
        """
        super().__init__(hass, 1 + len(upgrades), key)
        self._what = what
        self._check = check
        self._upgrades = upgrades

    async def async_read(self) -> T | None:
        """Return the checked content, None if there is none that can be used."""
        try:
            stored = await self.async_load()
            return None if stored is None else self._check(stored)
        except _UNUSABLE as err:
            _LOGGER.warning(
                "%s cannot be used, because its file is damaged or of a newer version; going on without: %s",
                self._what,
                type(err).__name__,
            )
            return None

    @override
    async def _async_migrate_func(self, old_major_version: int, old_minor_version: int, old_data: Any) -> Any:
        """Bring the content of an older version up to this one, version by version."""
        # There is no version before the first; such a file is damaged.
        if not 1 <= old_major_version <= self.version:
            raise NotImplementedError
        for upgrade in self._upgrades[old_major_version - 1 :]:
            old_data = upgrade(old_data)
        return old_data
