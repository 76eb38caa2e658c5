"""The command as a user sees it: exit codes, messages, a terminal that is closed."""

import os
from pathlib import Path
import socket
import subprocess
import sys

import pytest

from testbed import ROOT, demo as demo_module
from testbed.console import Console
from testbed.demo import main
from testbed.gateway import GatewayAccess

from .answers import USER
from .world import World

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--port", "none"], 2, "'none' is not a port"),
        (["--keep", str(ROOT)], 2, "is not empty"),
        (["--gateway-port", "{busy}"], 1, "meant for the simulated gateway, is already in use"),
        (["--port", "{busy}"], 1, "meant for Home Assistant, is already in use"),
    ],
)
def test_refused_before_anything_starts(
    world: World, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str
) -> None:
    """One clear sentence on stderr, and the exit code says whose fault it is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = str(server.getsockname()[1])
        assert main([argument.replace("{busy}", busy) for argument in ("--check", *arguments)]) == code
    assert sentence in capsys.readouterr().err
    assert world.asked == []


def test_unreachable_gateway(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The integration's own words, exit code 1, and nothing stays."""
    monkeypatch.setenv("EMS_USERNAME", "api")
    monkeypatch.setenv("EMS_PASSWORD", "s3cret")
    world.script["flow"] = [USER, {**USER, "errors": {"base": "cannot_connect"}}]
    assert main(["--check", "--gateway", "ems.local"]) == 1
    assert capsys.readouterr().err == "[demo] ERROR: The gateway does not answer.\n"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_default_port(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an option it is Home Assistant's own port."""
    monkeypatch.setattr("testbed.ports.is_free", lambda _port: False)
    assert main([]) == 1
    error = capsys.readouterr().err
    assert "Port 8123" in error
    assert "--port 8124" in error


def test_interrupted_at_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the question for the password."""

    def ask(_host: str, _environment: object) -> GatewayAccess:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_module, "ask", ask)
    assert main(["--gateway", "ems.local"]) == 130


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [(["demo", "--help"], 0, "exit codes"), ([], 2, "usage"), (["demo", "--port", "x"], 2, "is not a port")],
)
def test_python_m_testbed(arguments: list[str], code: int, sentence: str) -> None:
    """The module is the command."""
    done = subprocess.run(
        [sys.executable, "-m", "testbed", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert sentence in done.stdout + done.stderr


def test_closed_terminal_costs_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be printed is dropped, at once and from then on."""
    read, write = os.pipe()
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        os.close(read)
        monkeypatch.setattr(sys, "stdout", stream)
        console = Console()
        console.step("into the void")
        console.step("and again")
    console.error("heard")
    assert capsys.readouterr().err == "[demo] ERROR: heard\n"


def test_a_reader_that_goes_away() -> None:
    """`scripts/demo | head -1` ends the printing, not the tidying up."""
    code = (
        "from testbed.console import Console\n"
        "import sys\n"
        "console = Console()\n"
        "for _ in range(20000): console.step('x' * 80)\n"
        "console.error('done')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "[demo] ERROR: done\n"
    process.stderr.close()
    assert process.wait() == 0
