"""Fixtures of the tests of the daily look."""

from datetime import timedelta

import pytest

from custom_components.carlo_gavazzi_ems.recognition import identifying
from tests.carlo_gavazzi_ems.recognition.days import Identification


@pytest.fixture
def identification(monkeypatch: pytest.MonkeyPatch) -> Identification:
    """Replaces the identification by findings that a test sets; ten minutes of each day are read."""
    fake = Identification()
    monkeypatch.setattr(identifying, "identify", fake)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    return fake
