"""A Home Assistant and a gateway as processes, both on the same day in June."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
from playwright.async_api import Page

from testbed import DOMAIN
from testbed.configuration import prepare
from testbed.flow import ConfigFlow, Form, FormData, Texts
from testbed.gateway import GatewayAccess, Simulator, SimulatorOptions
from testbed.home_assistant import HomeAssistant
from testbed.ports import free_port
from testbed.rest import RestClient
from testbed.shift import Shift

TIME_ZONE: Final = "Europe/Rome"
#: An afternoon in summer, with solar power; shortly before the recorder's next short-term statistics. In the future,
#: because a browser would take cached answers of the past for stale, and load every file of the frontend again.
NOON: Final = datetime(2030, 6, 17, 16, 3, 30, tzinfo=ZoneInfo(TIME_ZONE))
#: Timeout in seconds of every step on a busy machine.
PATIENCE: Final = 180.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)


@dataclass(slots=True)
class World:
    """One Home Assistant and one gateway."""

    folder: Path
    shift: Shift
    home_assistant: HomeAssistant
    simulator: Simulator
    client: RestClient
    password: str = field(init=False)
    """The gateway's current password."""

    fingerprint: str = field(init=False)
    """SHA-256 of its current certificate."""

    naming: str = "en"
    """The language in which Home Assistant names entities."""

    def __post_init__(self) -> None:
        """Take password and fingerprint from the simulator."""
        self.password = self.gateway.password
        self.fingerprint = str(self.gateway.fingerprint)

    @property
    def url(self) -> str:
        """Return the address of the frontend."""
        return self.home_assistant.url

    @property
    def gateway(self) -> GatewayAccess:
        """Return the access to the gateway."""
        return self.simulator.gateway

    async def command(self, kind: str, **data: object) -> Any:
        """Return the result of a command on a new connection; idle ones are closed after a minute."""
        async with await self.client.websocket() as websocket:
            return await websocket.command(kind, **data)

    async def pass_by(self, instant: datetime) -> None:
        """Stop Home Assistant until an instant; the gateway keeps counting."""
        # Killed before it is through, it has not stored what was set up in the last seconds.
        await self.home_assistant.stop(PATIENCE)
        self.shift.move(instant)
        self.client.forget_token()
        await self.home_assistant.start(2 * PATIENCE)
        await self.loaded()

    async def entries(self) -> list[Any]:
        """Return the integration's config entries."""
        found: list[Any] = await self.command("config_entries/get", domain=DOMAIN)
        return found

    async def clear(self) -> None:
        """Delete every entry and every open flow."""
        for flow in await self.command("config_entries/flow/progress"):
            if flow["handler"] == DOMAIN:
                await self.client.delete(f"/api/config/config_entries/flow/{flow['flow_id']}")
        for entry in await self.entries():
            await self.client.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")

    async def entry(self) -> str:
        """Return the id of the gateway's entry; set it up if there is none."""
        if found := await self.entries():
            return str(found[0]["entry_id"])

        async def user(_: Form) -> FormData:
            return {"host": self.gateway.host, "username": self.gateway.username, "password": self.password}

        async with await self.client.websocket() as websocket:
            texts = await Texts.load(websocket)
        return await ConfigFlow(self.client, texts, print).run({"user": user})

    async def state(self) -> str:
        """Return the state of the gateway's entry, such as `loaded`."""
        (entry,) = await self.entries()
        return str(entry["state"])

    async def until[T](
        self, is_right: Callable[[T], bool], look: Callable[[], Awaitable[T]], seconds: float = PATIENCE
    ) -> None:
        """Poll `look` until `is_right`; TimeoutError with the last result."""
        found = await look()
        end = asyncio.get_running_loop().time() + seconds
        while not is_right(found):
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"after {seconds:.0f} s it is still {found}")
            await asyncio.sleep(0.5)
            found = await look()

    async def loaded(self) -> None:
        """Wait until the gateway's entry is loaded."""
        await self.until(lambda state: state == "loaded", self.state)

    @asynccontextmanager
    async def speaking(self, page: Page, language: str) -> AsyncIterator[None]:
        """Switch the frontend to another language inside the context, without a reload."""

        async def speak(wanted: str) -> None:
            await self.command("frontend/set_user_data", key="language", value={"language": wanted})
            await page.wait_for_function(f"document.querySelector('home-assistant').hass.language === '{wanted}'")

        await speak(language)
        try:
            yield
        finally:
            await speak("en")

    async def name_in(self, language: str) -> None:
        """Set the language of entity names, which is not that of the frontend."""
        if language != self.naming:
            await self.command("config/core/update", language=language)
            self.naming = language
            await self.reload()
            await self.loaded()

    async def texts(self, language: str) -> dict[str, str]:
        """Return the integration's texts by key, such as `config.step.user.title`."""
        texts: dict[str, str] = {}
        for category in ("config", "options", "entity", "issues"):
            answer = await self.command(
                "frontend/get_translations", language=language, category=category, integration=[DOMAIN]
            )
            texts |= {key.removeprefix(f"component.{DOMAIN}."): text for key, text in answer["resources"].items()}
        return texts

    async def entity_ids(self) -> dict[str, str]:
        """Return the entity ids of the integration by unique id."""
        entities = await self.command("config/entity_registry/list")
        return {one["unique_id"]: one["entity_id"] for one in entities if one["platform"] == DOMAIN}

    async def load_device(self, label: str) -> str:
        """Return the id of a load's device."""
        devices = await self.command("config/device_registry/list")
        found = [
            one["id"]
            for one in devices
            if one["name"] == label and any("_load_" in identifier for _, identifier in one["identifiers"])
        ]
        (device,) = found
        return str(device)

    async def order(self, action: str, **given: str) -> Any:
        """Run an action of the simulator and return its result."""
        return (await self._control("POST", f"actions/{action}", given))["result"]

    async def break_it(self, kind: str, **settings: object) -> int:
        """Switch a fault on and return its number."""
        return int((await self._control("POST", "faults", {"kind": kind, **settings}))["id"])

    async def mend(self, fault: int) -> None:
        """Switch a fault off."""
        await self._control("DELETE", f"faults/{fault}")

    async def _control(self, method: str, path: str, given: Mapping[str, object] | None = None) -> Any:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, raise_for_status=True) as session,
            session.request(method, f"{self.gateway.control_url}/{path}", json=given) as answer,
        ):
            return await answer.json()

    async def reload(self) -> None:
        """Reload the entry, instead of waiting for the next poll."""
        await self.client.post(f"/api/config/config_entries/entry/{await self.entry()}/reload", {})

    async def rescan(self) -> None:
        """Press the gateway's button."""
        (button,) = (one for one in (await self.entity_ids()).values() if one.startswith("button."))
        await self.command("call_service", domain="button", service="press", target={"entity_id": button})

    async def tokens(self) -> dict[str, Any]:
        """Return a login as the frontend stores it, so that no page shows the login."""
        client_id = f"{self.url}/"
        flow = {"client_id": client_id, "handler": ["trusted_networks", None], "redirect_uri": client_id}
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            async with session.post(f"{self.url}/auth/login_flow", json=flow) as answer:
                code = (await answer.json())["result"]
            form = {"client_id": client_id, "grant_type": "authorization_code", "code": code}
            async with session.post(f"{self.url}/auth/token", data=form) as answer:
                tokens: dict[str, Any] = await answer.json()
        expires = int((self.shift.now() + tokens["expires_in"]) * 1000)
        return {**tokens, "hassUrl": self.url, "clientId": client_id, "expires": expires}


