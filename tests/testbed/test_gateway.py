"""The gateway: its address, its simulator as a process, and its inventory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import signal

import pytest

from testbed.errors import HarnessError, UsageError
from testbed.gateway import GatewayAccess, Simulator, SimulatorOptions
from testbed.inventory import GatewaySignal, parse_fingerprint, read_inventory

from .answers import READY
from .fake_gateway import FakeGateway, serve


@pytest.fixture
def simulator_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that replaces the simulator by some code."""
    (tmp_path / "simulator").mkdir()
    monkeypatch.setattr("testbed.gateway.ROOT", tmp_path)

    def write(code: str) -> None:
        (tmp_path / "simulator" / "__main__.py").write_text(code, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("ems.local", "https://ems.local"),
        ("127.0.0.1:9443", "https://127.0.0.1:9443"),
        (" https://ems.local/ ", "https://ems.local"),
        ("fe80::1", "https://[fe80::1]"),
        ("[fe80::1]:8443", "https://[fe80::1]:8443"),
    ],
)
def test_url(typed: str, url: str) -> None:
    """The ways in which a person writes a host."""
    assert GatewayAccess(typed, "api", "s3cret").url == url


@pytest.mark.usefixtures("simulator_code")
async def test_simulator(
    tmp_path: Path, simulator_code: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs when the ready file exists, ends with the context, and gets no credentials of the environment."""
    monkeypatch.setenv("EMS_PASSWORD", "real")
    simulator_code(READY)
    simulator = Simulator(tmp_path, SimulatorOptions(site="flat", seed=3))
    with pytest.raises(RuntimeError, match="not been started"):
        _ = simulator.gateway
    with pytest.raises(RuntimeError, match="not been started"):
        await simulator.wait()
    simulator.kill()
    assert await simulator.stop() is None
    async with simulator:
        assert simulator.gateway == GatewayAccess(
            host="127.0.0.1:9443",
            username="api",
            password="s3cret",
            fingerprint="ab" * 32,
            control_url="http://127.0.0.1:9444",
        )
    assert await simulator.stop() == 0
    with pytest.raises(HarnessError, match="ended with exit code 0"):
        await simulator.wait()
    printed = (tmp_path / "simulator.log").read_text(encoding="utf-8").split()
    assert printed[:6] == ["--port", "0", "--site", "flat", "--seed", "3"]
    assert "password" not in printed


async def test_simulator_can_be_killed(tmp_path: Path, simulator_code: Callable[[str], None]) -> None:
    """Where nobody waits for an orderly end."""
    simulator_code(READY)
    async with Simulator(tmp_path, SimulatorOptions()) as simulator:
        simulator.kill()
        with pytest.raises(HarnessError, match=f"exit code {-signal.SIGKILL}"):
            await simulator.wait()


async def test_simulator_does_not_know_the_site(tmp_path: Path, simulator_code: Callable[[str], None]) -> None:
    """Its own sentence about an argument is shown, as a mistake of the person."""
    simulator_code("import argparse\nargparse.ArgumentParser(prog='simulator').error('no site of this name')")
    with pytest.raises(UsageError, match=r"does not accept this: no site of this name$"):
        await Simulator(tmp_path, SimulatorOptions()).start()


async def test_simulator_fails(tmp_path: Path, simulator_code: Callable[[str], None]) -> None:
    """Its last words are shown, and the context manager leaves nothing behind."""
    simulator_code("raise SystemExit('no memory')")
    with pytest.raises(HarnessError, match=r"(?s)exit code 1.*no memory"):
        async with Simulator(tmp_path, SimulatorOptions()):
            pytest.fail("it cannot be ready")


async def test_simulator_hangs(
    tmp_path: Path, simulator_code: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for without end, and does not stay."""
    simulator_code("import time\nprint('thinking', flush=True)\ntime.sleep(60)")
    monkeypatch.setattr("testbed.gateway.START_TIMEOUT", 0.5)
    simulator = Simulator(tmp_path, SimulatorOptions())
    with pytest.raises(HarnessError, match="did not start within"):
        async with simulator:
            pytest.fail("it cannot be ready")
    assert await simulator.stop() == -signal.SIGTERM


def signals(count: int) -> dict[str, object]:
    """Return the gateway's map of `count` signals, the last first."""
    return {
        str(uid): {"uid": uid, "si": 29, "sir": 29, "enable": uid != 3, "lid": 2, "did": 1}
        for uid in range(count, 0, -1)
    }


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("gateway", "pages"),
    [
        (FakeGateway(signals(250)), 2),
        (FakeGateway(signals(250), cap=100), 4),
        (FakeGateway(signals(250), ignores_page=True), 2),
        (FakeGateway(), 1),
    ],
)
async def test_inventory(tmp_path: Path, gateway: FakeGateway, pages: int) -> None:
    """All signals are read from a gateway that gives fewer than asked for, or the same again and again."""
    async with serve(gateway, tmp_path) as (host, fingerprint):
        found = await read_inventory(GatewayAccess(host, "api", "s3cret", fingerprint))
    assert found.serial == "BX1"
    assert [signal.uid for signal in found.signals] == list(range(1, len(gateway.signals) + 1))
    assert [signal.uid for signal in found.signals if not signal.enabled] == [3][: len(gateway.signals)]
    assert gateway.pages == pages
    assert gateway.logins == [{"username": "api", "password": "s3cret"}]


def test_unique_id() -> None:
    """The entity that a signal must have."""
    from testbed.inventory import Inventory  # noqa: PLC0415

    assert Inventory("BX1", ()).unique_id(GatewaySignal(100, 29, enabled=True)) == "BX1_100"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("fingerprint", ["ab" * 32, None])
async def test_inventory_of_another_gateway(tmp_path: Path, fingerprint: str | None) -> None:
    """The password is not sent to a certificate that is not the trusted one."""
    gateway = FakeGateway()
    async with serve(gateway, tmp_path) as (host, _):
        with pytest.raises(HarnessError, match="could not be asked") as caught:
            await read_inventory(GatewayAccess(host, "api", "s3cret", fingerprint))
    assert gateway.logins == []
    assert "s3cret" not in str(caught.value)


@pytest.mark.usefixtures("socket_enabled")
async def test_inventory_of_something_else(tmp_path: Path) -> None:
    """An answer that is not as documented is told as such."""
    async with serve(FakeGateway(serial=None), tmp_path) as (host, fingerprint):
        with pytest.raises(HarnessError, match="KeyError"):
            await read_inventory(GatewayAccess(host, "api", "s3cret", fingerprint))


def test_fingerprint_with_and_without_colons() -> None:
    """The dialog shows pairs, the simulator plain digits."""
    plain = "ab12" * 16
    pairs = ":".join(plain[i : i + 2] for i in range(0, 64, 2)).upper()
    assert parse_fingerprint(pairs) == parse_fingerprint(plain)
    assert len(parse_fingerprint(plain)) == 32


async def test_stop_is_not_in_a_hurry(tmp_path: Path, simulator_code: Callable[[str], None]) -> None:
    """A cancelled start ends the process too."""
    simulator_code("import time\ntime.sleep(60)")
    simulator = Simulator(tmp_path, SimulatorOptions())

    async def enter() -> None:
        async with simulator:
            pytest.fail("it cannot be ready")

    task = asyncio.create_task(enter())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await simulator.stop() == -signal.SIGTERM
