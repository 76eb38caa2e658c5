"""What both coordinators do alike: errors, silence about them, and words about records that were left out."""

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
    """Polls one gateway; says neither that it fails nor that it is back: who knows the whole picture does that."""

    config_entry: EmsConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, client: EmsClient, *, name: str, interval: timedelta
    ) -> None:
        """Poll with this client."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=name, update_interval=interval)
        self.client = client
        #: What else has to end when the gateway refuses the credentials.
        self.when_refused: Callable[[], None] = lambda: None
        #: Whether there has been an answer at all; until then Home Assistant itself tells what is wrong.
        self.ready = False
        #: What was left out of the last answer, and why.
        self.rejected: dict[str, str] = {}
        self._warned: set[str] = set()

    def _failure(self, err: EmsError) -> HomeAssistantError:
        """Return Home Assistant's error for one of the client's; to be raised from it."""
        entry = self.config_entry
        placeholders = {"gateway": entry.title}
        if isinstance(err, CertificateChangedError | CertificateUntrustedError):
            async_certificate_changed(self.hass, entry)
        if not isinstance(err, InvalidCredentialsError):
            # Later the interval of the poll decides; at set-up Home Assistant 2026.11 waits as long as the gateway asks for.
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
            self._tell(failure)
        self.when_refused()
        return failure

    @callback
    def async_give_up(self) -> None:
        """Poll no more: the gateway refuses the credentials, and only a person can change that."""
        self.last_update_success = False
        self.async_update_listeners()
        self.hass.async_create_task(self.async_shutdown(), f"{self.name} gives up")

    def _tell(self, failure: HomeAssistantError) -> None:
        """Say once that the gateway is out of reach."""
        text = str(failure).rstrip(".")
        _LOGGER.info("%s; its entities are unavailable until that is over", text)

    def _silence(self, *, success: bool) -> None:
        """Take Home Assistant's own two lines about a poll that fails, and one that works again, out of the log."""
        self.last_update_success = success

    def _warn_once(self, what: str, reason: str) -> None:
        """Say once a run that records of this kind are left out."""
        if what in self._warned or len(self._warned) >= _MAX_WARNINGS:
            return
        self._warned.add(what)
        _LOGGER.warning(
            "%s: %s left out, because %s; all that is left out is listed in the diagnostics",
            self.config_entry.title,
            what,
            reason,
        )
