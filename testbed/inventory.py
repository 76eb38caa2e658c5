"""The gateway's signals, read over its API without the integration's code, which the check must not rely on."""

from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from .errors import HarnessError
from .gateway import GatewayAccess

REQUEST_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True)
class GatewaySignal:
    """One signal in the gateway's list."""

    uid: int
    code: int
    """The signal-identifier code `si`."""
    enabled: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """The gateway's identity and signals."""

    serial: str
    signals: tuple[GatewaySignal, ...]

    def unique_id(self, signal: GatewaySignal) -> str:
        """Return the unique id of the signal's entity."""
        return f"{self.serial}_{signal.uid}"


async def read_inventory(gateway: GatewayAccess) -> Inventory:
    """Log in and read; HarnessError if the gateway does not answer as documented.

    The certificate must match the fingerprint, or verify if that is None.
    """
    ssl = True if gateway.fingerprint is None else aiohttp.Fingerprint(parse_fingerprint(gateway.fingerprint))
    connector = aiohttp.TCPConnector(ssl=ssl)
    try:
        async with aiohttp.ClientSession(gateway.url, connector=connector, timeout=REQUEST_TIMEOUT) as session:
            credentials = {"username": gateway.username, "password": gateway.password}
            async with session.post("/v1/auth/login", json=credentials, raise_for_status=True) as response:
                token = (await response.json())["token"]
            session.headers["Authorization"] = f"Bearer {token}"
            serial = (await _get(session, "/v1/serial-number"))["sn"]
            return Inventory(serial, await _signals(session))
    except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as err:
        raise HarnessError(f"The gateway at {gateway.host} could not be asked for its signals: {err!r}") from err


def parse_fingerprint(text: str) -> bytes:
    """Return the 32 bytes of a SHA-256 fingerprint, with or without colons."""
    return bytes.fromhex(text.replace(":", ""))


async def _signals(session: aiohttp.ClientSession) -> tuple[GatewaySignal, ...]:
    # A gateway may cap `limit`, so the last page is the first without new signals.
    found: dict[str, GatewaySignal] = {}
    page = 0
    while True:
        page += 1
        answer = await _get(session, f"/v1/signals?limit=1000&page={page}")
        new = {key: _signal(value) for key, value in answer["signals"].items() if key not in found}
        if not new:
            return tuple(sorted(found.values(), key=lambda signal: signal.uid))
        found |= new


def _signal(value: Any) -> GatewaySignal:
    return GatewaySignal(uid=int(value["uid"]), code=int(value["si"]), enabled=bool(value.get("enable", True)))


async def _get(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path, raise_for_status=True) as response:
        return await response.json()
