"""A busy port is found before anything starts."""

import socket

import pytest

from testbed.errors import HarnessError
from testbed.ports import HOST, free_port, is_free, require_free

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_busy_port_is_named_with_the_way_out() -> None:
    """The sentence names the port, what it is for, and the option to choose another."""
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(HarnessError, match=rf"Port {port}, meant for Home Assistant, .*--port \d+"):
            require_free(port, "--port", "Home Assistant")
    assert is_free(port)
    require_free(port, "--port", "Home Assistant")


def test_way_out_of_the_last_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no port after 65535."""
    monkeypatch.setattr("testbed.ports.is_free", lambda _port: False)
    with pytest.raises(HarnessError, match=r"--port 8124$"):
        require_free(65535, "--port", "Home Assistant")


def test_free_port() -> None:
    """A port that is given as free can be used."""
    with socket.create_server((HOST, free_port())):
        pass


def test_a_free_port_is_none_that_the_system_gives_away() -> None:
    """A connection made while a server is still starting does not take its port."""
    with socket.create_server((HOST, 0)) as server:
        given = server.getsockname()[1]
    assert free_port() < 32_000 < given


def test_no_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up with a sentence."""
    monkeypatch.setattr("testbed.ports.is_free", lambda _port: False)
    with pytest.raises(HarnessError, match=r"No free port was found on 127\.0\.0\.1"):
        free_port()
