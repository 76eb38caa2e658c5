"""The dialogs behind the repairs: what only a person can decide."""

from typing import cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .api import Certificate, EmsError, fetch_certificate
from .certificate import certificate_placeholders, readable_fingerprint
from .connection import Account, error_key
from .const import CONF_FINGERPRINT


class CertificateChangedFlow(RepairsFlow):
    """Shows the new certificate beside the old one, and pins it on consent."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Repair this entry."""
        self._entry = entry
        self._certificate: Certificate | None = None

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Read the certificate as the gateway shows it now."""
        account = Account.from_data(self._entry.data)
        try:
            self._certificate = await fetch_certificate(account.address.host, account.address.port)
        except EmsError as err:
            return self.async_abort(
                reason=error_key(err), description_placeholders={"gateway": self._entry.title, "host": str(account)}
            )
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Pin what was shown, and start again; entities and history stay as they are."""
        certificate = cast("Certificate", self._certificate)
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders={
                    "gateway": self._entry.title,
                    "old_fingerprint": readable_fingerprint(self._entry.data[CONF_FINGERPRINT]),
                    **certificate_placeholders(certificate),
                },
            )
        self.hass.config_entries.async_update_entry(
            self._entry, data={**self._entry.data, CONF_FINGERPRINT: certificate.fingerprint}
        )
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the dialog that settles an issue."""
    entry = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is None:
        raise ValueError(f"no entry belongs to the issue {issue_id}")
    return CertificateChangedFlow(entry)
