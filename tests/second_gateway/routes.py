"""The endpoints of the document."""

from collections.abc import Callable
import json
from typing import Any, Final

from .accounts import Accounts
from .history import History, Row
from .http import Request, Response
from .identity import Identity
from .model import PROTOCOLS, Signal
from .printing import Json, Notation
from .records import Records

_LIMIT: Final = 1000


class HttpError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int) -> None:
        """Take the status."""
        super().__init__(status)
        self.status = status


class Routes:
    """Answers requests; how they are framed, delayed or spoiled is decided elsewhere."""

    def __init__(self, identity: Identity, accounts: Accounts, records: Records, history: History) -> None:
        """Take the parts that make up answers."""
        self._identity = identity
        self._accounts = accounts
        self._records = records
        self._history = history
        self._site = records.timeline.site
        self.notation = Notation()
        #: Most records of a list that one page holds, whatever `limit` says.
        self.list_cap: int | None = None

    def answer(self, request: Request) -> Response:
        """Return the answer of the document to a request."""
        try:
            body = self._body(request)
        except HttpError as err:
            return Response(err.status, self.notation.print({"error": err.status}))
        return body if isinstance(body, Response) else Response(body=self.notation.print(body))

    def _body(self, request: Request) -> Json | Response:
        parts = [part for part in request.path.split("/") if part]
        if parts == ["ver"]:
            return {"api_ver": self._identity.api_version}
        if parts == ["v1", "auth", "login"]:
            return self._login(request)
        if not self._accounts.knows(request.headers.get("authorization", "")):
            raise HttpError(401)
        if request.method != "GET":
            raise HttpError(405)
        if len(parts) < 2 or parts[0] != "v1":
            raise HttpError(404)
        if len(parts) == 2 and (facts := self._identity.facts(parts[1], self._records.clock)) is not None:
            return facts
        return self._resource(parts[1:], request.query)

    def _login(self, request: Request) -> Json:
        if request.method != "POST":
            raise HttpError(405)
        try:
            account: Any = json.loads(request.body)
            username, password = account["username"], account["password"]
        except (ValueError, KeyError, TypeError) as err:
            raise HttpError(400) from err
        token = self._accounts.log_in(username, password)
        if isinstance(token, int):
            raise HttpError(token)
        return {"token": token}

    def _resource(self, parts: list[str], query: dict[str, str]) -> Json | Response:  # noqa: PLR0911
        """Answer /devices, /loads and /signals, with or without a UID and what comes after it."""
        match parts:
            case ["devices"]:
                return self._devices(query)
            case ["loads"]:
                return self._loads(query)
            case ["devices", uid]:
                return self._records.device(_known(self._site.devices, uid))
            case ["loads", uid]:
                return self._records.load(_known(self._site.loads, uid))
            case ["signals", uid] if uid not in {"realtime", "history"}:
                return self._records.signal(_known(self._site.signals, uid))
            case ["devices", uid, "loads"]:
                device = _known(self._site.devices, uid)
                loads = [load for load in self._site.loads.values() if load.device == device.uid]
                return self._records.map("loads", ((load.uid, self._records.load(load)) for load in loads))
            case ["signals", *rest] if not rest or not rest[0].isdecimal():
                return self._values(rest, self._chosen(query), query, paged=True)
            case ["signals", uid, *rest]:
                return self._single(rest, _known(self._site.signals, uid), query)
            case [("devices" | "loads") as kind, uid, "signals", *rest]:
                return self._values(rest, self._owned(kind, uid), query, paged=False)
            case _:
                raise HttpError(404)

    def _devices(self, query: dict[str, str]) -> Json:
        wanted, protocol = _uids(query), _protocol(query)
        speaking = {load.device for load in self._site.loads.values() if load.protocol == protocol}
        devices = [
            device
            for device in self._site.devices.values()
            if (wanted is None or device.uid in wanted) and (protocol is None or device.uid in speaking)
        ]
        return self._records.map("devices", ((device.uid, self._records.device(device)) for device in devices))

    def _loads(self, query: dict[str, str]) -> Json:
        wanted, protocol = _uids(query), _protocol(query)
        loads = [
            load
            for load in self._site.loads.values()
            if (wanted is None or load.uid in wanted) and protocol in {None, load.protocol}
        ]
        return self._records.map("loads", ((load.uid, self._records.load(load)) for load in loads))

    def _chosen(self, query: dict[str, str]) -> list[Signal]:
        wanted = _uids(query)
        return [signal for signal in self._site.signals.values() if wanted is None or signal.uid in wanted]

    def _owned(self, kind: str, uid: str) -> list[Signal]:
        every = self._site.signals.values()
        if kind == "devices":
            device = _known(self._site.devices, uid)
            return [signal for signal in every if signal.device == device.uid]
        load = _known(self._site.loads, uid)
        return [signal for signal in every if signal.load == load.uid]

    def _values(self, rest: list[str], signals: list[Signal], query: dict[str, str], *, paged: bool) -> Json | Response:
        """Answer for many signals: the list, realtime, history, last history."""
        if rest == ["history"]:
            return self._history_page(signals, query)
        if paged:
            limit, page = _paging(query)
            limit = min(limit, self.list_cap) if self.list_cap is not None else limit
            signals = signals[(page - 1) * limit : page * limit]
        match rest:
            case []:
                return self._records.map("signals", ((item.uid, self._records.signal(item)) for item in signals))
            case ["realtime"]:
                return self._records.map("realtime", ((item.uid, self._records.realtime(item)) for item in signals))
            case ["history", "last"]:
                rows = ((item.uid, self._history.last(item)) for item in signals)
                return self._records.map("history", ((uid, row) for uid, row in rows if row is not None))
            case _:
                raise HttpError(404)

    def _single(self, rest: list[str], signal: Signal, query: dict[str, str]) -> Json | Response:
        match rest:
            case ["realtime"]:
                return self._records.realtime(signal)
            case ["history", "last"]:
                if (row := self._history.last(signal)) is None:
                    raise HttpError(404)
                return _json(row)
            case ["history"]:
                rows = self._history.page([signal], _span(query), *_paging(query))[signal.uid]
                return [_json(row) for row in rows] if rows else self._empty([])
            case _:
                raise HttpError(404)

    def _history_page(self, signals: list[Signal], query: dict[str, str]) -> Json | Response:
        pages = self._history.page(signals, _span(query), *_paging(query))
        if not any(pages.values()):
            return self._empty({"history": {}})
        named = {uid: rows for uid, rows in pages.items() if rows or self._history.rules.names_empty_signals}
        return self._records.map("history", ((uid, [_json(row) for row in rows]) for uid, rows in named.items()))

    def _empty(self, plain: Json) -> Json | Response:
        """Return a page without rows, in the form of this gateway."""
        match self._history.rules.empty_page:
            case "map":
                return plain
            case "object":
                return {}
            case "null":
                return None
            case "array":
                return []
            case "204":
                return Response(204)
            case "nothing":
                return Response(200)
            case "400" | "404" as status:
                raise HttpError(int(status))


