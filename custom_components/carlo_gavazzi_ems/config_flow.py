"""The config flow: set-up by hand or by discovery, certificate, new credentials, new address."""

from collections.abc import Mapping
import logging
from typing import Any, Final, cast, override

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    FlowType,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import voluptuous as vol

from .access.account import Account, async_log_in, error_key
from .access.address import InvalidHostError, PathError, PlainHttpError, format_address
from .access.discovery import async_entry_of, async_expect_gateway, async_follow
from .access.lockout import async_forget_logins
from .api import (
    Certificate,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsError,
    GatewayInfo,
    InvalidAnswerError,
    InvalidCredentialsError,
    Snapshot,
)
from .const import DOMAIN
from .dialogs.connection import MissingPasswordError, connection_form, typed_account
from .dialogs.energy import async_lead_on
from .dialogs.findings import FindingsFlow
from .dialogs.naming_round import known_codes
from .dialogs.options import EmsOptionsFlow
from .dialogs.replacement import KEEP, OTHER_GATEWAY, REPLACE, Replacement, gateway_title
from .dialogs.trust import FIRST, certificate_placeholders, change_step
from .inventory.archive import async_hand_over
from .runtime import EmsConfigEntry
from .signals.catalogue import Catalogue

_LOGGER = logging.getLogger(__name__)

#: Discovered gateways that are offered at the same time; further ones are ignored.
MAX_OFFERS: Final = 10


