"""The issues under Settings > Repairs: created, and deleted when solved."""

from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .texts.markdown import escaped

if TYPE_CHECKING:
    from .runtime import EmsConfigEntry

CERTIFICATE_CHANGED: Final = "certificate_changed"
UNNAMED_CODES: Final = "unnamed_codes"
COUNTER_CORRECTED: Final = "counter_corrected"
CLOCK_WRONG: Final = "clock_wrong"
LOAD_MISSING: Final = "load_missing"

#: Seconds that the gateway's clock may be wrong without an issue.
MAX_CLOCK_OFFSET: Final = 120.0
_SECONDS_PER_MINUTE: Final = 60


def certificate_issue_id(entry: EmsConfigEntry) -> str:
    """Return the id of the issue of a changed certificate."""
    return f"{CERTIFICATE_CHANGED}_{entry.entry_id}"


@callback
def async_certificate_changed(hass: HomeAssistant, entry: EmsConfigEntry, host: str | None = None) -> None:
    """Create the issue of a changed certificate. Nothing is sent until the user trusts it.

    `host` is a new address at which the gateway was announced. It is kept when the old address is asked again.
    """
    issue = ir.async_get(hass).async_get_issue(DOMAIN, certificate_issue_id(entry))
    if host is None and issue is not None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        certificate_issue_id(entry),
        data={"entry_id": entry.entry_id, "host": host},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=CERTIFICATE_CHANGED,
        translation_placeholders={"gateway": entry.title},
    )


@callback
def async_certificate_trusted(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Delete the issue of a changed certificate."""
    ir.async_delete_issue(hass, DOMAIN, certificate_issue_id(entry))


@callback
def async_unnamed_codes(hass: HomeAssistant, entry: EmsConfigEntry, count: int) -> None:
    """Create or delete the issue of codes without a meaning."""
    issue_id = f"{UNNAMED_CODES}_{entry.entry_id}"
    if count == 0:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=UNNAMED_CODES,
        translation_placeholders={"gateway": entry.title, "count": str(count)},
    )


@callback
def async_counter_corrected(
    hass: HomeAssistant, entry: EmsConfigEntry, signal_uid: int, *, load: str, amount: str
) -> None:
    """Create the issue of a counter that is lower than before by an amount with its unit."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{COUNTER_CORRECTED}_{entry.entry_id}_{signal_uid}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=COUNTER_CORRECTED,
        translation_placeholders={"gateway": entry.title, "load": escaped(load), "amount": amount},
    )


@callback
def async_clock_checked(hass: HomeAssistant, entry: EmsConfigEntry, offset: float | None) -> None:
    """Create or delete the issue of a clock that is wrong by more than two minutes.

    `offset` is in seconds, positive if the clock is ahead; None, if it is not known, changes nothing.
    """
    issue_id = f"{CLOCK_WRONG}_{entry.entry_id}"
    if offset is None:
        return
    if abs(offset) <= MAX_CLOCK_OFFSET:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="clock_ahead" if offset > 0 else "clock_behind",
        translation_placeholders={
            "gateway": entry.title,
            "minutes": str(round(abs(offset) / _SECONDS_PER_MINUTE)),
        },
    )


@callback
def async_load_missing(hass: HomeAssistant, entry: EmsConfigEntry, uid: int, *, name: str | None) -> None:
    """Create the issue of a load that the gateway has not listed for a day."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _load_issue_id(entry, uid),
        data={"entry_id": entry.entry_id, "load": uid},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=LOAD_MISSING,
        translation_placeholders={"gateway": entry.title, "load": escaped(name or "") or str(uid)},
    )


@callback
def async_load_listed(hass: HomeAssistant, entry: EmsConfigEntry, uid: int) -> None:
    """Delete the issue of a missing load, which is listed again or was removed."""
    ir.async_delete_issue(hass, DOMAIN, _load_issue_id(entry, uid))


@callback
def async_forget_issues(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Delete all issues of an entry."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry.entry_id in issue_id:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _load_issue_id(entry: EmsConfigEntry, uid: int) -> str:
    return f"{LOAD_MISSING}_{entry.entry_id}_{uid}"
