"""The demo that keeps running, and everything that can end it."""

import asyncio
import os
from pathlib import Path
import signal
import socket

import pytest

from testbed.console import Console
from testbed.demo import Demo, run_until_signal
from testbed.demo_arguments import parse
from testbed.errors import HarnessError
from testbed.gateway import GatewayAccess
from testbed.home_assistant import STOP_GRACE
from testbed.inventory import GatewaySignal, Inventory
from testbed.ports import free_port

from .answers import ENTRY, READY, USER
from .fake_home_assistant import install
from .world import World, run, when_ready

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_stays_until_a_signal(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """It says where to look, and ends everything in order when it is told to."""
    port = free_port()
    task = when_ready(capsys, lambda _printed: os.kill(os.getpid(), number))
    assert await run("--port", str(port)) == 0
    await task
    assert capsys.readouterr().out.rstrip().endswith("ended; nothing is left running")
    assert list((tmp_path / "tmp").iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_stays_on_a_real_gateway(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no simulator then; a certificate that an authority signed is not asked about."""
    world.script["flow"] = [USER, ENTRY]
    screens: list[str] = []

    def end(printed: str) -> None:
        screens.append(printed)
        os.kill(os.getpid(), signal.SIGTERM)

    task = when_ready(capsys, end)
    gateway = GatewayAccess("ems.local", "api", "s3cret")
    assert await run("--port", str(free_port()), "--gateway", "ems.local", gateway=gateway) == 0
    await task
    assert world.asked == [gateway]
    assert "s3cret" not in screens[0]


async def test_what_is_missing_does_not_end_the_demo(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A person may look at what is there; what is missing is told."""
    world.inventory = Inventory("BX1", (GatewaySignal(999, 45, enabled=True),))
    screens: list[str] = []

    def end(printed: str) -> None:
        screens.append(printed)
        os.kill(os.getpid(), signal.SIGTERM)

    task = when_ready(capsys, end)
    assert await run("--port", str(free_port())) == 0
    await task
    assert "WARNING: signal 999 (code 45): has no entity" in screens[0]
    assert "the gateway: https://127.0.0.1:9443, user name api, password s3cret" in screens[0]


async def test_nohup(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a hang-up is ignored, it stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def hang_up(_printed: str) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGTERM)

    try:
        task = when_ready(capsys, hang_up)
        assert await run("--port", str(free_port())) == 0
        await task
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_signal_before_it_is_ready(world: World, tmp_path: Path) -> None:
    """The exit code tells that it did not come that far."""
    world.script["state"] = "STARTING"
    asyncio.get_running_loop().call_later(0.7, os.kill, os.getpid(), signal.SIGTERM)
    assert await run("--check") == 128 + signal.SIGTERM
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_second_signal_kills(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to wait for a Home Assistant that hangs."""
    world.script["ignores_sigterm"] = True

    def twice(_printed: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGINT)

    task = when_ready(capsys, twice)
    async with asyncio.timeout(STOP_GRACE / 2):
        assert await run("--port", str(free_port())) == 0
    await task


async def test_cancelled_without_a_signal(world: World) -> None:
    """Whoever cancels it from within gets to know that it was cancelled."""
    world.script["state"] = "STARTING"
    task = asyncio.create_task(run("--check"))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_kill_reaches_both(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Home Assistant and the simulator; before they exist there is nothing to kill."""
    console = Console()
    demo = Demo(parse(["--port", str(free_port())]), console, None)
    demo.kill()
    task = when_ready(capsys, lambda _printed: demo.kill())
    with pytest.raises(HarnessError, match="ended with exit code -9"):
        await run_until_signal(demo, console)
    await task


async def test_simulator_ends_by_itself(world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A demo without its gateway is over, and Home Assistant does not stay behind."""
    code = READY.replace("time.sleep(60)", "time.sleep(0.1)\nwhile not os.path.exists('end'): time.sleep(0.05)")
    (tmp_path / "simulator" / "__main__.py").write_text(code, encoding="utf-8")
    task = when_ready(capsys, lambda _printed: (tmp_path / "end").touch())
    with pytest.raises(HarnessError, match="simulator ended with exit code 0"):
        await run("--port", str(free_port()))
    await task
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("exit_code", "expected"), [(0, "was stopped from its own page"), (3, "ended with exit code 3")]
)
async def test_home_assistant_ends_by_itself(
    world: World,
    capsys: pytest.CaptureFixture[str],
    exit_code: int,
    expected: str,
) -> None:
    """Stopped from its page it is fine; crashed it is an error."""
    world.script |= {"exit_code": exit_code, "ends_on": "frontend/set_system_data"}
    if exit_code:
        with pytest.raises(HarnessError, match=expected):
            await run("--port", str(free_port()))
    else:
        assert await run("--port", str(free_port())) == 0
        assert expected in capsys.readouterr().out


async def test_restart_from_its_own_page(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Home Assistant ends with 100 when it wants to be started again."""
    world.script |= {"exit_code": 100, "ends_on": "frontend/set_system_data"}
    printed: list[str] = []

    async def watch() -> None:
        while "open http" not in "".join(printed):
            await asyncio.sleep(0.05)
            printed.append(capsys.readouterr().out)
        # The second one has nothing left to do.
        install(world.folders[0], **{**world.script, "exit_code": 0, "ends_at_once": True})

    task = asyncio.create_task(watch())
    assert await run("--port", str(free_port())) == 0
    await task
    printed.append(capsys.readouterr().out)
    assert "Home Assistant restarts" in printed[-1]
    assert "was stopped from its own page" in printed[-1]
