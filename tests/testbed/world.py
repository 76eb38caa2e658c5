"""Fakes of Home Assistant and the simulator for the demo command."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import tempfile
from typing import Any

import pytest

from testbed import demo as demo_module
from testbed.configuration import Configuration, prepare
from testbed.console import Console
from testbed.demo import Demo, run_until_signal
from testbed.demo_arguments import parse
from testbed.gateway import GatewayAccess
from testbed.inventory import GatewaySignal, Inventory

from .answers import CERTIFICATE, ENTRY, READY, USER, registries
from .fake_home_assistant import install

FINGERPRINT = ":".join(["AB"] * 32)
TRUSTED = {**CERTIFICATE, "description_placeholders": {"fingerprint": FINGERPRINT}}
TEXTS = {
    "resources": {
        "component.carlo_gavazzi_ems.config.error.cannot_connect": "The gateway does not answer.",
        "component.carlo_gavazzi_ems.config.step.certificate.description": "SHA-256: `{fingerprint}`",
    }
}


@dataclass
class World:
    """The fakes, which a test may change before the run."""

    script: dict[str, Any]
    """Attributes of the fake Home Assistant."""
    inventory: Inventory
    folders: list[Path]
    asked: list[GatewayAccess]
    """The gateways whose inventory was read."""


def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Replace Home Assistant, the simulator and the gateway's inventory by fakes."""
    script = {
        "flow": [USER, TRUSTED, ENTRY],
        "results": {**registries(), "frontend/get_translations": TEXTS},
        "log": "",
    }
    world = World(script, Inventory("BX1", (GatewaySignal(100, 29, enabled=True),)), [], [])
    (tmp_path / "simulator").mkdir()
    (tmp_path / "simulator" / "__main__.py").write_text(READY, encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr("testbed.gateway.ROOT", tmp_path)

    def prepare_fake(folder: Path, port: int) -> Configuration:
        configuration = prepare(folder, port)
        install(configuration.folder, **world.script)
        world.folders.append(configuration.folder)
        return configuration

    async def read_inventory(gateway: GatewayAccess) -> Inventory:
        world.asked.append(gateway)
        return world.inventory

    monkeypatch.setattr(demo_module, "prepare", prepare_fake)
    monkeypatch.setattr(demo_module, "read_inventory", read_inventory)
    monkeypatch.setattr(demo_module, "VALUES_TIMEOUT", 0.0)
    return world


async def run(*arguments: str, gateway: GatewayAccess | None = None) -> int:
    """Run the command in this process."""
    console = Console()
    return await run_until_signal(Demo(parse(list(arguments)), console, gateway), console)


def when_ready(capsys: pytest.CaptureFixture[str], act: Callable[[str], None]) -> asyncio.Task[None]:
    """Call `act` with the output as soon as the address is printed."""

    async def watch() -> None:
        printed = ""
        while "open http" not in printed:
            await asyncio.sleep(0.05)
            printed += capsys.readouterr().out
        act(printed)

    return asyncio.create_task(watch())