@asynccontextmanager
async def simulated(
    folder: Path, shift: Shift, *, site: str, seed: int, more: tuple[str, ...] = ()
) -> AsyncIterator[Simulator]:
    """Run another gateway; two of the same seed have the same serial number."""
    await asyncio.to_thread(folder.mkdir)
    options = SimulatorOptions(site=site, seed=seed, control_port=0, more=more)
    async with Simulator(folder, options, wrapper=shift.wrapper) as simulator:
        yield simulator


@asynccontextmanager
async def started(home_assistant: HomeAssistant) -> AsyncIterator[HomeAssistant]:
    """Start it with a long timeout, and stop it afterwards."""
    try:
        await home_assistant.start(2 * PATIENCE)
        yield home_assistant
    finally:
        await home_assistant.stop()


@asynccontextmanager
async def world(folder: Path, *, site: str = "house", more: tuple[str, ...] = ()) -> AsyncIterator[World]:
    """Start both, and stop both afterwards."""
    shift = Shift(NOON, folder / "clock")
    configuration = prepare(folder / "config", free_port(), time_zone=TIME_ZONE)
    async with (
        simulated(folder / "gateway", shift, site=site, seed=1, more=more) as simulator,
        started(HomeAssistant(configuration, wrapper=shift.wrapper)) as home_assistant,
        RestClient(home_assistant.url) as client,
    ):
        yield World(folder, shift, home_assistant, simulator, client)