class EmsConfigFlow(FindingsFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN):
    """Asks for a gateway and its account, confirms its certificate, logs in, and shows what its codes measure."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start without any input."""
        self._typed: dict[str, Any] = {}
        self._account: Account | None = None
        self._certificate: Certificate | None = None
        self._title = ""
        self._replacement: Replacement | None = None
        self._info: GatewayInfo | None = None
        self._snapshot: Snapshot | None = None
        #: Certificates confirmed in this flow by address, so that a wrong password does not ask again.
        self._confirmed: dict[tuple[str, int], Certificate] = {}
        #: Passwords by user name that need not be typed again in this flow. No form shows them.
        self._passwords: dict[str, str] = {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for address and credentials."""
        return await self._async_form("user", user_input)

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Start because DHCP has announced a device with a MAC address of the maker."""
        host, mac = discovery_info.ip, format_mac(discovery_info.macaddress)
        if (entry := async_entry_of(self.hass, mac)) is not None:
            if entry.disabled_by is not None:
                return self.async_abort(reason="already_configured")
            await async_follow(self.hass, entry, host)
            await self.async_set_unique_id(entry.unique_id, raise_on_progress=False)
            self._abort_if_unique_id_configured(updates={CONF_HOST: host})
        self._async_abort_entries_match({CONF_HOST: host})
        self._end_discoveries(mac, but=host)
        self.context["title_placeholders"] = {"name": host}
        others = self._async_in_progress(include_uninitialized=True, match_context={"source": SOURCE_DHCP})
        if len(others) >= MAX_OFFERS or any(_host_of(flow) == host for flow in others):
            return self.async_abort(reason="already_in_progress")
        # The serial number is known after a login only; until then the MAC address is the unique id.
        await self.async_set_unique_id(mac)
        self._abort_if_unique_id_configured()
        address = await async_expect_gateway(self.hass, host)
        self._typed = {CONF_HOST: format_address(address.host, address.port)}
        return await self.async_step_user()

    def _end_discoveries(self, mac: str, *, but: str | None = None) -> None:
        """Close other discovery dialogs of a gateway, except one at the address `but`."""
        for flow in self._async_in_progress(match_context={"source": SOURCE_DHCP, "unique_id": mac}):
            if _host_of(flow) != but:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start because the gateway refused the credentials."""
        self._typed = {CONF_USERNAME: entry_data[CONF_USERNAME]}
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for new credentials."""
        return await self._async_form("reauth_confirm", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the new address of the same gateway."""
        if user_input is None:
            account = Account.from_data(self._get_reconfigure_entry().data)
            self._typed = {CONF_HOST: str(account), CONF_USERNAME: account.username}
            self._passwords = {account.username: account.password}
        return await self._async_form("reconfigure", user_input)

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a certificate that no authority has signed, and pin it on consent."""
        account, certificate = cast("Account", self._account), cast("Certificate", self._certificate)
        if user_input is None:
            first = self._entry() is None and account.address.fingerprint is None
            return self.async_show_form(
                step_id=FIRST if first else change_step(certificate, account),
                data_schema=vol.Schema({}),
                description_placeholders=certificate_placeholders(certificate, account),
            )
        address = account.address
        self._confirmed[address.host, address.port] = certificate
        return await self._async_connect(account.trusting(certificate))

    async_step_certificate_changed = async_step_certificate
    async_step_certificate_key_unknown = async_step_certificate
    async_step_certificate_renewed = async_step_certificate
    async_step_certificate_unsigned = async_step_certificate

    async def _async_form(self, step: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form, or connect with its input."""
        if user_input is None:
            return self._show(step)
        self._typed = {key: value for key, value in user_input.items() if key != CONF_PASSWORD}
        entry = self._entry()
        known = Account.from_data(entry.data) if entry is not None else None
        if password := user_input.get(CONF_PASSWORD):
            self._passwords[user_input[CONF_USERNAME]] = password
        try:
            account = typed_account(user_input, known, self._passwords)
        except PlainHttpError:
            return self._show(step, CONF_HOST, "plain_http")
        except PathError:
            return self._show(step, CONF_HOST, "address_with_path")
        except InvalidHostError:
            return self._show(step, CONF_HOST, "invalid_host")
        except MissingPasswordError:
            return self._show(step, CONF_PASSWORD, "missing_password")
        confirmed = self._confirmed.get((account.address.host, account.address.port))
        return await self._async_connect(account if confirmed is None else account.trusting(confirmed))

    async def _async_connect(self, account: Account) -> ConfigFlowResult:
        """Log in. A failure leads back to the form or to the certificate."""
        self._account = account
        try:
            try:
                client, info = await async_log_in(self.hass, account)
            except CertificateUntrustedError, CertificateChangedError:
                # Only a TLS handshake was sent so far. The password is sent after consent.
                self._certificate = await account.certificate(self.hass)
                return await self.async_step_certificate()
            return await self._async_logged_in(account, client, info)
        except AbortFlow:
            raise
        except EmsError as err:
            _LOGGER.debug("The gateway cannot be set up: %s", err)
            if isinstance(err, InvalidCredentialsError):
                self._passwords.pop(account.username, None)
            return self._show(self._first_step, "base", error_key(err))
        except Exception:
            _LOGGER.exception("Unexpected error")
            return self._show(self._first_step, "base", "unknown")

    async def _async_logged_in(self, account: Account, client: EmsClient, info: GatewayInfo) -> ConfigFlowResult:
        """Update the entry of this flow, or go on to the codes of a new one."""
        # A dialog that was left open in a closed browser must not block this one.
        await self.async_set_unique_id(info.serial_number, raise_on_progress=False)
        if (entry := self._entry()) is not None:
            if info.serial_number != entry.unique_id:
                self._abort_if_unique_id_configured()
                self._replacement = await Replacement.async_read(self.hass, entry, account, client, info)
                return await self.async_step_other_gateway()
            await async_forget_logins(self.hass, entry)
            return self.async_update_reload_and_abort(entry, data_updates=account.as_data())
        self._abort_if_unique_id_configured()
        self._title = gateway_title(info.serial_number)
        self._info, self._snapshot = info, None
        return await self._async_start_naming(client, Catalogue(known_codes(self.hass)))

    async def async_step_other_gateway(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether the gateway replaces that of the entry, and show which loads and signals it would take over."""
        entry, replacement = cast("EmsConfigEntry", self._entry()), cast("Replacement", self._replacement)
        return self.async_show_menu(
            step_id=OTHER_GATEWAY,
            menu_options=[REPLACE, KEEP],
            description_placeholders=replacement.placeholders(entry),
        )

    async def async_step_replace(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give the entities and statistics of the entry to the new gateway."""
        entry, replacement = cast("EmsConfigEntry", self._entry()), cast("Replacement", self._replacement)
        await async_forget_logins(self.hass, entry)
        return self.async_update_reload_and_abort(
            entry, **replacement.accepted(self.hass, entry), reason="gateway_replaced"
        )

    async def async_step_keep(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change nothing."""
        entry = cast("EmsConfigEntry", self._entry())
        placeholders = {"gateway": entry.title, "host": str(self._account)}
        return self.async_abort(reason="other_gateway", description_placeholders=placeholders)

    @override
    async def _async_read_lists(self, client: EmsClient) -> None:
        """Read all lists, and keep them for the first set-up of the entry."""
        await super()._async_read_lists(client)
        info, naming = cast("GatewayInfo", self._info), self._naming
        self._snapshot = Snapshot.of(info, naming.devices, naming.loads, naming.signals)

    @override
    async def async_step_findings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was recognised, unless the lists could not be read or have no signal."""
        if self._snapshot is None:
            self._identifying = None
            return await self._async_not_read(cast("EmsError", self._naming.failure))
        if not self._snapshot.signals:
            self._identifying = None
            return self._show(self._first_step, "base", "no_signals")
        return await super().async_step_findings(user_input)

    @override
    async def _async_not_read(self, err: EmsError) -> ConfigFlowResult:
        """Return to the form: an entry whose lists cannot be read would not load."""
        error = "lists_unreadable" if isinstance(err, InvalidAnswerError) else error_key(err)
        return self._show(self._first_step, "base", error)

    @override
    async def _async_codes_named(self) -> ConfigFlowResult:
        """Create the entry."""
        self._end_discoveries(format_mac(cast("GatewayInfo", self._info).mac_address))
        async_hand_over(self.hass, cast("Snapshot", self._snapshot))
        return self.async_create_entry(
            title=self._title,
            data=cast("Account", self._account).as_data(),
            options=self._naming.options({}),
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Continue with the page for the Energy dashboard."""
        if (flow_id := await async_lead_on(self.hass, result["result"])) is not None:
            result["next_flow"] = (FlowType.OPTIONS_FLOW, flow_id)
        return result

    @property
    def _first_step(self) -> str:
        """The step of the form to return to after a failure."""
        if self.source == SOURCE_REAUTH:
            return "reauth_confirm"
        return "reconfigure" if self.source == SOURCE_RECONFIGURE else "user"

    def _entry(self) -> EmsConfigEntry | None:
        """Return the entry to change, None when creating one."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    def _show(self, step: str, field: str | None = None, error: str | None = None) -> ConfigFlowResult:
        """Show a form with the earlier input, except the password, and with an error."""
        entry = self._entry()
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(
                connection_form(step, password_known=bool(self._passwords)), self._typed
            ),
            errors={field: error} if field and error else {},
            description_placeholders={"gateway": entry.title} if entry else None,
        )

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: EmsConfigEntry) -> EmsOptionsFlow:
        """Return the options flow."""
        return EmsOptionsFlow()


def _host_of(flow: ConfigFlowResult) -> str | None:
    """Return the address that a discovery dialog is about."""
    return flow["context"].get("title_placeholders", {}).get("name")
