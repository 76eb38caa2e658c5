"""The command line and the credentials."""

import asyncio
from collections.abc import Callable, Iterator
import os
from pathlib import Path
import pty
import sys
from typing import TextIO

import pytest

from testbed.credentials import ask, confirm
from testbed.demo_arguments import parse
from testbed.errors import UsageError


def test_defaults() -> None:
    """Without arguments: a simulated gateway with its own defaults, any free port for it."""
    options = parse([])
    assert not options.check
    assert options.port is None
    assert options.gateway is None
    assert options.keep is None
    assert options.simulator.arguments() == ["--port", "0"]


def test_everything() -> None:
    """What belongs to the simulator is handed on."""
    options = parse(
        [
            "--check",
            "--port",
            "8124",
            "--gateway-port",
            "9443",
            "--site",
            "flat",
            "--seed",
            "7",
            "--speed",
            "60",
            "--keep",
            "x",
        ]
    )
    assert options.check
    assert options.port == 8124
    assert options.keep == Path("x")
    assert options.simulator.arguments() == ["--port", "9443", "--site", "flat", "--seed", "7", "--speed", "60.0"]


def test_rest_is_for_the_simulator() -> None:
    """What follows a double dash is not looked at here."""
    options = parse(["--check", "--", "--limit-cap", "100", "--port"])
    assert options.check
    assert options.simulator.arguments() == ["--port", "0", "--limit-cap", "100", "--port"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--port 0", "'0' is not a port"),
        ("--port 65536", "'65536' is not a port"),
        ("--gateway-port http", "'http' is not a port"),
        ("--port", "expected one argument"),
        ("--seed 1.5", "'1.5' is not a whole number"),
        ("--speed 0", "'0' is not a factor"),
        ("--speed inf", "'inf' is not a factor"),
        ("--speed nan", "'nan' is not a factor"),
        ("--speed fast", "'fast' is not a factor"),
        ("--chec", "unrecognized arguments: --chec"),
        ("check", "unrecognized arguments: check"),
        ("--port 9000 --gateway-port 9000", "must differ"),
        ("--gateway ems.local --site house", "--site is for the simulator"),
        ("--gateway ems.local --seed 0", "--seed is for the simulator"),
        ("--gateway ems.local --speed 2", "--speed is for the simulator"),
        ("--gateway ems.local --gateway-port 443", "--gateway-port is for the simulator"),
        ("--gateway ems.local -- --limit-cap 100", "--limit-cap is for the simulator"),
        ("--gateway=", "needs the host name"),
        ("--gateway admin:secret@ems.local", "takes no credentials"),
    ],
)
def test_bad_arguments(arguments: str, sentence: str) -> None:
    """Each is refused with a sentence that says what is wrong."""
    with pytest.raises(UsageError, match=sentence):
        parse(arguments.split())


def test_credentials_in_an_argument_are_not_repeated() -> None:
    """What was typed by mistake does not come back on the screen."""
    with pytest.raises(UsageError) as caught:
        parse(["--gateway", "admin:secret@ems.local"])
    assert "secret" not in str(caught.value)


class Keyboard:
    """A pseudo-terminal as stdin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace stdin."""
        self._master, slave = pty.openpty()
        self.stdin: TextIO = os.fdopen(slave)
        monkeypatch.setattr(sys, "stdin", self.stdin)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Close the terminal."""
        self.stdin.close()
        os.close(self._master)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    """Return a terminal."""
    keyboard = Keyboard(monkeypatch)
    yield keyboard
    keyboard.close()


def test_credentials_from_the_environment() -> None:
    """Nothing is asked where both are there; the password is not in the text form of anything."""
    gateway = ask("ems.local", {"EMS_USERNAME": "api", "EMS_PASSWORD": "s3cret"})
    assert (gateway.host, gateway.username, gateway.password) == ("ems.local", "api", "s3cret")
    assert gateway.fingerprint is None
    assert "s3cret" not in repr(gateway)


@pytest.mark.parametrize("environment", [{}, {"EMS_USERNAME": "api"}, {"EMS_USERNAME": "api", "EMS_PASSWORD": ""}])
def test_no_terminal_to_ask(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A script without credentials gets the way out instead of a question that nobody reads."""
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open(encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match="EMS_USERNAME and EMS_PASSWORD"):
            ask("ems.local", environment)


def test_credentials_from_the_terminal(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is asked for, the password without an echo."""
    prompts: list[str] = []

    def answer(value: str) -> Callable[[str], str]:
        def prompt(text: str) -> str:
            prompts.append(text)
            return value

        return prompt

    monkeypatch.setattr("builtins.input", answer("api"))
    monkeypatch.setattr("testbed.credentials.getpass", answer("s3cret"))
    gateway = ask("ems.local", {})
    assert (gateway.username, gateway.password) == ("api", "s3cret")
    assert prompts == ["User name of the API account on ems.local: ", "Password of api: "]


def test_end_of_input_instead_of_credentials(keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D at the question is a no."""

    def end(_text: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    with pytest.raises(UsageError, match="No credentials"):
        ask("ems.local", {})


@pytest.mark.parametrize(
    ("typed", "expected"), [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("\x04", False)]
)
async def test_confirm(keyboard: Keyboard, typed: str, expected: bool) -> None:  # noqa: FBT001
    """Only a clear yes is one."""
    keyboard.type(typed)
    assert await confirm("Is this your gateway?") is expected


async def test_confirm_can_be_interrupted(keyboard: Keyboard) -> None:
    """While the question waits, the event loop runs: Ctrl-C is heard."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(confirm("Is this your gateway?"), 0.05)
    # The question was answered, so the next line is for the next one.
    keyboard.type("y\n")
    assert await confirm("And this?") is True


async def test_confirm_without_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command itself was the consent."""
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open(encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert await confirm("Is this your gateway?") is True