def _json(row: Row) -> Json:
    return dict(row)


def _known[T](listed: dict[int, T], uid: str) -> T:
    if not uid.isdecimal() or int(uid) not in listed:
        raise HttpError(404)
    return listed[int(uid)]


def _parsed[T](query: dict[str, str], name: str, parse: Callable[[str], T], default: T) -> T:
    if name not in query:
        return default
    try:
        return parse(query[name])
    except ValueError as err:
        raise HttpError(400) from err


def _uids(query: dict[str, str]) -> set[int] | None:
    return _parsed(query, "uids", lambda text: {int(uid) for uid in text.split(",")}, None)


def _protocol(query: dict[str, str]) -> str | None:
    protocol = query.get("protocol")
    if protocol not in {None, *PROTOCOLS}:
        raise HttpError(400)
    return protocol


def _paging(query: dict[str, str]) -> tuple[int, int]:
    limit, page = _parsed(query, "limit", int, _LIMIT), _parsed(query, "page", int, 1)
    if limit < 1 or page < 1:
        raise HttpError(400)
    return limit, page


def _span(query: dict[str, str]) -> tuple[float | None, float | None]:
    """Return the span in seconds of the gateway's clock."""
    start, end = _parsed(query, "start", int, None), _parsed(query, "end", int, None)
    return None if start is None else start / 1000, None if end is None else end / 1000
