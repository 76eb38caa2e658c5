"""A certificate as the dialogs show it: a first one, or a changed one beside the one that was trusted."""

from typing import Final

from custom_components.carlo_gavazzi_ems.access.account import Account
from custom_components.carlo_gavazzi_ems.api import Certificate
from custom_components.carlo_gavazzi_ems.texts.markdown import escaped

_NONE = "—"
#: The step that shows a first certificate.
FIRST: Final = "certificate"
#: The steps that show a changed certificate.
RENEWED: Final = "certificate_renewed"
CHANGED: Final = "certificate_changed"
KEY_UNKNOWN: Final = "certificate_key_unknown"
UNSIGNED: Final = "certificate_unsigned"


def change_step(certificate: Certificate, trusted: Account) -> str:
    """Return the step that shows a certificate which is not the trusted one."""
    if trusted.address.fingerprint is None:
        return UNSIGNED
    if trusted.public_key is None or certificate.public_key is None:
        return KEY_UNKNOWN
    return RENEWED if certificate.public_key == trusted.public_key else CHANGED


def readable_fingerprint(fingerprint: str | None) -> str:
    """Return a SHA-256 fingerprint in pairs, as browsers show it, or a dash."""
    if not fingerprint:
        return _NONE
    return ":".join(fingerprint[i : i + 2] for i in range(0, len(fingerprint), 2)).upper()


def certificate_placeholders(certificate: Certificate, trusted: Account) -> dict[str, str]:
    """Return what a dialog shows of a certificate and of the trusted one.

    Dates are in UTC: 9999-12-31, which stands for no end, cannot be converted to every time zone.
    """
    dates = {"not_before": certificate.not_before, "not_after": certificate.not_after}
    return {
        "host": str(trusted),
        "fingerprint": readable_fingerprint(certificate.fingerprint),
        "old_fingerprint": readable_fingerprint(trusted.address.fingerprint),
        "subject": escaped(certificate.subject) or _NONE,
        **{name: _NONE if date is None else date.date().isoformat() for name, date in dates.items()},
    }
