"""Base of both coordinators: translates errors, and logs outages and rejected records once."""

from collections.abc import Callable
from datetime import timedelta
import logging
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from custom_components.carlo_gavazzi_ems.access.account import error_key
from custom_components.carlo_gavazzi_ems.api import (
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsError,
    InvalidCredentialsError,
    LoginLockedError,
)
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_LOGGER = logging.getLogger(__name__)
_MAX_WARNINGS = 20


class EmsCoordinator[T](DataUpdateCoordinator[T]):
    """Polls one gateway. Does not log failures; the realtime coordinator does."""

    config_entry: EmsConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, client: EmsClient, *, name: str, interval: timedelta
    ) -> None:
        """Poll with this client."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=name, update_interval=interval)
        self.client = client
        #: Called when the gateway refuses the credentials; stops the other coordinator.
        self.when_refused: Callable[[], None] = lambda: None
        #: Whether there was a successful answer; until then Home Assistant itself reports errors.
        self.ready = False
        #: Rejected records of the last answer: where each was -> reason.
        self.rejected: dict[str, str] = {}
        self._warned: set[str] = set()

    def _failure(self, err: EmsError) -> HomeAssistantError:
        """Return Home Assistant's error for one of the client's, and create the issue of a changed certificate."""
        entry = self.config_entry
        placeholders = {"gateway": entry.title}
        if isinstance(err, CertificateChangedError | CertificateUntrustedError):
            async_certificate_changed(self.hass, entry)
        if not isinstance(err, InvalidCredentialsError):
            # At set-up, Home Assistant 2026.11 waits as long as the gateway asks for; later the poll interval decides.
            wait = err.retry_after if isinstance(err, BusyError | LoginLockedError) and not self.ready else None
            return UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=error_key(err),
                translation_placeholders=placeholders,
                retry_after=wait,
            )
        failure = ConfigEntryAuthFailed(
            translation_domain=DOMAIN, translation_key="invalid_auth", translation_placeholders=placeholders
        )
        if self.ready and self.last_update_success:
            self._log_outage(failure)
        self.when_refused()
        return failure

    @callback
    def async_give_up(self) -> None:
        """Stop polling: the gateway refuses the credentials, and only a person can correct them."""
        self.last_update_success = False
        self.async_update_listeners()
        self.hass.async_create_task(self.async_shutdown(), f"{self.name} gives up")

    def _log_outage(self, failure: HomeAssistantError) -> None:
        """Log that the gateway is unavailable; to be called once for each outage."""
        text = str(failure).rstrip(".")
        _LOGGER.info("%s; its entities are unavailable until that is over", text)

    def _set_success(self, *, success: bool) -> None:
        """Set the result of a poll early, so that Home Assistant logs neither a failure nor a recovery by itself."""
        self.last_update_success = success

    def _warn_once(self, what: str, reason: str) -> None:
        """Log that records of this kind are left out, once in a run of Home Assistant."""
        if what in self._warned or len(self._warned) >= _MAX_WARNINGS:
            return
        self._warned.add(what)
        _LOGGER.warning(
            "%s: %s left out, because %s; all that is left out is listed in the diagnostics",
            self.config_entry.title,
            what,
            reason,
        )
