"""What the running release of Home Assistant has beyond the oldest supported one: the only place that asks for it."""

from typing import Final

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

_RELEASE: Final = (MAJOR_VERSION, MINOR_VERSION)

#: Issues belong to a config entry: hidden while it is disabled, deleted with it.
ISSUES_OF_ENTRIES: Final = _RELEASE >= (2026, 11)
