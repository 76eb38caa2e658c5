"""What is put before a person under Settings -> Repairs, and taken back when it is settled."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

CERTIFICATE_CHANGED: Final = "certificate_changed"


def certificate_issue_id(entry: ConfigEntry) -> str:
    """Return the id of the issue that an entry's gateway shows another certificate."""
    return f"{CERTIFICATE_CHANGED}_{entry.entry_id}"


@callback
def async_certificate_changed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Offer to trust the certificate that the gateway shows now; until then nothing is sent to it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        certificate_issue_id(entry),
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=CERTIFICATE_CHANGED,
        translation_placeholders={"gateway": entry.title},
    )


@callback
def async_certificate_trusted(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take the offer back: the gateway shows the certificate that is trusted."""
    ir.async_delete_issue(hass, DOMAIN, certificate_issue_id(entry))
