"""Fixtures of the tests of signals."""

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Use Home Assistant's snapshot extension, which writes to `snapshots/`."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
