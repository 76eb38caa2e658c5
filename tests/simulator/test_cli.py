"""The command `python -m simulator`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from simulator import Gateway, ManualClock, SiteKind, build_site
from simulator.__main__ import main
from simulator.control import Control
from simulator.faults.base import kinds

from .probe import Address, Probe

ROOT = Path(__file__).parents[2]


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that has to end with 2, and return its last line."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--site", "castle"], "invalid choice: 'castle'"),
        (["--signals", "5"], "--signals belongs to --site load-test"),
        (["--site", "load-test", "--signals", "100001"], "a whole number from 0 to 100,000 is expected, not '100001'"),
        (["--port", "70000"], "a port is a number from 0 to 65535, not '70000'"),
        (["--port", "http"], "a port is a number from 0 to 65535, not 'http'"),
        (["--speed", "0"], "a number above 0 is expected, not '0'"),
        (["--speed", "fast"], "a number above 0 is expected, not 'fast'"),
        (["--limit-cap", "0"], "a whole number from 1 is expected, not '0'"),
        (["--voltage", "12"], "voltage is 100 to 277, not 12"),
        (["--noise", "99"], "noise is 0 to 10 per cent, not 99"),
        (["--timezone", "Mars/Olympus"], "no time zone Mars/Olympus"),
        (["--host", "0.0.0.0"], "others could reach 0.0.0.0; say --expose if they may"),  # noqa: S104
        (["--ready-file", "/nonexistent/ready.json"], "--ready-file /nonexistent/ready.json cannot be a file"),
        (["--ready-file", "."], "--ready-file . cannot be a file"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["list", "--port", "1"], "unrecognized arguments: --port 1"),
        (["fault"], "the following arguments are required"),
        (["fault", "drop", "times"], "name=value is expected, not 'times'"),
        (["do", "rename", "=x"], "name=value is expected, not '=x'"),
    ],
)
def test_bad_arguments_are_named(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit code 2."""
    assert sentence in fails(arguments, capsys)


def test_an_unknown_host_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asking the real resolver."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "no address is known for --host ems.invalid" in fails(["--host", "ems.invalid"], capsys)


