"""What the tests of signals share."""

import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare with Home Assistant's extension, which writes to `snapshots/`."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
