"""The dialogs: set-up by hand or by discovery, certificate, new credentials, new address, options."""

from collections.abc import Mapping
import logging
from typing import Any, Final, cast, override

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import voluptuous as vol

from .access.account import Account, async_log_in, error_key
from .access.address import InvalidHostError, PlainHttpError, format_address, parse_address
from .access.discovery import async_entry_of, async_expect_gateway, async_follow
from .access.lockout import async_forget_logins
from .api import (
    Address,
    Certificate,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsError,
    GatewayInfo,
    Snapshot,
    fetch_certificate,
)
from .const import DOMAIN
from .dialogs.codes import CodesFlow, known_codes
from .dialogs.options import EmsOptionsFlow
from .dialogs.trust import certificate_placeholders
from .inventory.archive import async_hand_over
from .signals.catalogue import Catalogue

_LOGGER = logging.getLogger(__name__)

_HOST: Final = TextSelector()
_USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
_CREDENTIALS: Final = {vol.Required(CONF_USERNAME): _USERNAME, vol.Required(CONF_PASSWORD): _PASSWORD}
#: The form of each way into the flow; the user's and the new address's ask for all three.
_FORMS: Final = {
    "user": vol.Schema({vol.Required(CONF_HOST): _HOST, **_CREDENTIALS}),
    "reauth_confirm": vol.Schema(_CREDENTIALS),
    "reconfigure": vol.Schema({vol.Required(CONF_HOST): _HOST, **_CREDENTIALS}),
}


