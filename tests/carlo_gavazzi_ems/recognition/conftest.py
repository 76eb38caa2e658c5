"""What the tests of the daily look have in common."""

from datetime import timedelta

import pytest

from custom_components.carlo_gavazzi_ems.recognition import identifying
from tests.carlo_gavazzi_ems.recognition.days import Identification


@pytest.fixture
def identification(monkeypatch: pytest.MonkeyPatch) -> Identification:
    """What is found out, as a test wants it, from ten minutes of each day."""
    fake = Identification()
    monkeypatch.setattr(identifying, "identify", fake)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    return fake
