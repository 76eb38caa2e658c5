"""The gateway's API: one typed method for each of its 28 operations."""

from collections.abc import Collection
from functools import partial
from typing import Final, Self

import aiohttp

from .auth import TokenManager
from .backoff import LoginBackoff
from .exceptions import BadRequestError, NotFoundError, UnsupportedVersionError
from .history import HistoryRequester
from .models import Device, GatewayDate, GatewayInfo, Load, Protocol, Sample, Signal
from .records import (
    Records,
    parse_date,
    parse_detail,
    parse_device,
    parse_load,
    parse_map,
    parse_sample,
    parse_signal,
    parse_text,
    parse_version,
)
from .requester import filters, one, page_of_json
from .samples import SampleMemory, Samples
from .transport import Address, Line, Transport

API_VERSION: Final = 1

_DEVICES = partial(parse_map, key="devices", parse=parse_device)
_LOADS = partial(parse_map, key="loads", parse=parse_load)
_SIGNALS = partial(parse_map, key="signals", parse=parse_signal)


class EmsClient(HistoryRequester):
    """A client of one gateway, for one account.

    Every method raises an `EmsError`: `EmsConnectionError` if no usable answer came,
    `InvalidAnswerError` if the answer does not follow the API, `LoginError` if the login failed,
    `StatusError` for the rest. Bad records are left out of an answer and listed in its `rejected`.
    """

    @classmethod
    def connect(  # noqa: PLR0913  # all but the first four by name, each with a default
        cls,
        session: aiohttp.ClientSession,
        address: Address,
        username: str,
        password: str,
        *,
        backoff: LoginBackoff | None = None,
        line: Line | None = None,
        time_limit: float | None = None,
    ) -> Self:
        """Return a client on this session. Nothing is sent before the first call, no login before `backoff` allows it.

        Clients of one gateway share one `line`. `time_limit` is the initial time limit of an answer in seconds.
        """
        transport = Transport(session, address, line=line, time_limit=time_limit)
        return cls(transport, TokenManager(transport, username, password, backoff=backoff))

    # The gateway itself

    async def login(self) -> None:
        """Log in unless there is a token. Raises InvalidCredentialsError for a wrong user name or password."""
        async with self._turn:
            await self._tokens.token()

    async def api_version(self) -> int:
        """Return the version of the API; needs no login."""
        async with self._turn:
            return parse_version(await self._transport.exchange("GET", "/ver"))

    async def check_version(self) -> None:
        """Raise UnsupportedVersionError unless the gateway has the API version that this client knows."""
        if (version := await self.api_version()) != API_VERSION:
            raise UnsupportedVersionError(version)

    async def serial_number(self) -> str:
        """Return the gateway's serial number."""
        return await self._get("/v1/serial-number", partial(parse_text, key="sn"))

    async def mac_address(self) -> str:
        """Return the gateway's MAC address as it prints it, `00:1A:2B:3C:4D:5E`, empty where it names none."""
        return await self._detail("/v1/mac", "mac")

    async def firmware_version(self) -> str:
        """Return the gateway's firmware version, empty where it names none."""
        return await self._detail("/v1/firmware", "fw")

    async def part_number(self) -> str:
        """Return the gateway's part number, empty where it names none."""
        return await self._detail("/v1/part-number", "pn")

    async def _detail(self, path: str, key: str) -> str:
        """Return a text of which nothing depends, so that a gateway without it is as good as any other."""
        try:
            return await self._get(path, partial(parse_detail, key=key))
        except BadRequestError, NotFoundError:
            return ""

    async def date(self) -> GatewayDate:
        """Return the gateway's own date and offset to UTC."""
        return await self._get("/v1/date", parse_date)

    async def gateway_info(self) -> GatewayInfo:
        """Return what identifies the gateway; sends four requests."""
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
        return await self._get("/v1/devices", _DEVICES, filters(uids, protocol))

    async def device(self, uid: int) -> Device:
        """Return one device."""
        return await self._get(f"/v1/devices/{uid}", partial(one, parse=parse_device, uid=uid))

    async def loads(self, *, uids: Collection[int] | None = None, protocol: Protocol | None = None) -> Records[Load]:
        """Return the loads, all or those asked for."""
        return await self._get("/v1/loads", _LOADS, filters(uids, protocol))

    async def load(self, uid: int) -> Load:
        """Return one load."""
        return await self._get(f"/v1/loads/{uid}", partial(one, parse=parse_load, uid=uid))

    async def device_loads(self, uid: int) -> Records[Load]:
        """Return the loads of a device."""
        return await self._get(f"/v1/devices/{uid}/loads", _LOADS)

    async def signals(self, *, uids: Collection[int] | None = None) -> Records[Signal]:
        """Return the signals, all or those asked for."""
        return await self._read_map("/v1/signals", page_of_json(_SIGNALS), Records(), uids)

    async def signal(self, uid: int) -> Signal:
        """Return one signal."""
        return await self._get(f"/v1/signals/{uid}", partial(one, parse=parse_signal, uid=uid))

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
    ) -> Samples:
        """Return the latest values, of all signals or of those asked for.

        `wanted` are the signals that are expected to have a value: once all are there, no further page is
        requested. By default these are the signals in `uids`.
        A caller that polls passes the same `memory` each time: a page with the same bytes is not parsed again.
        """
        return await self._read_map("/v1/signals/realtime", (memory or SampleMemory()).read, Samples(), uids, wanted)

    async def signal_realtime(self, uid: int) -> Sample:
        """Return the latest value of one signal."""
        return await self._get(f"/v1/signals/{uid}/realtime", partial(one, parse=parse_sample, uid=uid))

    async def device_realtime(self, uid: int) -> Samples:
        """Return the latest values of the signals of a device."""
        return await self._fetch(f"/v1/devices/{uid}/signals/realtime", Samples)

    async def load_realtime(self, uid: int) -> Samples:
        """Return the latest values of the signals of a load."""
        return await self._fetch(f"/v1/loads/{uid}/signals/realtime", Samples)
