"""Runs the identification in a thread, for the dialogs and for the daily look."""

from collections.abc import Callable, Mapping
from dataclasses import replace
import logging
import re
import threading
from types import MappingProxyType
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series, identify

_LOGGER = logging.getLogger(__name__)
_PHASE: Final = re.compile(r"_l[123]")


async def async_identify(
    hass: HomeAssistant,
    series: list[Series],
    catalogue: Catalogue,
    *,
    recognised: Mapping[int, Finding] = MappingProxyType({}),
    progress: Callable[[float], None] | None = None,
) -> Mapping[int, Finding]:
    """Return what the codes may mean, given those that are named or recognised.

    The thread ends soon after the caller is cancelled. `progress` is called with 0 to 1 in the event loop.
    """
    cancelled = threading.Event()
    meanings = catalogue.meanings
    known = {code: meaning.text for code, meaning in meanings.items()} | {
        code: finding.candidates[0].text for code, finding in recognised.items()
    }
    phase_open = [code for code, meaning in meanings.items() if meaning.phase_open and code not in recognised]

    def tell(share: float) -> None:
        if cancelled.is_set():
            raise _CancelledError
        if progress is not None:
            hass.loop.call_soon_threadsafe(progress, share)

    def run() -> Mapping[int, Finding]:
        try:
            return identify(series, known, phase_open=phase_open, progress=tell)
        except _CancelledError:
            return {}
        except Exception:
            # A bug in the identification must not stop the set-up; codes can be chosen by hand.
            _LOGGER.exception("The codes could not be identified")
            return {}

    try:
        found = await hass.async_add_executor_job(run)
    finally:
        cancelled.set()
    return _with_assumption_of(recognised, found)


def _with_assumption_of(recognised: Mapping[int, Finding], found: Mapping[int, Finding]) -> Mapping[int, Finding]:
    """Mark phases whose number follows from an assumed one, which the identification takes for known."""
    assumption = next((finding.assumption for finding in recognised.values() if finding.assumption), None)
    return {
        code: replace(finding, assumption=assumption)
        if assumption and finding.certain and _PHASE.search(finding.candidates[0].text)
        else finding
        for code, finding in found.items()
    }


class _CancelledError(Exception):
    """The caller was cancelled during the identification."""
