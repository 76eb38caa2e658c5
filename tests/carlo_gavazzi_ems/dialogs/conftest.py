"""What the tests of the dialogs have in common."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

import pytest

from custom_components.carlo_gavazzi_ems.recognition import identifying
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series
from tests.carlo_gavazzi_ems.dialogs.code_pages import (
    finding,
)


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[int, Finding]:
    """What is found out, as a test wants it, from ten minutes of history."""
    found: dict[int, Finding] = {}

    def identify(
        series: Iterable[Series], known: Mapping[int, str], phase_open: Collection[int] = (), **_: object
    ) -> dict[int, Finding]:
        codes = {one.code for one in series} - known.keys() | (set(phase_open) & found.keys())
        return {code: found.get(code, finding(code)) for code in codes}

    monkeypatch.setattr(identifying, "identify", identify)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    return found
