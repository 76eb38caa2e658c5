"""A gateway that gives the raw answers in a diagnostics file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

_MAPS = ("devices", "loads", "signals", "realtime", "history")


@dataclass
class Replay:
    """Serves the `answers` of a diagnostics file; accepts every login."""

    answers: list[dict[str, Any]]

    def app(self) -> web.Application:
        """Return the server."""
        app = web.Application()
        app.add_routes([web.post("/v1/auth/login", self._login), web.get("/{path:.*}", self._answer)])
        return app

    async def _login(self, _: web.Request) -> web.Response:
        return web.json_response({"token": "a-token"})

    async def _answer(self, request: web.Request) -> web.Response:
        bodies = [answer["body"] for answer in self.answers if answer["path"] == request.path]
        if not bodies:
            raise web.HTTPNotFound
        key = next((key for key in _MAPS if key in bodies[0]), None)
        if key is None:
            return web.json_response(bodies[-1])
        return web.json_response({key: _page(request.query, bodies, key)})


def _page(query: Mapping[str, str], bodies: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Return the requested records, or all of them on the first page."""
    if query.get("page", "1") != "1":
        return {}
    records = {uid: record for body in bodies for uid, record in body[key].items()}
    wanted = query.get("uids", ",".join(records)).split(",")
    return {uid: record for uid, record in records.items() if uid in wanted}
