"""The gateway's API: one short method for each of its 28 operations, typed in and out."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from itertools import count
from typing import Final, Self

import aiohttp

from .auth import TokenManager
from .backoff import LoginBackoff
from .exceptions import EmsError, InvalidAnswerError, OversizedAnswerError, UnauthorizedError, UnsupportedVersionError
from .fields import JsonObject
from .jsontext import parse_json
from .models import Device, GatewayDate, GatewayInfo, HistoryRow, Load, Protocol, Sample, Signal
from .paging import PAGE_LIMIT, read_history, read_map
from .records import (
    Records,
    Rows,
    as_object,
    parse_date,
    parse_device,
    parse_history,
    parse_history_row,
    parse_load,
    parse_map,
    parse_sample,
    parse_signal,
    parse_text,
    parse_version,
)
from .samples import SampleMemory
from .traffic import Traffic
from .transport import Address, Transport

API_VERSION: Final = 1
#: UIDs that fit into one request line: with five digits each it stays below the 8 kB that servers take.
UIDS_PER_REQUEST: Final = 1000

_DEVICES = partial(parse_map, key="devices", parse=parse_device)
_LOADS = partial(parse_map, key="loads", parse=parse_load)
_SIGNALS = partial(parse_map, key="signals", parse=parse_signal)
_SAMPLES = partial(parse_map, key="realtime", parse=parse_sample)
_LAST_ROWS = partial(parse_map, key="history", parse=parse_history_row)

type Query = dict[str, str]


class EmsClient:
    """A client of one gateway, for one account.

    Every method raises an `EmsError`: `EmsConnectionError` where no usable answer came,
    `InvalidAnswerError` where it is none of the API's, `LoginError` where no token could be had,
    `StatusError` for the rest. Bad records are left out of an answer and named in its `rejected`.
    """

    def __init__(self, transport: Transport, tokens: TokenManager, *, max_in_flight: int = 1) -> None:
        """Keep at most `max_in_flight` requests on the wire: the gateway is a small computer."""
        self._transport = transport
        self._tokens = tokens
        self._slots = asyncio.Semaphore(max_in_flight)

    @classmethod
    def connect(
        cls,
        session: aiohttp.ClientSession,
        address: Address,
        username: str,
        password: str,
        *,
        backoff: LoginBackoff | None = None,
    ) -> Self:
        """Return a client on this session; nothing is sent before the first call, no login before `backoff` allows."""
        transport = Transport(session, address)
        return cls(transport, TokenManager(transport, username, password, backoff=backoff))

    @property
    def logins(self) -> int:
        """How many logins were sent so far."""
        return self._tokens.logins

    @property
    def login_wait(self) -> float:
        """Seconds for which no login is sent, because the gateway asked for patience; 0 where one may be sent."""
        return self._tokens.wait

    @property
    def login_refusals(self) -> int:
        """How many logins in a row the gateway has refused for the time being."""
        return self._tokens.refusals

    @property
    def traffic(self) -> Traffic:
        """What was asked so far, and how long it took."""
        return self._transport.traffic

    @property
    def refused(self) -> bool:
        """Whether user name or password was refused; then nothing is sent that needs a login."""
        return self._tokens.refused

    # The gateway itself

    async def login(self) -> None:
        """Make sure there is a token; a wrong user name or password shows here."""
        async with self._slots:
            await self._tokens.token()

    async def api_version(self) -> int:
        """Return the version of the API; needs no login."""
        async with self._slots:
            return parse_version(await self._transport.exchange("GET", "/ver"))

    async def check_version(self) -> None:
        """Raise UnsupportedVersionError unless the gateway speaks the version this client knows."""
        if (version := await self.api_version()) != API_VERSION:
            raise UnsupportedVersionError(version)

    async def serial_number(self) -> str:
        """Return the gateway's serial number."""
        return await self._get("/v1/serial-number", partial(parse_text, key="sn"))

    async def mac_address(self) -> str:
        """Return the gateway's MAC address as it prints it, `00:1A:2B:3C:4D:5E`."""
        return await self._get("/v1/mac", partial(parse_text, key="mac"))

    async def firmware_version(self) -> str:
        """Return the gateway's firmware version."""
        return await self._get("/v1/firmware", partial(parse_text, key="fw"))

    async def part_number(self) -> str:
        """Return the gateway's part number."""
        return await self._get("/v1/part-number", partial(parse_text, key="pn"))

    async def date(self) -> GatewayDate:
        """Return the gateway's own date and offset to UTC."""
        return await self._get("/v1/date", parse_date)

    async def gateway_info(self) -> GatewayInfo:
        """Return what identifies the gateway, from four requests."""
        return GatewayInfo(
            serial_number=await self.serial_number(),
            mac_address=await self.mac_address(),
            firmware=await self.firmware_version(),
            part_number=await self.part_number(),
        )

    # Devices, loads, signals

    async def devices(
        self, *, uids: Collection[int] | None = None, protocol: Protocol | None = None
    ) -> Records[Device]:
        """Return the devices, all or those asked for."""
        return await self._get("/v1/devices", _DEVICES, _filters(uids, protocol))

    async def device(self, uid: int) -> Device:
        """Return one device."""
        return await self._get(f"/v1/devices/{uid}", partial(_one, parse=parse_device, uid=uid))

    async def loads(self, *, uids: Collection[int] | None = None, protocol: Protocol | None = None) -> Records[Load]:
        """Return the loads, all or those asked for."""
        return await self._get("/v1/loads", _LOADS, _filters(uids, protocol))

    async def load(self, uid: int) -> Load:
        """Return one load."""
        return await self._get(f"/v1/loads/{uid}", partial(_one, parse=parse_load, uid=uid))

    async def device_loads(self, uid: int) -> Records[Load]:
        """Return the loads of a device."""
        return await self._get(f"/v1/devices/{uid}/loads", _LOADS)

    async def signals(self, *, uids: Collection[int] | None = None) -> Records[Signal]:
        """Return the signals, all or those asked for."""
        return await self._read_map("/v1/signals", _of_json(_SIGNALS), uids)

    async def signal(self, uid: int) -> Signal:
        """Return one signal."""
        return await self._get(f"/v1/signals/{uid}", partial(_one, parse=parse_signal, uid=uid))

    async def device_signals(self, uid: int) -> Records[Signal]:
        """Return the signals of all loads of a device."""
        return await self._get(f"/v1/devices/{uid}/signals", _SIGNALS)

    async def load_signals(self, uid: int) -> Records[Signal]:
        """Return the signals of a load."""
        return await self._get(f"/v1/loads/{uid}/signals", _SIGNALS)

    # Realtime values

    async def realtime(
        self,
        *,
        uids: Collection[int] | None = None,
        wanted: Collection[int] | None = None,
        memory: SampleMemory | None = None,
    ) -> Records[Sample]:
        """Return the latest values, of all signals or of those asked for.

        `wanted` are the signals of which a value is expected: once they are there, no further page is
        asked for. Signals that are asked for by `uids` are wanted unless `wanted` says otherwise.
        Who asks again and again keeps a `memory` of what was answered before.
        """
        memory, pages = memory or SampleMemory(), count()
        return await self._read_map("/v1/signals/realtime", lambda body: memory.read(body, next(pages)), uids, wanted)

    async def signal_realtime(self, uid: int) -> Sample:
        """Return the latest value of one signal."""
        return await self._get(f"/v1/signals/{uid}/realtime", partial(_one, parse=parse_sample, uid=uid))

    async def device_realtime(self, uid: int) -> Records[Sample]:
        """Return the latest values of the signals of a device."""
        return await self._get(f"/v1/devices/{uid}/signals/realtime", _SAMPLES)

    async def load_realtime(self, uid: int) -> Records[Sample]:
        """Return the latest values of the signals of a load."""
        return await self._get(f"/v1/loads/{uid}/signals/realtime", _SAMPLES)

    # History

    def history(
        self,
        *,
        uids: Collection[int],
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = PAGE_LIMIT,
    ) -> AsyncGenerator[Rows]:
        """Yield the history of several signals, page by page; who wants only a glance sets the `limit` of a page."""
        query = {"uids": _joined(uids), "limit": str(limit)}
        return self._history("/v1/signals/history", None, start, end, query)

    def signal_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of one signal, page by page."""
        return self._history(f"/v1/signals/{uid}/history", uid, start, end)

    def device_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of the signals of a device, page by page."""
        return self._history(f"/v1/devices/{uid}/signals/history", None, start, end)

    def load_history(
        self, uid: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield the history of the signals of a load, page by page."""
        return self._history(f"/v1/loads/{uid}/signals/history", None, start, end)

    async def last_history(self, *, uids: Collection[int] | None = None) -> Records[HistoryRow]:
        """Return the newest row of history, of all signals or of those asked for."""
        return await self._read_map("/v1/signals/history/last", _of_json(_LAST_ROWS), uids)

    async def signal_last_history(self, uid: int) -> HistoryRow:
        """Return the newest row of history of one signal."""
        return await self._get(f"/v1/signals/{uid}/history/last", partial(_one, parse=parse_history_row, uid=uid))

    async def device_last_history(self, uid: int) -> Records[HistoryRow]:
        """Return the newest row of history of each signal of a device."""
        return await self._get(f"/v1/devices/{uid}/signals/history/last", _LAST_ROWS)

    async def load_last_history(self, uid: int) -> Records[HistoryRow]:
        """Return the newest row of history of each signal of a load."""
        return await self._get(f"/v1/loads/{uid}/signals/history/last", _LAST_ROWS)

    # How a request is made

    async def _get[T](self, path: str, parse: Callable[[object], T], query: Query | None = None) -> T:
        """Get and parse a protected path."""
        return await self._fetch(path, _of_json(parse), query)

    async def _fetch[T](self, path: str, read: Callable[[bytes], T], query: Query | None = None) -> T:
        """Get and read a protected path; where the token may be to blame, log in and repeat once.

        A gateway that has just rebooted answers with 401, 403 or a page for people: none of these is a
        wrong password.
        """
        async with self._slots:
            token = await self._tokens.token(path)
            try:
                answer = await self._attempt(path, read, query, token)
            except EmsError as err:
                suspect = isinstance(err, UnauthorizedError | InvalidAnswerError)
                if not suspect or isinstance(err, OversizedAnswerError):
                    self._tokens.failed(type(err), path)
                    raise
                if not self._tokens.reject(token, type(err), path):
                    raise
                token = await self._tokens.token(path)
                answer = await self._attempt(path, read, query, token)
            self._tokens.accept(token, path)
            return answer

    async def _attempt[T](self, path: str, read: Callable[[bytes], T], query: Query | None, token: str) -> T:
        """Get and read a path with this token."""
        body = await self._transport.fetch("GET", path, query=query, token=token)
        try:
            return read(body)
        except InvalidAnswerError as err:
            self._transport.traffic.unreadable(path, err)
            raise

    async def _read_map[T](
        self,
        path: str,
        read: Callable[[bytes], Records[T]],
        uids: Collection[int] | None,
        wanted: Collection[int] | None = None,
    ) -> Records[T]:
        """Read a map to its end: in pages, and a long list of UIDs in several requests."""
        parts: list[Records[T]] = []
        for chunk in [None] if uids is None else list(_chunks(uids)):
            filters = _filters(chunk)

            async def fetch(page: int, filters: Query = filters) -> Records[T]:
                query = filters | {"limit": str(PAGE_LIMIT), "page": str(page)}
                return await self._fetch(path, read, query)

            expected = chunk if wanted is None or chunk is None else set(chunk).intersection(wanted)
            parts.append(await read_map(fetch, wanted=wanted if chunk is None else expected))
        if not parts:
            return Records()
        return parts[0] if len(parts) == 1 else parts[0].joined(parts)

    def _history(
        self, path: str, uid: int | None, start: datetime | None, end: datetime | None, query: Query | None = None
    ) -> AsyncGenerator[Rows]:
        """Yield history page by page; which end of the span a gateway includes is not documented."""
        span = {"limit": str(PAGE_LIMIT)} | dict(query or {})
        for name, instant in (("start", start), ("end", end)):
            if instant is not None:
                span[name] = str(round(instant.timestamp() * 1000))

        async def fetch(page: int) -> Rows:
            return await self._get(path, partial(parse_history, uid=uid), span | {"page": str(page)})

        return read_history(fetch)


def _of_json[T](parse: Callable[[object], T]) -> Callable[[bytes], T]:
    """Return what reads a body, given what reads its JSON."""
    return lambda body: parse(parse_json(body))


def _one[T](payload: object, parse: Callable[[JsonObject, int], T], uid: int) -> T:
    """Read an answer that is one record."""
    try:
        return parse(as_object(payload, "the answer"), uid)
    except ValueError as err:
        raise InvalidAnswerError(f"the answer is no such record: {err}") from err


def _filters(uids: Collection[int] | None, protocol: Protocol | None = None) -> Query:
    """Return the query that filters a list."""
    query: Query = {}
    if uids is not None:
        query["uids"] = _joined(uids)
    if protocol is not None:
        query["protocol"] = protocol.value
    return query


def _joined(uids: Iterable[int]) -> str:
    """Return UIDs as the API takes them, `1,2,59`."""
    return ",".join(map(str, sorted(uids)))


def _chunks(uids: Collection[int]) -> list[list[int]]:
    """Return UIDs in ascending order, in lists that fit into one request each."""
    ordered = sorted(uids)
    return [ordered[i : i + UIDS_PER_REQUEST] for i in range(0, len(ordered), UIDS_PER_REQUEST)]
