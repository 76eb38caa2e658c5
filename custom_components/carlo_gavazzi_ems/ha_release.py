"""Features of Home Assistant that the oldest supported release lacks. No other file checks the release."""

from typing import Final

from homeassistant import data_entry_flow
from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
import voluptuous as vol

_RELEASE: Final = (MAJOR_VERSION, MINOR_VERSION)

#: Issues belong to a config entry: hidden while it is disabled, deleted with it.
ISSUES_OF_ENTRIES: Final = _RELEASE >= (2026, 11)
#: The Energy dashboard accepts a meter of the whole house's consumption.
HOME_SOURCE: Final = _RELEASE >= (2026, 11)


def optional_with(field: str, other: str) -> vol.Optional:
    """Return the marker of a form field that is visible once another is filled in; on older releases always."""
    if (marker := getattr(data_entry_flow, "Optional", None)) is None:
        return vol.Optional(field)
    found: vol.Optional = marker(field, visible={"field": other, "operator": "exists"})
    return found