@pytest.mark.parametrize(
    ("command", "words"), [([], ["--site", "exit codes"]), (["fault"], [*kinds()]), (["do"], ["rotate-certificate"])]
)
def test_help_explains_everything(command: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every option, every fault, every action, with examples and exit codes; exit code 0."""
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(word in text for word in words)


def test_list_prints_every_signal_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """Devices, loads, codes, quantities, values, units."""
    assert main(["list", "--site", "flat", "--seed", "1", "--power-unit", "kW", "--unsigned-power"]) == 0
    text = capsys.readouterr().out
    site = build_site(SiteKind.FLAT, 1, power_unit="kW")
    for uid, found in site.signals.items():
        quantity, unit = site.truth(uid)
        assert re.search(rf"^ +{uid} +{found.si} +{quantity} +-?[\d.,]+ ?{re.escape(unit)}", text, re.MULTILINE), uid
    assert "flat site, seed 1: 4 devices, 4 loads" in text
    assert ("(not enabled)" in text) is any(not found.enable for found in site.signals.values())


def test_list_takes_the_size_of_a_load_test(capsys: pytest.CaptureFixture[str]) -> None:
    """And how long it has been there."""
    assert main(["list", "--site", "load-test", "--signals", "3", "--installed-days", "2", "--vary"]) == 0
    assert "1 devices, 1 loads, 3 signals" in capsys.readouterr().out


def test_list_ends_quietly_when_nobody_reads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`list | head` is no error."""

    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            """Do nothing."""

        def fileno(self) -> int:
            return 99

    done = []
    monkeypatch.setattr("os.dup2", lambda *numbers: done.append(numbers))
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["list", "--site", "flat"]) == 0
    assert done[0][1] == 99


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a process of its own."""
    process = subprocess.Popen(  # noqa: S603 (the interpreter of this test)
        [sys.executable, "-m", "simulator", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def ready(path: Path) -> dict[str, Any]:
    """Wait for a ready file and return its content."""
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 (a process cannot set an event)
            await asyncio.sleep(0.05)
    facts: dict[str, Any] = json.loads(path.read_text())  # noqa: ASYNC240
    return facts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_told_to_end(socket_enabled: None, tmp_path: Path, number: signal.Signals) -> None:
    """Ready file, words for a person, requests, faults over the control port; a clean end, the ready file gone."""
    path = tmp_path / "ready.json"
    options = ["--port", "0", "--site", "flat", "--control-port", "0", "--log-requests", "--username", "me"]
    with running(*options, "--ready-file", str(path)) as process:
        facts = await ready(path)
        assert set(facts) == {"url", "host", "port", "username", "password", "fingerprint", "control_url"}
        assert facts["url"] == f"https://127.0.0.1:{facts['port']}"
        assert (facts["username"], facts["password"]) == ("me", "s3cret!")
        assert path.stat().st_mode & 0o077 == 0
        there = Address(facts["url"], facts["fingerprint"], facts["username"], facts["password"])
        async with Probe.on(there) as probe:
            assert len(await probe.records("/v1/signals", limit=5)) == 5
            control = facts["control_url"].rpartition(":")[2]
            done = await asyncio.to_thread(main, ["fault", "status", "code=418", "--control-port", control])
            assert done == 0
            assert (await probe.get("/ver")).status == 418
        process.send_signal(number)
        out, err = await asyncio.to_thread(process.communicate, timeout=10)
    assert (process.returncode, err) == (0, "")
    assert not path.exists()
    pretty = ":".join(facts["fingerprint"][place : place + 2] for place in range(0, 64, 2)).upper()
    for words in (facts["url"], "me", "s3cret!", pretty, facts["control_url"], "Ctrl-C"):
        assert words in out
    assert "POST /v1/auth/login 200\n" in out
    assert "GET /v1/signals?limit=5 200\n" in out


def test_a_busy_port_is_one_sentence(socket_enabled: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, for the gateway's port and for the control port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["--site", "flat", "--port", port]) == 1
        first = capsys.readouterr().err
        assert main(["serve", "--site", "flat", "--port", "0", "--control-port", port]) == 1
        second = capsys.readouterr().err
    assert (
        first
        == f"simulator: port {port} is taken by another program; choose another with --port (0 for any free one)\n"
    )
    assert f" {port} is taken by another program" in second


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "is not allowed for this user"),
        (OSError(99, "Cannot assign requested address"), "this machine has no address"),
        (OSError(5, "Input/output error"), "cannot listen: Input/output error"),
    ],
)
def test_other_reasons_not_to_listen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, sentence: str
) -> None:
    """Each in its own words; exit code 1."""

    async def start(_: Gateway) -> None:
        raise error

    monkeypatch.setattr(Gateway, "start", start)
    assert main(["--site", "flat"]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.usefixtures("socket_enabled")
class TestRemote:
    """Commands to a running simulator."""

    @pytest.fixture
    def port(self) -> Iterator[str]:
        """The control port of a gateway in its own thread."""
        begun, loop = threading.Event(), asyncio.new_event_loop()
        control = Control(Gateway(build_site(SiteKind.FLAT), clock=ManualClock(0.0)))

        async def serve() -> None:
            await control.start()
            begun.set()

        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        asyncio.run_coroutine_threadsafe(serve(), loop)
        assert begun.wait(10)
        yield str(control.port)
        asyncio.run_coroutine_threadsafe(control.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    def test_faults(self, port: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Switched on, listed, cleared one by one and all."""

        def run(*arguments: str) -> Any:
            assert main(["fault", *arguments, "--control-port", port]) == 0
            return json.loads(capsys.readouterr().out)

        assert run("drop", "path=/v1/*", "times=2") | {"id": 1, "path": "/v1/*"} == run("list")["faults"][0]
        run("status", "retry-after=5")
        assert [fault["id"] for fault in run("clear", "1")["faults"]] == [2]
        assert run("clear") == {"faults": []}
        assert "no fault 'flood'" in fails(["fault", "flood", "--control-port", port], capsys)

    def test_actions(self, port: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Done, or refused with a sentence."""
        assert main(["do", "rename", "uid=2", "label=Haupt", "--control-port", port]) == 0
        assert json.loads(capsys.readouterr().out) == {"done": "rename", "result": None}
        assert "no action 'explode'" in fails(["do", "explode", "--control-port", port], capsys)

    def test_nobody_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One sentence, exit code 1; also if something else than HTTP answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        assert main(["fault", "list", "--control-port", port]) == 1
        assert f"no simulator answers on control port {port}" in capsys.readouterr().err

    @pytest.mark.parametrize("said", [b"220 mail ready\r\n", b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n<p/>"])
    def test_something_else_there(self, said: bytes, capsys: pytest.CaptureFixture[str]) -> None:
        """A server that speaks no HTTP is no simulator; what another says is passed on."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()

            def answer() -> None:
                connection, _ = other.accept()
                connection.recv(1000)
                connection.sendall(said)
                connection.close()

            thread = threading.Thread(target=answer)
            thread.start()
            command = ["fault", "list", "--control-port", str(other.getsockname()[1])]
            if said.startswith(b"HTTP"):
                assert "<p/>" in fails(command, capsys)
            else:
                assert main(command) == 1
                assert "no simulator answers" in capsys.readouterr().err
            thread.join(10)
