"""How an entry's data become a client, and a client's errors become Home Assistant's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, override

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.carlo_gavazzi_ems.api import (
    Address,
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
    LoginBackoff,
    LoginForbiddenError,
    LoginLockedError,
    RefusedError,
    TlsError,
    UnauthorizedError,
    UnsupportedVersionError,
)
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT

from .address import format_address

#: The translation key of each error; the first class that fits, so the narrow ones come first.
_ERROR_KEYS: Final[tuple[tuple[type[EmsError], str], ...]] = (
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
    """Return the translation key that tells a person what went wrong."""
    return next(key for kind, key in _ERROR_KEYS if isinstance(err, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A gateway's address and the credentials for it: the data of a config entry."""

    address: Address
    username: str
    password: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the account that a config entry holds."""
        return cls(
            address=Address(host=data[CONF_HOST], port=data[CONF_PORT], fingerprint=data[CONF_FINGERPRINT]),
            username=data[CONF_USERNAME],
            password=data[CONF_PASSWORD],
        )

    def as_data(self) -> dict[str, Any]:
        """Return the data of a config entry for this account."""
        return {
            CONF_HOST: self.address.host,
            CONF_PORT: self.address.port,
            CONF_FINGERPRINT: self.address.fingerprint,
            CONF_USERNAME: self.username,
            CONF_PASSWORD: self.password,
        }

    def client(self, hass: HomeAssistant, backoff: LoginBackoff | None = None) -> EmsClient:
        """Return a client on Home Assistant's own session; nothing is sent yet."""
        return EmsClient.connect(
            async_get_clientsession(hass), self.address, self.username, self.password, backoff=backoff
        )

    @override
    def __str__(self) -> str:
        """Return the address as a person would type it."""
        return format_address(self.address.host, self.address.port)


async def async_log_in(hass: HomeAssistant, account: Account) -> tuple[EmsClient, GatewayInfo]:
    """Log in; return the client, and what identifies the gateway. Raises an EmsError where that does not work."""
    client = account.client(hass)
    # Needs no login, so a machine that is no EMS never sees the password.
    await client.check_version()
    await client.login()
    return client, await client.gateway_info()
