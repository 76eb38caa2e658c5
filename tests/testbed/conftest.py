"""What the tests of the testbed share."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp.test_utils import TestServer
import pytest

from testbed.rest import RestClient
from testbed.websocket import WebSocket

from .fake_home_assistant import FakeHomeAssistant
from .world import World, build


@pytest.fixture
def fake() -> FakeHomeAssistant:
    """Return a Home Assistant to be told what it answers."""
    return FakeHomeAssistant()


@pytest.fixture
async def client(fake: FakeHomeAssistant, socket_enabled: None) -> AsyncIterator[RestClient]:
    """Return a client of the fake, which listens."""
    async with TestServer(fake.app()) as server, RestClient(str(server.make_url("")).rstrip("/")) as client:
        yield client


@pytest.fixture
async def websocket(client: RestClient) -> AsyncIterator[WebSocket]:
    """Return a WebSocket to the fake."""
    async with await client.websocket() as websocket:
        yield websocket


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> World:
    """Return what the command finds."""
    return build(tmp_path, monkeypatch)
