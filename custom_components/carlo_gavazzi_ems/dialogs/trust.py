"""A certificate as the dialogs show it."""

from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.api import Certificate
from custom_components.carlo_gavazzi_ems.texts.markdown import escaped

_NONE = "—"


def readable_fingerprint(fingerprint: str | None) -> str:
    """Return a SHA-256 fingerprint as browsers show it, in pairs; a dash where there is none."""
    if not fingerprint:
        return _NONE
    return ":".join(fingerprint[i : i + 2] for i in range(0, len(fingerprint), 2)).upper()


def certificate_placeholders(certificate: Certificate) -> dict[str, str]:
    """Return what a dialog shows of a certificate; dates are in Home Assistant's time zone."""
    dates = {"not_before": certificate.not_before, "not_after": certificate.not_after}
    return {
        "fingerprint": readable_fingerprint(certificate.fingerprint),
        "subject": escaped(certificate.subject) or _NONE,
        **{name: dt_util.as_local(date).strftime("%Y-%m-%d") if date else _NONE for name, date in dates.items()},
    }