class EmsConfigFlow(CodesFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN):
    """Finds a gateway, has its certificate confirmed, logs in, and has its codes named; in this order."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        self._typed: dict[str, Any] = {}
        self._account: Account | None = None
        self._certificate: Certificate | None = None
        self._title = ""
        self._info: GatewayInfo | None = None
        self._snapshot: Snapshot | None = None
        # A certificate that was confirmed is not asked about again after a slip in the password.
        self._confirmed: dict[tuple[str, int], str] = {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for address and credentials."""
        return await self._async_form("user", user_input)

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Begin because a device with the maker's MAC address was given an address in the network."""
        host, mac = discovery_info.ip, format_mac(discovery_info.macaddress)
        if (entry := async_entry_of(self.hass, mac)) is not None:
            if entry.disabled_by is not None:
                return self.async_abort(reason="already_configured")
            account = await async_follow(self.hass, entry, host)
            await self.async_set_unique_id(entry.unique_id, raise_on_progress=False)
            self._abort_if_unique_id_configured(updates=account.as_data())
        self._async_abort_entries_match({CONF_HOST: host})
        self._end_discoveries(mac, but=host)
        # The serial number is not known before a login.
        await self.async_set_unique_id(mac)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {"name": host}
        address = await async_expect_gateway(self.hass, host)
        self._typed = {CONF_HOST: format_address(address.host, address.port)}
        return await self.async_step_user()

    def _end_discoveries(self, mac: str, *, but: str | None = None) -> None:
        """Close the dialogs that wait for a gateway, apart from one at this address."""
        for flow in self._async_in_progress(match_context={"source": SOURCE_DHCP, "unique_id": mac}):
            if flow["context"].get("title_placeholders", {}).get("name") != but:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin because the gateway refused the credentials."""
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
        return await self._async_form("reconfigure", user_input)

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a certificate that no authority vouches for, and pin it on consent."""
        account, certificate = cast("Account", self._account), cast("Certificate", self._certificate)
        if user_input is None:
            return self.async_show_form(
                step_id="certificate",
                data_schema=vol.Schema({}),
                description_placeholders={"host": str(account), **certificate_placeholders(certificate)},
            )
        address = account.address
        self._confirmed[address.host, address.port] = certificate.fingerprint
        return await self._async_connect(self._with_trust(account))

    async def _async_form(self, step: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form, or try what was typed into it."""
        if user_input is None:
            return self._show(step)
        self._typed = {key: value for key, value in user_input.items() if key != CONF_PASSWORD}
        entry = self._entry()
        try:
            host, port = parse_address(user_input[CONF_HOST]) if CONF_HOST in user_input else (None, None)
        except PlainHttpError:
            return self._show(step, CONF_HOST, "plain_http")
        except InvalidHostError:
            return self._show(step, CONF_HOST, "invalid_host")
        pinned = None
        if entry is not None:
            known = Account.from_data(entry.data).address
            if host is None or port is None or (host, port) == (known.host, known.port):
                host, port, pinned = known.host, known.port, known.fingerprint
        account = Account(
            address=Address(host=cast("str", host), port=cast("int", port), fingerprint=pinned),
            username=user_input[CONF_USERNAME],
            password=user_input[CONF_PASSWORD],
        )
        return await self._async_connect(self._with_trust(account))

    async def _async_connect(self, account: Account) -> ConfigFlowResult:
        """Log in; every failure leads back to the form, or to the certificate."""
        self._account = account
        try:
            try:
                client, info = await async_log_in(self.hass, account)
            except CertificateUntrustedError, CertificateChangedError:
                # Nothing but a handshake has been sent so far; the password waits for the person's consent.
                self._certificate = await fetch_certificate(account.address.host, account.address.port)
                return await self.async_step_certificate()
        except EmsError as err:
            _LOGGER.debug("The gateway cannot be set up: %s", err)
            return self._show(self._first_step, "base", error_key(err))
        except Exception:
            _LOGGER.exception("Unexpected error")
            return self._show(self._first_step, "base", "unknown")
        return await self._async_logged_in(account, client, info)

    async def _async_logged_in(self, account: Account, client: EmsClient, info: GatewayInfo) -> ConfigFlowResult:
        """Go on to the codes, or bring the entry it is about up to date."""
        # A browser that was closed half way leaves its dialog behind; it must not be in the way of the next.
        await self.async_set_unique_id(info.serial_number, raise_on_progress=False)
        if (entry := self._entry()) is not None:
            self._abort_if_unique_id_mismatch(
                reason="other_gateway", description_placeholders={"gateway": entry.title, "host": str(account)}
            )
            await async_forget_logins(self.hass, entry)
            return self.async_update_reload_and_abort(entry, data_updates=account.as_data())
        self._abort_if_unique_id_configured()
        # The last digits tell two gateways apart without showing a serial number on every page.
        self._title = f"EMS {info.serial_number[-4:]}"
        self._info, self._snapshot = info, None
        return await self._async_start_naming(client, Catalogue(known_codes(self.hass)))

    @override
    async def _async_read_lists(self, client: EmsClient) -> None:
        """Read all lists, so that the first set-up of the entry need not wait for them."""
        await super()._async_read_lists(client)
        info, naming = cast("GatewayInfo", self._info), self._naming
        self._snapshot = Snapshot.of(info, await client.devices(), naming.loads, naming.signals)

    @override
    async def async_step_codes(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a page of codes, unless there is not a single one."""
        if self._snapshot is not None and not self._snapshot.signals:
            self._identifying = None
            return self._show(self._first_step, "base", "no_signals")
        return await super().async_step_codes(user_input)

    @override
    async def _async_not_read(self, err: EmsError) -> ConfigFlowResult:
        """Make the entry all the same: the codes can be named later, and a repair asks for it."""
        return await self._async_codes_named()

    @override
    async def _async_codes_named(self) -> ConfigFlowResult:
        """Make the entry."""
        self._end_discoveries(format_mac(cast("GatewayInfo", self._info).mac_address))
        if self._snapshot is not None:
            async_hand_over(self.hass, self._snapshot)
        return self.async_create_entry(
            title=self._title,
            data=cast("Account", self._account).as_data(),
            options=self._naming.options({}),
        )

    @property
    def _first_step(self) -> str:
        """The form that a failure leads back to."""
        if self.source == SOURCE_REAUTH:
            return "reauth_confirm"
        return "reconfigure" if self.source == SOURCE_RECONFIGURE else "user"

    def _entry(self) -> ConfigEntry | None:
        """Return the entry that is being changed, None where one is being made."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    def _with_trust(self, account: Account) -> Account:
        """Return the account with the certificate that was confirmed for its address in this flow."""
        address = account.address
        confirmed = self._confirmed.get((address.host, address.port), address.fingerprint)
        return Account(
            address=Address(host=address.host, port=address.port, fingerprint=confirmed),
            username=account.username,
            password=account.password,
        )

    def _show(self, step: str, field: str | None = None, error: str | None = None) -> ConfigFlowResult:
        """Show a form with what was typed before, the password apart, and what was wrong with it."""
        entry = self._entry()
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(_FORMS[step], self._typed),
            errors={field: error} if field and error else {},
            description_placeholders={"gateway": entry.title} if entry else None,
        )

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> EmsOptionsFlow:
        """Return the options' dialog."""
        return EmsOptionsFlow()
