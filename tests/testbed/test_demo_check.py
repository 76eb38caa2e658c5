"""The set-up and the check of the demo."""

from pathlib import Path

import pytest

from testbed import demo as demo_module, set_up as set_up_module
from testbed.errors import HarnessError
from testbed.gateway import GatewayAccess
from testbed.inventory import GatewaySignal, Inventory

from .answers import CERTIFICATE, ENTRY, USER, registries
from .world import FINGERPRINT, World, run

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_check(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All is right: the tree is printed, the exit code is 0, and nothing is left."""
    assert await run("--check") == 0
    printed = capsys.readouterr().out
    assert "sensor.main_voltage" in printed
    assert "230.4 V" in printed
    assert "OK: every signal is there" in printed
    assert list((tmp_path / "tmp").iterdir()) == []
    # The certificate was compared with the fingerprint in the simulator's ready file.
    assert world.asked[0].fingerprint == "ab" * 32


async def test_check_finds_what_is_missing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A signal without an entity, an error of ours in the log, an exit code: each is told, the exit code is 1."""
    world.inventory = Inventory("BX1", (GatewaySignal(100, 29, enabled=True), GatewaySignal(999, 45, enabled=True)))
    world.script["log"] = "2026-11-23 16:46:09.1 ERROR (MainThread) [custom_components.carlo_gavazzi_ems] Unexpected\n"
    world.script["exit_code"] = 5
    assert await run("--check") == 1
    output = capsys.readouterr()
    assert "FAILED: 3 problems" in output.out
    assert "signal 999 (code 45): has no entity" in output.err
    assert "in the log: ERROR [custom_components.carlo_gavazzi_ems] Unexpected" in output.err
    assert "exit code 5" in output.err


async def test_values_are_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sensor may be unknown at first."""
    monkeypatch.setattr(demo_module, "VALUES_TIMEOUT", 30.0)
    monkeypatch.setattr(demo_module, "POLL_INTERVAL", 0.01)
    states = registries()["get_states"]
    world.script["sequences"] = {"get_states": [[], [{**states[0], "state": "unknown"}], states]}
    assert await run("--check") == 0
    assert "OK" in capsys.readouterr().out


async def test_keep(world: World, tmp_path: Path) -> None:
    """The configuration stays where it was asked to."""
    kept = tmp_path / "kept"
    assert await run("--check", "--keep", str(kept)) == 0
    assert world.folders == [kept]
    assert (kept / "configuration.yaml").exists()


async def test_another_certificate_is_not_trusted(world: World) -> None:
    """The dialog must show the certificate that the simulator has."""
    other = {**CERTIFICATE, "description_placeholders": {"fingerprint": "CD" * 32}}
    world.script["flow"] = [USER, other, ENTRY]
    with pytest.raises(HarnessError, match="shows the fingerprint CDCD"):
        await run("--check")
    assert world.asked == []


async def test_real_gateway(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its certificate is shown and confirmed; the same is then trusted for the look at its signals."""
    questions: list[str] = []

    async def confirm(question: str) -> bool:
        questions.append(question)
        return True

    monkeypatch.setattr(set_up_module, "confirm", confirm)
    assert await run("--check", "--gateway", "ems.local", gateway=GatewayAccess("ems.local", "api", "s3cret")) == 0
    assert world.asked == [GatewayAccess("ems.local", "api", "s3cret", FINGERPRINT)]
    assert len(questions) == 1
    output = capsys.readouterr()
    assert f"SHA-256: {FINGERPRINT}" in output.out
    assert "s3cret" not in output.out + output.err


async def test_real_gateway_that_is_not_trusted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A no ends it before the password is sent."""

    async def confirm(_question: str) -> bool:
        return False

    monkeypatch.setattr(set_up_module, "confirm", confirm)
    with pytest.raises(HarnessError, match="not trusted"):
        await run("--check", "--gateway", "ems.local", gateway=GatewayAccess("ems.local", "api", "s3cret"))
    assert world.asked == []
