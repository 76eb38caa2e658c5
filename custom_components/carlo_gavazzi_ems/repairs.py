"""The repair flows."""

from typing import cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .access.account import Account, error_key
from .api import Certificate, EmsError, fetch_certificate
from .const import CONF_FINGERPRINT, DOMAIN
from .dialogs.trust import certificate_placeholders, readable_fingerprint
from .history.database import RecorderFailedError
from .issues import COUNTER_JUMPED, HISTORY_WAITS, LOAD_MISSING
from .runtime import EmsConfigEntry


class CertificateChangedFlow(RepairsFlow):
    """Shows the old and the new certificate, and pins the new one on consent."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Repair this entry."""
        self._entry = entry
        self._certificate: Certificate | None = None

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Read the current certificate."""
        account = Account.from_data(self._entry.data)
        try:
            self._certificate = await fetch_certificate(account.address.host, account.address.port)
        except EmsError as err:
            return self.async_abort(
                reason=error_key(err), description_placeholders={"gateway": self._entry.title, "host": str(account)}
            )
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the certificate; pin it on consent and reload the entry."""
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


class LoadMissingFlow(RepairsFlow):
    """Removes a load that the gateway no longer lists."""

    def __init__(self, entry: EmsConfigEntry, load: int, name: str) -> None:
        """Repair this entry; `load` is the UID of the load."""
        self._entry = entry
        self._load = load
        self._name = name

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Go on to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Remove the load on consent, unless it is listed again."""
        placeholders = {"gateway": self._entry.title, "load": self._name}
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        runtime = self._entry.runtime_data
        runtime.devices.async_remove_load(self._load)
        # After a reload the load is new if the gateway lists it again.
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class HistoryFlow(RepairsFlow):
    """Checks the recorded hours at once."""

    def __init__(self, entry: EmsConfigEntry, issue_id: str, jump: tuple[int, float] | None = None) -> None:
        """Repair this entry; `jump` is the signal whose rise is taken back, and when it rose."""
        self._entry = entry
        self._issue_id = issue_id
        self._jump = jump

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Go on to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Repair on consent; the issue is settled where nothing waits any more for the same reason."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self._issue_id)
        placeholders = dict((issue.translation_placeholders if issue else None) or {"gateway": self._entry.title})
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        history = self._entry.runtime_data.history
        if self._jump is not None:
            signal, at = self._jump
            history.taken_back[signal] = at
        try:
            await history.repair.async_run()
        except EmsError, RecorderFailedError:
            return self.async_abort(reason="not_repaired", description_placeholders=placeholders)
        if self._jump is None and ir.async_get(self.hass).async_get_issue(DOMAIN, self._issue_id) is not None:
            return self.async_abort(reason="still_waiting", description_placeholders=placeholders)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue."""
    entry: EmsConfigEntry | None = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is None:
        raise ValueError(f"no entry belongs to the issue {issue_id}")
    if issue_id.startswith(LOAD_MISSING) and data is not None:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        placeholders = (issue.translation_placeholders if issue else None) or {}
        return LoadMissingFlow(entry, int(data["load"] or 0), placeholders.get("load", str(data["load"])))
    if issue_id.startswith(HISTORY_WAITS):
        return HistoryFlow(entry, issue_id)
    if issue_id.startswith(COUNTER_JUMPED) and data is not None:
        return HistoryFlow(entry, issue_id, (int(data["signal"] or 0), float(data["at"] or 0)))
    return CertificateChangedFlow(entry)
