"""Fixtures of the tests of the testbed."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp.test_utils import TestServer
import pytest

from testbed import outage, past
from testbed.configuration import Configuration
from testbed.hours import CounterHour, Judge
from testbed.rest import RestClient
from testbed.websocket import WebSocket

from .fake_home_assistant import FakeHomeAssistant
from .fast_runs import FakeHomeAssistantProcess
from .world import World, build


@pytest.fixture
def fake() -> FakeHomeAssistant:
    """Return a fake Home Assistant."""
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
    """Return the fakes of the demo command."""
    return build(tmp_path, monkeypatch)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeHomeAssistantProcess]:
    """All Home Assistants that were started, as fakes that load at once."""
    found: list[FakeHomeAssistantProcess] = []

    def make(configuration: Configuration, *, wrapper: tuple[str, ...]) -> FakeHomeAssistantProcess:
        found.append(FakeHomeAssistantProcess(configuration, wrapper))
        return found[-1]

    async def loaded(_home_assistant: object, _entry_id: str) -> None:
        """Return at once."""

    for module in (outage, past):
        monkeypatch.setattr(module, "HomeAssistant", make)
        monkeypatch.setattr(module, "load_entry", loaded)
    monkeypatch.setattr("testbed.fast_clock.library", lambda: "libfaketime.so.1")
    return found


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> list[CounterHour]:
    """The hours in the database."""
    found: list[CounterHour] = []
    monkeypatch.setattr(Judge, "hours", lambda _judge, _folder: iter(found))
    return found
