"""The REST and WebSocket clients."""

import aiohttp
from aiohttp.test_utils import TestServer
import pytest

from testbed.errors import HarnessError
from testbed.rest import RestClient
from testbed.websocket import WebSocket

from .fake_home_assistant import FakeHomeAssistant


async def test_one_login_serves_all_requests(client: RestClient, fake: FakeHomeAssistant) -> None:
    """The token is kept."""
    assert (await client.get("/api/config"))["state"] == "RUNNING"
    await client.get("/api/config")
    assert fake.logins == 1


async def test_token_that_has_run_out_is_renewed(client: RestClient, fake: FakeHomeAssistant) -> None:
    """Home Assistant's clock may run much faster than ours."""
    await client.get("/api/config")
    fake.logins += 1
    assert (await client.get("/api/config"))["state"] == "RUNNING"
    assert fake.logins == 3


async def test_login_that_wants_a_password(client: RestClient, fake: FakeHomeAssistant) -> None:
    """A Home Assistant that does not trust this machine is not asked further."""
    fake.login = {"type": "form", "step_id": "init"}
    with pytest.raises(HarnessError, match="did not let us in"):
        await client.get("/api/config")


async def test_login_without_a_token(client: RestClient, fake: FakeHomeAssistant) -> None:
    """A refused code is told with its status."""
    fake.token_status = 400
    with pytest.raises(HarnessError, match="no token: status 400"):
        await client.get("/api/config")


async def test_status_is_told(client: RestClient) -> None:
    """Anything but 200 names method, path and status; an answer need not be JSON."""
    with pytest.raises(HarnessError, match="GET /api/nothing with status 404: 404: Not Found"):
        await client.get("/api/nothing")


@pytest.mark.usefixtures("socket_enabled")
async def test_nobody_there() -> None:
    """A refused connection is a sentence too."""
    async with TestServer(FakeHomeAssistant().app()) as server:
        url = str(server.make_url("")).rstrip("/")
    async with RestClient(url) as client:
        with pytest.raises(HarnessError, match="does not answer POST /auth/login_flow"):
            await client.websocket()


async def test_command(websocket: WebSocket, fake: FakeHomeAssistant) -> None:
    """The result of a command is the one with its id, whatever else comes in between."""
    fake.results = {"get_states": [{"entity_id": "sun.sun"}], "ping": None}
    assert await websocket.command("get_states") == [{"entity_id": "sun.sun"}]
    assert await websocket.command("ping", extra=1) is None
    assert fake.commands == [{"id": 1, "type": "get_states"}, {"id": 2, "type": "ping", "extra": 1}]


async def test_command_that_is_refused(websocket: WebSocket, fake: FakeHomeAssistant) -> None:
    """Home Assistant's own words are shown."""
    fake.results = {"lovelace/config/save": "Config not found"}
    with pytest.raises(HarnessError, match="refused lovelace/config/save: Config not found"):
        await websocket.command("lovelace/config/save")


async def test_connection_that_ends(websocket: WebSocket) -> None:
    """A Home Assistant that goes away in the middle is told."""
    with pytest.raises(HarnessError, match="closed the WebSocket before it answered hang_up"):
        await websocket.command("hang_up")
    with pytest.raises(HarnessError, match=r"does not answer ping|closed"):
        await websocket.command("ping")


async def test_silence(websocket: WebSocket, fake: FakeHomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come is not waited for without end."""
    monkeypatch.setattr("testbed.websocket.COMMAND_TIMEOUT", 0.05)
    monkeypatch.setattr(fake, "result", lambda _command: {"id": -1, "type": "result"})
    with pytest.raises(HarnessError, match="does not answer ping: TimeoutError"):
        await websocket.command("ping")


async def test_websocket_that_refuses_the_token(client: RestClient, fake: FakeHomeAssistant) -> None:
    """No connection is left open."""
    fake.refuses_websocket = True
    with pytest.raises(HarnessError, match="refused the token"):
        await client.websocket()


async def test_websocket_that_cannot_be_opened(client: RestClient) -> None:
    """A view that is no WebSocket is told."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(HarnessError, match="cannot be opened"):
            await WebSocket.connect(session, f"{client.url}/nothing", "token")
