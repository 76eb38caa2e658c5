"""The repair flows."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, UnknownEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .access.account import Account, error_key
from .api import Certificate, EmsError, fetch_certificate
from .const import DOMAIN
from .dialogs.codes import CodesFlow
from .dialogs.trust import certificate_placeholders, change_step
from .issues import CERTIFICATE_CHANGED, LOAD_MISSING, UNNAMED_CODES, async_certificate_trusted
from .runtime import EmsConfigEntry

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowContext
else:
    # Home Assistant 2026.9 has no type of its own for it.
    from homeassistant.data_entry_flow import FlowContext as RepairsFlowContext


class CertificateChangedFlow(RepairsFlow):
    """Shows the old and the new certificate, and pins the new one on consent."""

    def __init__(self, entry: EmsConfigEntry, host: str | None) -> None:
        """Repair this entry; `host` is the new address at which its gateway was announced, None for the same."""
        self._entry = entry
        self._host = host
        self._certificate: Certificate | None = None

    @property
    def _account(self) -> Account:
        """The account at the address whose certificate is shown, with the trusted certificate."""
        account = Account.from_data(self._entry.data)
        return replace(account, address=replace(account.address, host=self._host or account.address.host))

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Read the current certificate."""
        account = self._account
        try:
            certificate = await fetch_certificate(account.address.host, account.address.port)
        except EmsError as err:
            return self.async_abort(
                reason=error_key(err), description_placeholders={"gateway": self._entry.title, "host": str(account)}
            )
        if certificate.fingerprint == account.address.fingerprint:
            # Another device had the address for a while.
            async_certificate_trusted(self.hass, self._entry)
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
            return self.async_abort(reason="not_found")
        self._certificate = certificate
        return await self.async_step_certificate_changed()

    async def async_step_certificate_changed(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the certificate; pin it on consent and reload the entry."""
        account, certificate = self._account, cast("Certificate", self._certificate)
        if user_input is None:
            return self.async_show_form(
                step_id=change_step(certificate, account),
                description_placeholders={
                    "gateway": self._entry.title,
                    **certificate_placeholders(certificate, account),
                },
            )
        try:
            self.hass.config_entries.async_update_entry(
                self._entry, data={**self._entry.data, **account.trusting(certificate).as_data()}
            )
        except UnknownEntry:
            return self.async_abort(reason="not_found")
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async_step_certificate_key_unknown = async_step_certificate_changed
    async_step_certificate_renewed = async_step_certificate_changed
    async_step_certificate_unsigned = async_step_certificate_changed


class UnnamedCodesFlow(CodesFlow[RepairsFlowContext, RepairsFlowResult, str], RepairsFlow):
    """Names the codes without a meaning."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Repair this entry."""
        self._entry = entry

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Start naming if the entry is loaded."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders={"gateway": self._entry.title})
        runtime = self._entry.runtime_data
        return await self._async_start_naming(runtime.client, runtime.catalogue)

    @override
    async def _async_not_read(self, err: EmsError) -> RepairsFlowResult:
        """Abort with the reason and the name of the gateway."""
        return self.async_abort(reason=error_key(err), description_placeholders={"gateway": self._entry.title})

    @override
    async def _async_codes_named(self) -> RepairsFlowResult:
        """Store the choices and reload the entry. Remaining codes without a meaning create the issue again."""
        try:
            self.hass.config_entries.async_update_entry(self._entry, options=self._naming.options(self._entry.options))
        except UnknownEntry:
            return self.async_abort(reason="not_found")
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


class NothingToRepairFlow(RepairsFlow):
    """Ends at once: the issue is not one of this version, or its gateway was removed."""

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Abort."""
        return self.async_abort(reason="not_found")


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue."""
    entry: EmsConfigEntry | None = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is None or data is None:
        return NothingToRepairFlow()
    if issue_id.startswith(CERTIFICATE_CHANGED):
        host = data.get("host")
        return CertificateChangedFlow(entry, None if host is None else str(host))
    if issue_id.startswith(UNNAMED_CODES):
        return UnnamedCodesFlow(entry)
    if issue_id.startswith(LOAD_MISSING) and "load" in data:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        placeholders = (issue.translation_placeholders if issue else None) or {}
        return LoadMissingFlow(entry, int(data["load"] or 0), placeholders.get("load", str(data["load"])))
    return NothingToRepairFlow()
