"""The codes of a simulated site."""

from custom_components.carlo_gavazzi_ems.signals.catalogue import Source, UnknownMeaning, parse_meaning
from simulator import Site


def codes_of(site: Site) -> dict[str, str]:
    """Return the meaning of every code of a site, as a person confirms it."""
    codes: dict[str, str] = {}
    for uid, signal in site.signals.items():
        quantity, unit = site.truth(uid)
        text = f"{quantity}/{unit}" if unit else quantity
        try:
            parse_meaning(text, Source.CONFIRMED)
        except UnknownMeaning:
            continue
        codes[str(signal.si)] = text
    return codes
