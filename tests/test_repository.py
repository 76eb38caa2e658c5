"""The requirements of Home Assistant's and HACS's checks on the repository, and its own."""

import ast
import json
from pathlib import Path
import re
import struct
import subprocess
import tomllib
from typing import Any, Final

from awesomeversion import AwesomeVersion
from homeassistant import components
from homeassistant.const import __version__ as ha_version
import pytest
import yaml

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "carlo_gavazzi_ems"
MANIFEST: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
HACS: dict[str, Any] = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """Return the files of the repository, as git lists them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def requirements(name: str) -> set[str]:
    """Return the packages in a file of requirements."""
    lines = (ROOT / f"requirements_{name}.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and line[0] != "#"}


def next_minor(version: str) -> AwesomeVersion:
    """Return the release of the next month; of December it is a thirteenth one, which compares right."""
    year, month, *_ = version.split(".")
    return AwesomeVersion(f"{year}.{int(month) + 1}.0b0")


#: The locks: the release that the test plugin pins, the oldest supported, the newest there is.
LANES: Final = ("test", "oldest", "newest")


def locked(lane: str) -> dict[str, str]:
    """Return the versions in a lock file, by package."""
    lines = (ROOT / f"requirements_{lane}.lock").read_text(encoding="utf-8").splitlines()
    pins = (line.split(" ")[0].split("==") for line in lines if "==" in line and line[0] not in " #")
    return {name.lower(): version for name, version in pins}


def test_the_manifest_is_in_order() -> None:
    """Domain and name first, then by the alphabet; everything that a custom integration needs."""
    assert list(MANIFEST) == ["domain", "name", *sorted(set(MANIFEST) - {"domain", "name"})]
    assert MANIFEST["domain"] == INTEGRATION.name
    assert {"codeowners", "documentation", "issue_tracker", "version", "config_flow"} <= set(MANIFEST)
    assert MANIFEST["iot_class"] == "local_polling"
    assert MANIFEST["integration_type"] == "hub"
    assert MANIFEST["requirements"] == []
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert AwesomeVersion(MANIFEST["version"]).simple


def test_one_version_everywhere() -> None:
    """The version stands in the manifest; what repeats it agrees."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == MANIFEST["version"]


def test_only_one_manifest() -> None:
    """Home Assistant's check takes every manifest.json for an integration."""
    assert [path for path in tracked() if path.name == "manifest.json"] == [INTEGRATION / "manifest.json"]


def test_hacs_finds_what_it_needs() -> None:
    """A name, a readable file, one integration, and the oldest Home Assistant it runs on."""
    allowed = {"content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant"}
    assert set(HACS) <= allowed | {"name", "persistent_directory", "render_readme", "zip_release"}
    assert HACS["name"] == MANIFEST["name"]
    assert AwesomeVersion(HACS["homeassistant"]) <= AwesomeVersion(ha_version)
    folders = {path.relative_to(ROOT).parts[1] for path in tracked() if "custom_components" in path.parts}
    assert folders == {MANIFEST["domain"]}
    assert "Permission is hereby granted, free of charge" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("dark", ["", "dark_"])
@pytest.mark.parametrize(("scale", "suffix"), [(1, ""), (2, "@2x")])
def test_brand_images(dark: str, scale: int, suffix: str) -> None:
    """Icon and logo in each form that Home Assistant takes."""

    def size(name: str) -> tuple[int, int]:
        header = (INTEGRATION / "brand" / f"{dark}{name}{suffix}.png").read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", header[16:24])
        return width, height

    assert size("icon") == (256 * scale, 256 * scale)
    width, height = size("logo")
    assert width > height
    assert 128 * scale <= height <= 256 * scale


def test_home_assistant_imports_before_voluptuous() -> None:
    """Home Assistant puts another library in voluptuous' place; the first import decides which one it is."""
    for path in tracked():
        if path.suffix != ".py":
            continue
        names = [
            name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        ]
        if "voluptuous" in names:
            first = next(i for i, name in enumerate(names) if name.startswith("homeassistant"))
            assert first < names.index("voluptuous"), path


@pytest.mark.parametrize("lane", LANES)
def test_pins_agree(lane: str) -> None:
    """What is asked for is pinned, and the lock holds those very versions."""
    asked = requirements(lane)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[\w.]+", line) for line in asked)
    assert dict(line.lower().split("==") for line in asked).items() <= locked(lane).items()


def test_the_frontend_is_the_one_of_this_home_assistant() -> None:
    """The demo shows the frontend that Home Assistant's own manifest names, on each release that is tested."""
    (lane,) = (lane for lane in LANES if locked(lane)["homeassistant"] == ha_version)
    frontend = Path(components.__path__[0]) / "frontend" / "manifest.json"
    wanted = set(json.loads(frontend.read_text(encoding="utf-8"))["requirements"])
    assert wanted <= requirements(lane)


def test_the_oldest_is_what_hacs_promises() -> None:
    """The tests of `scripts/test --oldest` run on the minor release that hacs.json names."""
    oldest = AwesomeVersion(locked("oldest")["homeassistant"])
    assert AwesomeVersion(HACS["homeassistant"]) <= oldest < next_minor(HACS["homeassistant"])


def test_the_manifest_has_a_category_when_every_release_knows_it() -> None:
    """Hassfest of a release before 2026.11 refuses the keys; docs/decisions/releases-of-home-assistant.md says more."""
    keys = {"categories": ["energy.meters_monitoring"], "connectivity": ["network"]}
    known = AwesomeVersion(HACS["homeassistant"]) >= AwesomeVersion("2026.11.0")
    assert {key: MANIFEST.get(key) for key in keys} == (keys if known else dict.fromkeys(keys))


def test_the_newest_is_not_behind() -> None:
    """The tests of `scripts/test --newest` run on what the overrides name, which is never older than the plugin's."""
    (override,) = requirements("newest_overrides")
    assert override == f"homeassistant=={locked('newest')['homeassistant']}"
    assert AwesomeVersion(locked("newest")["homeassistant"]) >= AwesomeVersion(locked("test")["homeassistant"])


def test_workflows_are_valid_and_run_the_projects_own_scripts() -> None:
    """A workflow has no steps of its own that a developer could not run."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                assert "uses" in step or (ROOT / step["run"].split()[0]).exists()


def test_actions_are_pinned_by_hash_beside_their_version() -> None:
    """A tag can be moved to other code; a hash cannot, and the version beside it is for people."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for action in re.findall(r"\buses: (.+)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # (v\d+\.\d+\.\d+|main|master)", action), action


def test_hooks_before_a_commit_are_those_of_lint() -> None:
    """Each runs a program that the lock pins, and that scripts/lint runs too."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    lint = (ROOT / "scripts" / "lint").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0] for line in requirements("test")}
    for hook in [hook for repo in config["repos"] for hook in repo["hooks"]]:
        program = Path(hook["entry"].split()[0])
        assert program.parent == Path(".venv/bin")
        assert program.name in pinned
        assert f'"$bin/{program.name}"' in lint


def test_the_development_container_sets_itself_up() -> None:
    """It runs the project's own set-up, and its editor uses the environment that this makes."""
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].split()[0] == "scripts/setup"
    assert container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith(
        "/.venv/bin/python"
    )


def test_what_is_executable_and_what_is_not() -> None:
    """Scripts without an ending are programs; the others are not."""
    for path in (ROOT / "scripts").iterdir():
        if path.is_file():
            assert bool(path.stat().st_mode & 0o111) == (not path.suffix), path
