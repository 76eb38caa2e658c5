"""The part of Home Assistant's API that the testbed uses, with prepared answers.

In a test's own process through `FakeHomeAssistant.app`; as a process of its own, in place of
`python -m homeassistant`, through `install`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import signal
import sys
from typing import Any

from aiohttp import WSMsgType, web

FLOW = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
SCRIPT = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.testbed.fake_home_assistant import main
main()
"""


@dataclass
class FakeHomeAssistant:
    """Its prepared answers, and the data that it received."""

    flow: list[dict[str, Any]] = field(default_factory=list)
    """The results of the config flow, one after the other; the last one is repeated."""
    options: list[dict[str, Any]] = field(
        default_factory=lambda: [{"type": "menu", "step_id": "init", "menu_options": ["polling"]}]
    )
    """The same for the options flow."""
    results: dict[str, Any] = field(default_factory=dict)
    """WebSocket command -> result; a str is an error's message."""
    sequences: dict[str, list[Any]] = field(default_factory=dict)
    """WebSocket command -> its next results, before the one in `results`."""
    state: str = "RUNNING"
    config_dir: str = ""
    login: dict[str, Any] = field(default_factory=lambda: {"type": "create_entry", "result": "a-code"})
    token_status: int = 200
    refuses_websocket: bool = False
    exit_code: int = 0
    ends_on: str | None = None
    """The WebSocket command after which the process ends."""
    ends_at_once: bool = False
    ignores_sigterm: bool = False

    submitted: list[Any] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    reloads: list[str] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    logins: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def token(self) -> str:
        """The only valid token; a test invalidates it by incrementing `logins`."""
        return f"token-{self.logins}"

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/auth/login_flow", self._login),
                web.post("/auth/token", self._token),
                web.get("/api/config", self._config),
                *(
                    route
                    for path in (FLOW, OPTIONS)
                    for route in (
                        web.post(path, self._flow),
                        web.get(path + "/{flow}", self._flow),
                        web.post(path + "/{flow}", self._flow),
                        web.delete(path + "/{flow}", self._delete),
                    )
                ),
                web.post("/api/config/config_entries/entry/{entry}/reload", self._reload),
                web.get("/api/websocket", self._websocket),
            ]
        )
        return app

    async def _login(self, _request: web.Request) -> web.Response:
        return web.json_response(self.login)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["code"] == "a-code"
        assert form["grant_type"] == "authorization_code"
        self.logins += 1
        return web.json_response({"access_token": self.token}, status=self.token_status)

    async def _config(self, request: web.Request) -> web.Response:
        self._authorize(request)
        return web.json_response({"state": self.state, "config_dir": self.config_dir})

    async def _flow(self, request: web.Request) -> web.Response:
        self._authorize(request)
        if request.method == "POST":
            self.submitted.append(await request.json())
        results = self.options if request.path.startswith(OPTIONS) else self.flow
        result = results.pop(0) if len(results) > 1 else results[0]
        return web.json_response({"flow_id": "f1", **result}, status=result.get("status", 200))

    async def _delete(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self.deleted.append(request.match_info["flow"])
        return web.json_response({"message": "Flow aborted"})

    async def _reload(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self.reloads.append(request.match_info["entry"])
        return web.json_response({"require_restart": False})

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.send_json({"type": "auth_required"})
        auth = await websocket.receive_json()
        if self.refuses_websocket or auth["access_token"] != self.token:
            await websocket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            return websocket
        await websocket.send_json({"type": "auth_ok"})
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                break
            command = message.json()
            self.commands.append(command)
            if command["type"] == "hang_up":
                break
            # An unrelated message first, as Home Assistant sends them too.
            await websocket.send_json({"id": 0, "type": "event", "event": {}})
            await websocket.send_json(self.result(command))
            if command["type"] == self.ends_on:
                # Give the client some time to close the connection.
                asyncio.get_running_loop().call_later(0.5, self.ended.set)
        return websocket

    def result(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a command."""
        sequence = self.sequences.get(command["type"])
        result = sequence.pop(0) if sequence else self.results.get(command["type"])
        answer = {"id": command["id"], "type": "result", "success": not isinstance(result, str)}
        if isinstance(result, str):
            return answer | {"error": {"code": "unknown_error", "message": result}}
        return answer | {"result": result}

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized


def install(folder: Path, **script: object) -> None:
    """Make `python -m homeassistant` in this folder start the fake, with these attributes."""
    (folder / "fake.json").write_text(json.dumps(script), encoding="utf-8")
    (folder / "homeassistant.py").write_text(SCRIPT, encoding="utf-8")


def main() -> None:
    """Serve on the port in `.storage/http` until SIGTERM."""
    script = json.loads(Path("fake.json").read_text(encoding="utf-8"))
    lines = script.pop("log", None)
    if lines is not None:
        Path("home-assistant.log").write_text(lines, encoding="utf-8")
    if "dies_with" in script:
        sys.exit(script["dies_with"])
    fake = FakeHomeAssistant(config_dir=str(Path.cwd()), **script)
    store = json.loads(Path(".storage/http").read_text(encoding="utf-8"))
    asyncio.run(_serve(fake, store["data"]["stable"]["server_port"]))
    sys.exit(fake.exit_code)


async def _serve(fake: FakeHomeAssistant, port: int) -> None:
    runner = web.AppRunner(fake.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if fake.ignores_sigterm else fake.ended.set)
    if fake.ends_at_once:
        loop.call_later(0.5, fake.ended.set)
    await fake.ended.wait()
    await runner.cleanup()
