"""The repair flows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, UnknownEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .access.account import Account, async_log_in, error_key
from .access.lockout import async_login_backoff
from .api import Certificate, EmsError
from .const import DOMAIN
from .dialogs.replacement import KEEP, OTHER_GATEWAY, REPLACE, Replacement
from .dialogs.trust import certificate_placeholders, change_step
from .history.database import RecorderFailedError
from .issues import (
    CERTIFICATE_CHANGED,
    COUNTER_JUMPED,
    HISTORY_WAITS,
    LOAD_MISSING,
    async_certificate_trusted,
)
from .runtime import EmsConfigEntry

type IssueData = dict[str, str | int | float | None]


class EmsRepairFlow(RepairsFlow):
    """The dialog of an issue of one entry."""

    def __init__(self, entry: EmsConfigEntry, issue_id: str, data: IssueData) -> None:
        """Repair this entry; `data` belongs to the issue."""
        self._entry = entry
        self._issue_id = issue_id
        self._data = data


class CertificateChangedFlow(EmsRepairFlow):
    """Shows the old and the new certificate, and pins the new one on consent."""

    _certificate: Certificate | None = None

    @property
    def _account(self) -> Account:
        """The account at the address whose certificate is shown, with the trusted certificate."""
        account = Account.from_data(self._entry.data)
        # The gateway may have been announced at another host.
        host = str(self._data.get("host") or account.address.host)
        return replace(account, address=replace(account.address, host=host))

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Read the current certificate."""
        account = self._account
        try:
            certificate = await account.certificate(self.hass)
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


class LoadMissingFlow(EmsRepairFlow):
    """Removes a load that the gateway no longer lists."""

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Go on to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Remove the load on consent, unless it is listed again."""
        load = int(self._data["load"] or 0)
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self._issue_id)
        placeholders = dict((issue.translation_placeholders if issue else None) or {"load": str(load)})
        placeholders["gateway"] = self._entry.title
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        runtime = self._entry.runtime_data
        runtime.devices.async_remove_load(load)
        # If the gateway lists the load again, only a reload registers it again.
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class HistoryFlow(EmsRepairFlow):
    """Checks the recorded hours at once."""

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Go on to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Repair on consent. The issue is solved if nothing waits for the same reason afterwards."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self._issue_id)
        placeholders = dict((issue.translation_placeholders if issue else None) or {"gateway": self._entry.title})
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=placeholders)
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        history = self._entry.runtime_data.history
        is_jump = self._issue_id.startswith(COUNTER_JUMPED)
        if is_jump:
            history.taken_back[int(self._data["signal"] or 0)] = float(self._data["at"] or 0)
        try:
            await history.repair.async_run()
        except EmsError, RecorderFailedError:
            return self.async_abort(reason="not_repaired", description_placeholders=placeholders)
        if not is_jump and ir.async_get(self.hass).async_get_issue(DOMAIN, self._issue_id) is not None:
            return self.async_abort(reason="still_waiting", description_placeholders=placeholders)
        return self.async_create_entry(data={})


class OtherGatewayFlow(EmsRepairFlow):
    """Asks whether the gateway at the address of an entry replaces the old one."""

    _replacement: Replacement

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Log in, and compare the gateways."""
        entry = self._entry
        account = Account.from_data(entry.data)
        placeholders = {"gateway": entry.title, "host": str(account)}
        try:
            client, info = await async_log_in(self.hass, account, await async_login_backoff(self.hass, entry))
            if info.serial_number == entry.unique_id:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_abort(reason="not_found")
            if self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, info.serial_number) is not None:
                return self.async_abort(reason="already_configured", description_placeholders=placeholders)
            self._replacement = await Replacement.async_read(self.hass, entry, account, client, info)
        except EmsError as err:
            return self.async_abort(reason=error_key(err), description_placeholders=placeholders)
        return self.async_show_menu(
            step_id=OTHER_GATEWAY,
            menu_options=[REPLACE, KEEP],
            description_placeholders=self._replacement.placeholders(entry),
        )

    async def async_step_replace(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Give the entities and statistics of the entry to the new gateway."""
        try:
            self.hass.config_entries.async_update_entry(
                self._entry, **self._replacement.accepted(self.hass, self._entry)
            )
        except UnknownEntry:
            return self.async_abort(reason="not_found")
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_keep(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Change nothing; the issue stays."""
        return self.async_abort(
            reason="other_gateway",
            description_placeholders={"gateway": self._entry.title, "host": str(self._replacement.account)},
        )


class NothingToRepairFlow(RepairsFlow):
    """Aborts at once: this version does not know the issue, or its gateway was removed."""

    async def async_step_init(self, _: dict[str, str] | None = None) -> RepairsFlowResult:
        """Abort."""
        return self.async_abort(reason="not_found")


#: Beginning of an issue's id -> its flow, and the keys that the issue's data must have.
_FLOWS: Final[Mapping[str, tuple[type[EmsRepairFlow], set[str]]]] = {
    CERTIFICATE_CHANGED: (CertificateChangedFlow, set()),
    OTHER_GATEWAY: (OtherGatewayFlow, set()),
    LOAD_MISSING: (LoadMissingFlow, {"load"}),
    HISTORY_WAITS: (HistoryFlow, set()),
    COUNTER_JUMPED: (HistoryFlow, {"signal", "at"}),
}


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: IssueData | None) -> RepairsFlow:
    """Return the flow of an issue."""
    data = data or {}
    entry: EmsConfigEntry | None = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    if entry is not None:
        for beginning, (flow, needed) in _FLOWS.items():
            if issue_id.startswith(f"{beginning}_") and needed <= data.keys():
                return flow(entry, issue_id, data)
    return NothingToRepairFlow()
