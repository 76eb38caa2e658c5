"""The account of a config entry, its client, and the translation keys of the client's errors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, override

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import (
    MAX_TIME_LIMIT,
    Address,
    Certificate,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    GatewayInfo,
    HostNotFoundError,
    InvalidAnswerError,
    InvalidCredentialsError,
    Line,
    LoginBackoff,
    LoginForbiddenError,
    LoginLockedError,
    RefusedError,
    TlsError,
    UnauthorizedError,
    UnsupportedVersionError,
    fetch_certificate,
)
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, CONF_PUBLIC_KEY, DOMAIN

from .address import format_address

#: The `Line` of each gateway, by host and port.
_LINES: HassKey[dict[tuple[str, int], Line]] = HassKey(f"{DOMAIN}_lines")
#: Who logged in last in a dialog, in memory only: the entry that comes of it goes on with that session.
_LOGGED_IN: HassKey[tuple[Account, EmsClient]] = HassKey(f"{DOMAIN}_logged_in")

#: The translation key of each error. The first matching class counts, so subclasses come first.
ERROR_KEYS: Final[tuple[tuple[type[EmsError], str], ...]] = (
    (HostNotFoundError, "host_not_found"),
    (RefusedError, "refused"),
    (EmsTimeoutError, "timeout"),
    (CertificateChangedError, "certificate_changed"),
    (CertificateUntrustedError, "certificate_untrusted"),
    (TlsError, "tls_failed"),
    (EmsConnectionError, "cannot_connect"),
    (InvalidAnswerError, "not_an_ems"),
    (UnsupportedVersionError, "unsupported_version"),
    (InvalidCredentialsError, "invalid_auth"),
    (LoginForbiddenError, "no_rights"),
    (UnauthorizedError, "no_rights"),
    (LoginLockedError, "locked"),
    (EmsError, "gateway_error"),
)


def error_key(err: EmsError) -> str:
    """Return the translation key of an error."""
    return next(key for kind, key in ERROR_KEYS if isinstance(err, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Address and credentials of a gateway: the data of a config entry."""

    address: Address
    username: str
    password: str
    public_key: str | None = None
    """SHA-256 of the pinned certificate's public key, None if it is not known."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the account of a config entry's data."""
        return cls(
            address=Address(host=data[CONF_HOST], port=data[CONF_PORT], fingerprint=data[CONF_FINGERPRINT]),
            username=data[CONF_USERNAME],
            password=data[CONF_PASSWORD],
            public_key=data.get(CONF_PUBLIC_KEY),
        )

    def as_data(self) -> dict[str, Any]:
        """Return the data of a config entry for this account."""
        return {
            CONF_HOST: self.address.host,
            CONF_PORT: self.address.port,
            CONF_FINGERPRINT: self.address.fingerprint,
            CONF_PUBLIC_KEY: self.public_key,
            CONF_USERNAME: self.username,
            CONF_PASSWORD: self.password,
        }

    def trusting(self, certificate: Certificate) -> Self:
        """Return the account with a pinned certificate."""
        address = replace(self.address, fingerprint=certificate.fingerprint)
        return replace(self, address=address, public_key=certificate.public_key)

    def client(
        self, hass: HomeAssistant, backoff: LoginBackoff | None = None, *, time_limit: float | None = None
    ) -> EmsClient:
        """Return a client that uses Home Assistant's session. Nothing is sent yet."""
        lines = hass.data.setdefault(_LINES, {})
        return EmsClient.connect(
            async_get_clientsession(hass),
            self.address,
            self.username,
            self.password,
            backoff=backoff,
            line=lines.setdefault((self.address.host, self.address.port), Line()),
            time_limit=time_limit,
        )

    async def certificate(self, hass: HomeAssistant) -> Certificate:
        """Return the certificate that the gateway presents, read through Home Assistant's session."""
        return await fetch_certificate(async_get_clientsession(hass), self.address.host, self.address.port)

    @override
    def __str__(self) -> str:
        """Return the address as a user would type it."""
        return format_address(self.address.host, self.address.port)


async def async_log_in(
    hass: HomeAssistant, account: Account, backoff: LoginBackoff | None = None
) -> tuple[EmsClient, GatewayInfo]:
    """Log in and return the client and the gateway's identity. Raises EmsError.

    For dialogs: it allows a slow gateway the longest time limit.
    """
    client = account.client(hass, backoff, time_limit=MAX_TIME_LIMIT)
    # This needs no login, so a device that is not an EMS never receives the password.
    await client.check_version()
    await client.login()
    hass.data[_LOGGED_IN] = account, client
    return client, await client.gateway_info()


@callback
def async_go_on(hass: HomeAssistant, account: Account, client: EmsClient) -> None:
    """Have the client of an entry go on with the session of the dialog in which a person has just entered its account."""
    if _LOGGED_IN in hass.data and hass.data[_LOGGED_IN][0] == account:
        client.go_on_from(hass.data.pop(_LOGGED_IN)[1])
