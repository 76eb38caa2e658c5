"""The issues under Settings > Repairs: created, and deleted when solved."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .ha_release import ISSUES_OF_ENTRIES
from .texts.markdown import escaped
from .texts.numbers import written

if TYPE_CHECKING:
    from .runtime import EmsConfigEntry

CERTIFICATE_CHANGED: Final = "certificate_changed"
OTHER_GATEWAY: Final = "other_gateway"
COUNTER_JUMPED: Final = "counter_jumped"
HISTORY_WAITS: Final = "history_waits"
CLOCK_WRONG: Final = "clock_wrong"
LOAD_MISSING: Final = "load_missing"
ACCOUNT_SHARED: Final = "account_shared"

#: Seconds that the gateway's clock may be wrong without an issue.
MAX_CLOCK_OFFSET: Final = 120.0
_SECONDS_PER_MINUTE: Final = 60


def place_of(entry: EmsConfigEntry, signal_uid: int) -> str:
    """Return the label of a signal's load, the title of the gateway if the signal has no load."""
    topology = entry.runtime_data.topology.data
    signal = topology.signals.get(signal_uid)
    load = None if signal is None or signal.load_uid is None else topology.loads.get(signal.load_uid)
    return entry.title if load is None else load.label or str(load.uid)


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
    _create(
        hass,
        entry,
        certificate_issue_id(entry),
        {},
        data={"host": host},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=CERTIFICATE_CHANGED,
    )


@callback
def async_other_gateway(hass: HomeAssistant, entry: EmsConfigEntry, *, found: bool) -> None:
    """Create or delete the issue of another gateway at the address of an entry."""
    _show(hass, entry, OTHER_GATEWAY, found=found, is_fixable=True, severity=ir.IssueSeverity.ERROR)


@callback
def async_certificate_trusted(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Delete the issue of a changed certificate."""
    ir.async_delete_issue(hass, DOMAIN, certificate_issue_id(entry))


@callback
def async_account_shared(hass: HomeAssistant, entry: EmsConfigEntry, *, found: bool) -> None:
    """Create or delete the issue of a gateway that repeatedly ends its sessions early."""
    _show(hass, entry, ACCOUNT_SHARED, found=found, is_fixable=False, severity=ir.IssueSeverity.WARNING)


@callback
def async_counter_jumped(
    hass: HomeAssistant, entry: EmsConfigEntry, signal_uid: int, *, amount: str, at: float
) -> None:
    """Create the issue of a counter that rose by an impossible amount at a time in seconds since 1970."""
    _create(
        hass,
        entry,
        f"{COUNTER_JUMPED}_{entry.entry_id}_{signal_uid}",
        {"load": escaped(place_of(entry, signal_uid)), "amount": written(amount, hass.config.language)},
        data={"signal": signal_uid, "at": at},
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=COUNTER_JUMPED,
    )


@callback
def async_counter_returned(hass: HomeAssistant, entry: EmsConfigEntry, signal_uid: int) -> None:
    """Delete the issue of a counter that has returned to its reading before the jump."""
    ir.async_delete_issue(hass, DOMAIN, f"{COUNTER_JUMPED}_{entry.entry_id}_{signal_uid}")


@callback
def async_history_waits(hass: HomeAssistant, entry: EmsConfigEntry, reason: str, *, loads: Iterable[str]) -> None:
    """Create the issue of hours that cannot be repaired, for one reason."""
    _create(
        hass,
        entry,
        f"{HISTORY_WAITS}_{entry.entry_id}_{reason}",
        {"loads": ", ".join(map(escaped, loads))},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"{HISTORY_WAITS}_{reason.removeprefix('history_')}",
    )


@callback
def async_history_repaired(hass: HomeAssistant, entry: EmsConfigEntry, reason: str) -> None:
    """Delete the issue of hours that could not be repaired, for one reason."""
    ir.async_delete_issue(hass, DOMAIN, f"{HISTORY_WAITS}_{entry.entry_id}_{reason}")


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
    _create(
        hass,
        entry,
        issue_id,
        {"minutes": str(round(abs(offset) / _SECONDS_PER_MINUTE))},
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="clock_ahead" if offset > 0 else "clock_behind",
    )


@callback
def async_load_missing(hass: HomeAssistant, entry: EmsConfigEntry, uid: int, *, name: str | None) -> None:
    """Create the issue of a load that the gateway has not listed for a day."""
    _create(
        hass,
        entry,
        _load_issue_id(entry, uid),
        {"load": escaped(name or "") or str(uid)},
        data={"load": uid},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=LOAD_MISSING,
    )


@callback
def async_load_listed(hass: HomeAssistant, entry: EmsConfigEntry, uid: int) -> None:
    """Delete the issue of a missing load, which is listed again or was removed."""
    ir.async_delete_issue(hass, DOMAIN, _load_issue_id(entry, uid))


@callback
def async_watch_disabled_entries(hass: HomeAssistant) -> None:
    """Delete the issues of entries that get disabled, on releases that do not hide them. A set-up creates them again."""
    if ISSUES_OF_ENTRIES:
        return

    @callback
    def changed(_: ConfigEntryChange, of_any_domain: ConfigEntry) -> None:
        if of_any_domain.domain == DOMAIN and of_any_domain.disabled_by is not None:
            async_forget_issues(hass, of_any_domain)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


@callback
def async_forget_issues(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Delete all issues of an entry."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry.entry_id in issue_id:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _show(hass: HomeAssistant, entry: EmsConfigEntry, kind: str, *, found: bool, **options: Any) -> None:
    """Create the issue of a kind of which an entry has at most one, or delete it if `found` is false."""
    issue_id = f"{kind}_{entry.entry_id}"
    if found:
        _create(hass, entry, issue_id, {}, translation_key=kind, **options)
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def _create(
    hass: HomeAssistant, entry: EmsConfigEntry, issue_id: str, placeholders: Mapping[str, str], **options: Any
) -> None:
    """Create an issue of an entry, with its gateway as placeholder. `options` are those of `async_create_issue`."""
    if ISSUES_OF_ENTRIES:
        options["config_entry_id"] = entry.entry_id
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, **options.pop("data", {})},
        translation_placeholders={"gateway": entry.title, **placeholders},
        **options,
    )


def _load_issue_id(entry: EmsConfigEntry, uid: int) -> str:
    return f"{LOAD_MISSING}_{entry.entry_id}_{uid}"
