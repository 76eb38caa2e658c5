"""The control endpoint: plain HTTP on loopback, for faults and actions on a running gateway."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web
import orjson

from .dialect import Dialect, Json
from .faults.parse import coerce, describe, make, settings
from .server.handlers import json_response

if TYPE_CHECKING:
    from .gateway import Gateway

_HOST = "127.0.0.1"
_LISTED = 1000

type Action = Callable[[Mapping[str, Json]], Awaitable[Json]]

ACTIONS: dict[str, str] = {
    "reboot": "void every token",
    "offline": "listen no more",
    "online": "listen again, on the same port",
    "rotate-certificate": "present a new certificate",
    "password": "change the account's password, and void every token: password",
    "rename": "give a device or load a new label: uid, label",
    "enable": "list a signal as enabled or not: uid, enabled",
    "add-load": "list a new meter: label, meter_type (EM112), level in W (250)",
    "remove-load": "take a load off the list: uid",
    "dialect": "change the reading of the document: any field of Dialect",
}
"""The actions, with their help."""


class Control:
    """Serves the control endpoint of a gateway."""

    def __init__(self, gateway: Gateway, port: int = 0) -> None:
        """Control a gateway from a port on loopback, 0 for any free one."""
        self._gateway = gateway
        self._runner: web.AppRunner | None = None
        self.port = port

    @property
    def url(self) -> str:
        """Return the endpoint's address."""
        return f"http://{_HOST}:{self.port}"

    async def start(self) -> None:
        """Listen; OSError if the port is taken."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/state", self._state),
                web.get("/requests", self._requests),
                web.get("/faults", self._faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.delete(r"/faults/{id:\d+}", self._remove_fault),
                web.post("/actions/{name}", self._act),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, self.port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _state(self, _: web.Request) -> web.Response:
        """Answer with the gateway's address, contents and counts of requests."""
        gateway = self._gateway
        return json_response(
            {
                "running": gateway.running,
                "url": gateway.url,
                "fingerprint": gateway.fingerprint,
                "now": gateway.clock.now(),
                "requests": len(gateway.requests),
                "logins": gateway.logins,
                "peak_in_flight": gateway.peak_in_flight,
                "devices": len(gateway.site.devices),
                "loads": {str(load.uid): load.label for load in gateway.site.loads.values()},
                "signals": len(gateway.site.signals),
                "faults": [describe(fault) for fault in gateway.faults],
            }
        )

    async def _requests(self, _: web.Request) -> web.Response:
        """Answer with the latest requests."""
        records: list[Json] = [
            {
                "method": record.method,
                "path": record.path,
                "query": {**record.query},
                "status": record.status,
                "token": record.token,
                "time": record.time,
            }
            for record in self._gateway.requests[-_LISTED:]
        ]
        return json_response({"requests": records})

    async def _faults(self, _: web.Request) -> web.Response:
        """Answer with the faults in force."""
        return json_response({"faults": [describe(fault) for fault in self._gateway.faults]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Switch a fault on."""
        body = await _body(request)
        kind = body.pop("kind", None)
        try:
            fault = self._gateway.faults.add(make(str(kind), body))
        except (ValueError, LookupError) as error:
            return _refused(error)
        return json_response(describe(fault), 201)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        """Switch every fault off."""
        self._gateway.faults.clear()
        return json_response({"faults": []})

    async def _remove_fault(self, request: web.Request) -> web.Response:
        """Switch one fault off."""
        try:
            self._gateway.faults.remove(int(request.match_info["id"]))
        except LookupError as error:
            return _refused(error, 404)
        return json_response({"faults": [describe(fault) for fault in self._gateway.faults]})

    async def _act(self, request: web.Request) -> web.Response:
        """Run one of the actions below."""
        name = request.match_info["name"]
        if name not in ACTIONS:
            return _refused(ValueError(f"no action {name!r}; there are {', '.join(ACTIONS)}"), 404)
        action: Action = getattr(self, f"_{name.replace('-', '_')}")
        try:
            return json_response({"done": name, "result": await action(await _body(request))})
        except KeyError as error:
            return _refused(ValueError(f"{name} needs {error.args[0]!r}, or there is no such UID"))
        except (TypeError, ValueError) as error:
            return _refused(error)

    # Actions.

    async def _reboot(self, _: Mapping[str, Json]) -> Json:
        """Void every token."""
        self._gateway.reboot()
        return None

    async def _offline(self, _: Mapping[str, Json]) -> Json:
        """Take the gateway off the network."""
        await self._gateway.stop()
        return None

    async def _online(self, _: Mapping[str, Json]) -> Json:
        """Bring it back; return its address."""
        await self._gateway.start()
        return self._gateway.url

    async def _rotate_certificate(self, _: Mapping[str, Json]) -> Json:
        """Change the certificate; return the new fingerprint."""
        await self._gateway.rotate_certificate()
        return self._gateway.fingerprint

    async def _password(self, given: Mapping[str, Json]) -> Json:
        """Change the account's password, and void every token."""
        self._gateway.password = str(given["password"])
        self._gateway.reboot()
        return None

    async def _rename(self, given: Mapping[str, Json]) -> Json:
        """Give a device or load a new label."""
        self._gateway.site.rename(_number(given["uid"]), str(given["label"]))
        return None

    async def _enable(self, given: Mapping[str, Json]) -> Json:
        """List a signal as enabled or not."""
        enabled = coerce("enabled", given["enabled"], (bool,))
        self._gateway.site.enable(_number(given["uid"]), enabled=bool(enabled))
        return None

    async def _add_load(self, given: Mapping[str, Json]) -> Json:
        """List a new meter; return its load's UID."""
        level = coerce("level", given.get("level", 250.0), (float,))
        kind = str(given.get("meter_type", "EM112"))
        now = self._gateway.clock.now()
        return self._gateway.site.add_load(str(given["label"]), meter_type=kind, level=float(str(level)), now=now)

    async def _remove_load(self, given: Mapping[str, Json]) -> Json:
        """Take a load off the list."""
        self._gateway.site.remove_load(_number(given["uid"]))
        return None

    async def _dialect(self, given: Mapping[str, Json]) -> Json:
        """Change fields of the dialect."""
        allowed = settings(Dialect)
        allowed.pop("omit")
        if unknown := sorted(set(given) - set(allowed)):
            raise ValueError(f"the dialect has no {', '.join(unknown)}; it has {', '.join(sorted(allowed))}")
        for name, value in given.items():
            setattr(self._gateway.dialect, name, coerce(name, value, allowed[name]))
        return None


async def _body(request: web.Request) -> dict[str, Json]:
    """Return the JSON object of a request, empty if it has none; raises 400 for anything else."""
    raw = await request.read()
    try:
        data: object = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(text="a JSON object is expected")
    return data


def _number(value: Json) -> int:
    """Return a UID; ValueError if the value is not a UID."""
    number = coerce("uid", value, (int,))
    return int(str(number))


def _refused(error: Exception, status: int = 400) -> web.Response:
    """Return an error answer with its reason."""
    return json_response({"error": str(error.args[0]) if error.args else str(error)}, status)
