"""A network on loopback, in which a gateway is announced."""

from datetime import timedelta

import pytest
import pytest_socket

from custom_components.carlo_gavazzi_ems.access import discovery
from simulator import Gateway


@pytest.fixture
def quick_discovery(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """Expect a gateway where the simulated one listens, at once; read minutes of history; use loopback as a network."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/16"])
    monkeypatch.setattr(discovery, "DEFAULT_PORT", gateway.port)
    monkeypatch.setattr(discovery, "BOOT_DELAYS", (0.0, 0.0))
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
