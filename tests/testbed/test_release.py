"""The archive that HACS installs: its contents, that it is reproducible, and that it works."""

import hashlib
import json
from pathlib import Path
import shutil
import subprocess
import zipfile

import pytest

from testbed import DOMAIN, ROOT, release
from testbed.configuration import prepare
from testbed.flow import ConfigFlow, Form, FormData, Texts
from testbed.gateway import Simulator, SimulatorOptions
from testbed.home_assistant import HomeAssistant
from testbed.log import our_problems
from testbed.ports import free_port
from testbed.registry import take_snapshot
from testbed.rest import RestClient

INTEGRATION = ROOT / "custom_components" / DOMAIN


def make_known(root: Path) -> None:
    """Add all files of a folder to git."""
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=root, check=True)  # noqa: S607


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The archive of this working tree."""
    path = tmp_path / "made" / release.NAME
    release.build(ROOT, path)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with a manifest and a changelog, in git."""
    root = tmp_path / "project"
    (root / release.INTEGRATION).mkdir(parents=True)
    (root / release.INTEGRATION / "manifest.json").write_text('{"version": "1.2.3"}')
    (root / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-23\n\n- It works.\n\n## [1.2.2] - 2026-11-22\n\n- Old.\n"
    )
    make_known(root)
    return root


def test_it_holds_what_git_holds(archive: Path) -> None:
    """The files of the integration, at the top; nothing else, such as compiled code."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert opened.read("manifest.json") == (INTEGRATION / "manifest.json").read_bytes()
    assert {"__init__.py", "translations/en.json", "brand/icon.png", "signals/catalogue.json"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith(("/", "..", "custom_components"))]
    assert json.loads((ROOT / "hacs.json").read_text())["filename"] == archive.name


def test_it_is_always_the_same(archive: Path, tmp_path: Path) -> None:
    """Neither the time nor the permissions of a working tree change a byte."""
    copy = tmp_path / "copy"
    shutil.copytree(INTEGRATION, copy / release.INTEGRATION, ignore=shutil.ignore_patterns("__pycache__"))
    make_known(copy)
    (copy / release.INTEGRATION / "const.py").chmod(0o755)
    (copy / release.INTEGRATION / "left_over.py").write_text("")
    again = tmp_path / "again.zip"
    release.build(copy, again)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest()


def test_a_tag_and_its_notes(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """The notes are what the changelog says of this version, and only that."""
    monkeypatch.setattr(release, "ROOT", project)
    assert release.main(["--tag", "v1.2.3"]) == 0
    assert (project / "dist" / "notes.md").read_text() == "- It works.\n"
    assert (project / "dist" / release.NAME).exists()


@pytest.mark.parametrize(("tag", "told"), [("v1.2.4", "is not v1.2.3"), ("1.2.3", "is not v1.2.3")])
def test_a_tag_of_something_else(
    monkeypatch: pytest.MonkeyPatch, project: Path, capsys: pytest.CaptureFixture[str], tag: str, told: str
) -> None:
    """Nothing is made under a wrong name."""
    monkeypatch.setattr(release, "ROOT", project)
    assert release.main(["--tag", tag]) == 1
    assert told in capsys.readouterr().err
    assert not (project / "dist").exists()


def test_a_version_without_a_word(
    monkeypatch: pytest.MonkeyPatch, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A release that the changelog does not know is none."""
    monkeypatch.setattr(release, "ROOT", project)
    (project / "CHANGELOG.md").write_text("## [Unreleased]\n\n- It works.\n")
    assert release.main(["--tag", "v1.2.3"]) == 1
    assert "no dated section for 1.2.3" in capsys.readouterr().err


def test_this_version_can_be_released() -> None:
    """The changelog has a word on the version in the manifest."""
    assert release.notes(ROOT, release.version(ROOT)).strip()


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.timeout(240)
async def test_it_installs_into_a_fresh_home_assistant(archive: Path, tmp_path: Path) -> None:
    """Unpacked as HACS does it, in a Home Assistant that has never seen the project, it sets up and shows values."""
    configuration = prepare(tmp_path / "config", free_port())
    installed = configuration.folder / "custom_components" / DOMAIN
    installed.unlink()
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(installed)
    assert not installed.is_symlink()
    options = SimulatorOptions(site="flat", seed=1)
    async with Simulator(tmp_path, options) as simulator, HomeAssistant(configuration) as home_assistant:
        gateway = simulator.gateway

        async def user(_: Form) -> FormData:
            return {"host": gateway.host, "username": gateway.username, "password": gateway.password}

        async def certificate(form: Form) -> FormData:
            return form.as_shown()

        async with RestClient(home_assistant.url) as client, await client.websocket() as websocket:
            flow = ConfigFlow(client, await Texts.load(websocket), lambda _: None)
            entry_id = await flow.run({"user": user, "certificate": certificate})
            snapshot = await take_snapshot(websocket, entry_id)
        assert len(snapshot.entities) > 10
        assert await home_assistant.stop() == 0
        assert our_problems(configuration.log) == []
