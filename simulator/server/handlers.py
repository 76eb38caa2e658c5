"""The 28 operations of docs/openapi.yaml."""

from collections.abc import Awaitable, Callable
import hmac

from aiohttp import web
import orjson

from simulator.dialect import Json, Record
from simulator.faults.base import LOGIN, Answer
from simulator.site import Signal

from . import query
from .listing import Listing
from .query import Page
from .served import ServedGateway

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC = frozenset({"/ver", LOGIN})
"""Paths that need no token."""


def json_response(data: Json, status: int = 200) -> web.Response:
    """Return data as an answer."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


class Handlers:
    """Answers requests with the site's data."""

    def __init__(self, gateway: ServedGateway) -> None:
        """Take the gateway whose data is served."""
        self._gateway = gateway

    def routes(self) -> dict[str, Handler]:
        """Return the handler of each path that is read with GET."""
        single = "/v1/signals/{uid}"
        return {
            "/ver": self._version,
            "/v1/serial-number": self._identity("sn", "serial_number"),
            "/v1/mac": self._identity("mac", "mac"),
            "/v1/firmware": self._identity("fw", "firmware"),
            "/v1/part-number": self._identity("pn", "part_number"),
            "/v1/date": self._date,
            "/v1/devices": self._devices,
            "/v1/devices/{uid}": self._device,
            "/v1/loads": self._loads,
            "/v1/loads/{uid}": self._load,
            "/v1/devices/{uid}/loads": self._device_loads,
            "/v1/signals": self._paged(self._signals),
            single: self._signal,
            "/v1/signals/realtime": self._paged(self._realtime),
            f"{single}/realtime": self._signal_realtime,
            "/v1/signals/history": self._all_history,
            f"{single}/history": self._signal_history,
            "/v1/signals/history/last": self._paged(self._last),
            f"{single}/history/last": self._signal_last,
            **{
                f"/v1/{parent}/{{uid}}/signals{rest}": handler
                for parent in ("devices", "loads")
                for rest, handler in {
                    "": self._of_parent(self._signals),
                    "/realtime": self._of_parent(self._realtime),
                    "/history": self._parent_history,
                    "/history/last": self._of_parent(self._last),
                }.items()
            },
        }

    async def login(self, request: web.Request) -> web.Response:
        """Answer a login; 401 for every error: the API document names no other."""
        gateway = self._gateway
        try:
            body = orjson.loads(await request.read())
            username, password = str(body["username"]), str(body["password"])
        except orjson.JSONDecodeError, KeyError, TypeError:
            return json_response({"error": "username and password expected"}, 401)
        known = hmac.compare_digest(username.encode(errors="replace"), gateway.username.encode())
        if not hmac.compare_digest(password.encode(errors="replace"), gateway.password.encode()) or not known:
            return json_response({"error": "wrong user name or password"}, 401)
        return json_response({"token": gateway.tokens.issue(username)})

    # The system.

    async def _version(self, _: web.Request) -> web.Response:
        """Answer with the version of the API."""
        return json_response({"api_ver": self._gateway.identity.api_version})

    def _identity(self, key: str, attribute: str) -> Handler:
        """Return a handler that answers with one field of the gateway's identity."""

        async def handler(_: web.Request) -> web.Response:
            """Answer a request."""
            return json_response(self._gateway.dialect.record({key: getattr(self._gateway.identity, attribute)}))

        return handler

    async def _date(self, _: web.Request) -> web.Response:
        """Answer with local date and time zone."""
        now = self._gateway.local_time()
        offset = now.strftime("%:z")
        return json_response(
            self._gateway.dialect.record({"date": now.strftime("%Y-%m-%d %H:%M:%S"), "tz": f"{offset} {now.tzname()}"})
        )

    # Devices and loads.

    async def _devices(self, request: web.Request) -> web.Response:
        """Answer with the devices, filtered."""
        uids, protocol = query.uids(request.query), query.protocol(request.query)
        listing = Listing(self._gateway)
        having = {load.did for load in listing.loads() if load.protocol is protocol}
        records = {
            str(device.uid): listing.device(device)
            for device in listing.devices()
            if (uids is None or device.uid in uids) and (protocol is None or device.uid in having)
        }
        return self._map(request, "devices", "devices", records)

    async def _device(self, request: web.Request) -> web.Response:
        """Answer with one device."""
        listing, uid = Listing(self._gateway), _uid(request)
        record = next((listing.device(device) for device in listing.devices() if device.uid == uid), None)
        return self._one(request, "devices", record)

    async def _loads(self, request: web.Request) -> web.Response:
        """Answer with the loads, filtered."""
        uids, protocol = query.uids(request.query), query.protocol(request.query)
        listing = Listing(self._gateway)
        records = {
            str(load.uid): listing.load(load)
            for load in listing.loads()
            if (uids is None or load.uid in uids) and protocol in {None, load.protocol}
        }
        return self._map(request, "loads", "loads", records)

    async def _load(self, request: web.Request) -> web.Response:
        """Answer with one load."""
        listing, uid = Listing(self._gateway), _uid(request)
        record = next((listing.load(load) for load in listing.loads() if load.uid == uid), None)
        return self._one(request, "loads", record)

    async def _device_loads(self, request: web.Request) -> web.Response:
        """Answer with the loads of a device."""
        listing, uid = Listing(self._gateway), _uid(request)
        if uid not in {device.uid for device in listing.devices()}:
            raise _not_found(request)
        records = {str(load.uid): listing.load(load) for load in listing.loads() if load.did == uid}
        return self._map(request, "loads", "loads", records)

    # Signals, realtime and last history: for many by page, and by parent.

    def _signals(self, request: web.Request, listing: Listing, signals: list[Signal]) -> web.Response:
        """Answer with signals."""
        return self._map(request, "signals", "signals", {str(signal.uid): listing.signal(signal) for signal in signals})

    def _realtime(self, request: web.Request, listing: Listing, signals: list[Signal]) -> web.Response:
        """Answer with the latest values of signals."""
        return self._map(request, "realtime", "realtime", listing.realtime(listing.valued(signals)))

    def _last(self, request: web.Request, listing: Listing, signals: list[Signal]) -> web.Response:
        """Answer with the last history rows of signals."""
        return self._map(request, "history", "last", listing.last(listing.valued(signals)))

    def _paged(self, answer: Callable[[web.Request, Listing, list[Signal]], web.Response]) -> Handler:
        """Return a handler that answers for a page of all signals, filtered."""

        async def handler(request: web.Request) -> web.Response:
            """Answer a request."""
            uids, page = query.uids(request.query), self._page(request)
            listing = Listing(self._gateway)
            signals = [signal for signal in listing.signals() if uids is None or signal.uid in uids]
            return answer(request, listing, signals[page.window])

        return handler

    def _of_parent(self, answer: Callable[[web.Request, Listing, list[Signal]], web.Response]) -> Handler:
        """Return a handler that answers for the signals of a device or load."""

        async def handler(request: web.Request) -> web.Response:
            """Answer a request."""
            listing = Listing(self._gateway)
            return answer(request, listing, self._children(request, listing))

        return handler

    # History.

    async def _all_history(self, request: web.Request) -> web.Response:
        """Answer with the history of all signals, filtered."""
        uids, span, page = query.uids(request.query), query.span(request.query), self._page(request)
        listing = Listing(self._gateway)
        signals = [signal for signal in listing.signals() if uids is None or signal.uid in uids]
        return self._map(request, "history", "history", listing.history(listing.valued(signals), span, page))

    async def _parent_history(self, request: web.Request) -> web.Response:
        """Answer with the history of the signals of a device or load."""
        span, page = query.span(request.query), self._page(request)
        listing = Listing(self._gateway)
        signals = listing.valued(self._children(request, listing))
        return self._map(request, "history", "history", listing.history(signals, span, page))

    async def _signal_history(self, request: web.Request) -> web.Response:
        """Answer with the history of one signal, a bare list."""
        span, page = query.span(request.query), self._page(request)
        listing = Listing(self._gateway)
        signal = self._single(request, listing)
        rows = listing.rows(signal, span, page) if listing.valued([signal]) else []
        answer = self._spoiled(request, "history", {str(signal.uid): rows})
        return json_response(next(iter(answer.values())))

    # One signal.

    async def _signal(self, request: web.Request) -> web.Response:
        """Answer with one signal."""
        listing = Listing(self._gateway)
        return self._one(request, "signals", listing.signal(self._single(request, listing)))

    async def _signal_realtime(self, request: web.Request) -> web.Response:
        """Answer with the latest value of one signal."""
        listing = Listing(self._gateway)
        records = listing.realtime(listing.valued([self._single(request, listing)]))
        return self._first(request, "realtime", records)

    async def _signal_last(self, request: web.Request) -> web.Response:
        """Answer with the last history row of one signal."""
        listing = Listing(self._gateway)
        records = listing.last(listing.valued([self._single(request, listing)]))
        return self._first(request, "last", records)

    # Helpers.

    def _page(self, request: web.Request) -> Page:
        """Return the page that is asked for, with the limit that this gateway applies."""
        page = query.page(request.query)
        return Page(self._gateway.dialect.capped(page.limit), page.page)

    def _single(self, request: web.Request, listing: Listing) -> Signal:
        """Return the signal of the path; raises 404."""
        uid = _uid(request)
        for signal in listing.signals():
            if signal.uid == uid:
                return signal
        raise _not_found(request)

    def _children(self, request: web.Request, listing: Listing) -> list[Signal]:
        """Return the signals of the device or load of the path; raises 404."""
        uid = _uid(request)
        if request.path.startswith("/v1/devices/"):
            if uid in {device.uid for device in listing.devices()}:
                return [signal for signal in listing.signals() if signal.did == uid]
        elif uid in {load.uid for load in listing.loads()}:
            return [signal for signal in listing.signals() if signal.lid == uid]
        raise _not_found(request)

    def _spoiled(self, request: web.Request, what: str, records: dict[str, Json]) -> dict[str, Json]:
        """Return the records, changed by the faults in force."""
        self._gateway.faults.spoil(request.path, Answer(what, records))
        return records

    def _map(
        self, request: web.Request, name: str, what: str, records: dict[str, Record] | dict[str, Json]
    ) -> web.Response:
        """Return a map of records."""
        spoiled = self._spoiled(request, what, dict(records))
        return json_response(self._gateway.dialect.envelope(name, spoiled))

    def _first(self, request: web.Request, what: str, records: dict[str, Json]) -> web.Response:
        """Return the first record; raises 404 if there is none."""
        if not records:
            raise _not_found(request)
        return json_response(next(iter(self._spoiled(request, what, records).values())))

    def _one(self, request: web.Request, what: str, record: Record | None) -> web.Response:
        """Return one record; raises 404 if there is none."""
        if record is None:
            raise _not_found(request)
        return self._first(request, what, {str(_uid(request)): record})


def _uid(request: web.Request) -> int | None:
    """Return the UID of the path, None if it cannot be one."""
    text = request.match_info["uid"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _not_found(request: web.Request) -> web.HTTPNotFound:
    """Return the error for a resource that does not exist."""
    return web.HTTPNotFound(text=f"no {request.path}")
