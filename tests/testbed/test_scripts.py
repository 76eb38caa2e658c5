"""The shell scripts: the order of the stages, and the message when one fails."""

import os
from pathlib import Path
import shutil
import subprocess

import pytest

from testbed import ROOT

BROWSER = ".venv/bin/pytest -p no:homeassistant --quiet tests/e2e"
TESTS = ".venv/bin/pytest -n 2 --quiet"
STAGES = ("scripts/setup", "scripts/lint", "scripts/databases", ".venv/bin/pytest", "scripts/demo", "scripts/outage")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in which every stage only records its call."""
    for name in STAGES:
        set_stage(tmp_path, name, 0)
    for name in ("scripts/test", ".ci/run"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def set_stage(project: Path, name: str, code: int) -> None:
    """Let a stage end with this exit code."""
    script = project / name
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f'#!/bin/sh\necho "{name} $*" >> {project}/calls\nexit {code}\n', encoding="utf-8")
    script.chmod(0o755)


def run(project: Path, *command: str) -> tuple[int, str, list[str]]:
    """Return exit code, what was printed, and which stages were called, with their arguments."""
    done = subprocess.run(
        [str(project / command[0]), *command[1:]],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, (project / "calls").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("command", ["scripts/test", ".ci/run"])
def test_all_stages(project: Path, command: str) -> None:
    """Everything runs in this order, the browser beside the tests, from any folder and without a stdin."""
    code, printed, calls = run(project, command)
    assert code == 0
    assert calls[:4] == ["scripts/setup ", "scripts/lint ", "scripts/setup --e2e", "scripts/databases --install"]
    assert sorted(calls[4:6]) == [TESTS, BROWSER]
    assert calls[6:] == ["scripts/demo --check", "scripts/outage --kill both"]
    assert printed.splitlines()[-1].startswith("[test] all green")


@pytest.mark.parametrize(
    ("name", "title"),
    zip(STAGES, ("set-up", "lint and types", "set-up of the databases", "tests", "demo", "outages"), strict=True),
)
def test_stops_at_the_first_failure(project: Path, name: str, title: str) -> None:
    """The last line names the stage; nothing after it runs."""
    set_stage(project, name, 3)
    code, printed, calls = run(project, "scripts/test")
    assert code == 1
    assert printed.splitlines()[-1].startswith(f"[test] FAILED: {title}, exit code 3")
    assert calls[-1].startswith(name)


def test_the_browser_fails(project: Path) -> None:
    """Its output is shown when the tests are over; the last line names it, and nothing after it runs."""
    failing = f'case "$*" in *tests/e2e) echo "what it found"; exit 3;; esac; echo "called" >> {project}/calls\n'
    (project / ".venv/bin/pytest").write_text(f"#!/bin/sh\n{failing}", encoding="utf-8")
    code, printed, calls = run(project, "scripts/test")
    assert code == 1
    assert "what it found" in printed
    assert printed.splitlines()[-1].startswith("[test] FAILED: browser, exit code 3")
    assert calls[-1] == "called"


def test_the_browser_ends_with_the_tests_that_fail(project: Path) -> None:
    """What runs beside a stage that fails is ended, not waited for."""
    hanging = f'case "$*" in *tests/e2e) echo $$ > {project}/pid; exec sleep 600;; esac\n'
    waiting = f"while [ ! -s {project}/pid ]; do sleep 0.05; done; exit 3\n"
    (project / ".venv/bin/pytest").write_text(f"#!/bin/sh\n{hanging}{waiting}", encoding="utf-8")
    code, printed, _ = run(project, "scripts/test")
    assert code == 1
    assert printed.splitlines()[-1].startswith("[test] FAILED: tests, exit code 3")
    with pytest.raises(ProcessLookupError):
        os.kill(int((project / "pid").read_text(encoding="ascii")), 0)


def test_the_coverage(project: Path) -> None:
    """The same tests, and nothing beside them; more arguments reach pytest."""
    measured = f"{TESTS} --cov --cov-report=term-missing:skip-covered"
    assert run(project, "scripts/test", "--coverage")[2] == ["scripts/setup ", measured]
    assert run(project, "scripts/test", "--coverage", "-k", "x")[2][-1] == f"{measured} -k x"


def test_arguments_are_for_pytest(project: Path) -> None:
    """Then nothing else runs, and its exit code is the result."""
    set_stage(project, ".venv/bin/pytest", 5)
    code, _, calls = run(project, "scripts/test", "-k", "name of a test")
    assert code == 5
    assert calls == ["scripts/setup ", ".venv/bin/pytest -k name of a test"]


def test_the_oldest_home_assistant(project: Path) -> None:
    """It has an environment of its own, and types and tests run there; arguments reach pytest."""
    for name in ("pytest", "mypy"):
        set_stage(project, f".venv-oldest/bin/{name}", 0)
    assert run(project, "scripts/test", "--oldest")[2] == [
        "scripts/setup --oldest",
        ".venv-oldest/bin/mypy --cache-dir .mypy_cache/oldest",
        ".venv-oldest/bin/pytest -n 2 --quiet",
    ]
    assert run(project, "scripts/test", "--oldest", "-k", "x")[2][-1] == ".venv-oldest/bin/pytest -k x"


def test_the_newest_home_assistant(project: Path) -> None:
    """The demo too; the plugin that gets the test plugin past a newer release is loaded first, in one process."""
    for name in ("pytest", "mypy", "python"):
        set_stage(project, f".venv-newest/bin/{name}", 0)
    assert run(project, "scripts/test", "--newest")[2] == [
        "scripts/setup --newest",
        ".venv-newest/bin/mypy --cache-dir .mypy_cache/newest",
        ".venv-newest/bin/pytest -p tests.newest_release --quiet",
        ".venv-newest/bin/python -m testbed demo --check",
    ]
    calls = run(project, "scripts/test", "--newest", "-k", "x")[2]
    assert calls[-1] == ".venv-newest/bin/pytest -p tests.newest_release -k x"
    assert run(project, "scripts/test", "--newest", "--e2e")[2][-2:] == [
        "scripts/setup --newest --e2e",
        ".venv-newest/bin/pytest -p no:homeassistant --quiet tests/e2e",
    ]


def test_e2e_is_a_stage_of_its_own(project: Path) -> None:
    """It installs a browser, keeps Home Assistant's plugin out, and hands on what follows."""
    code, printed, calls = run(project, "scripts/test", "--e2e", "--update-images")
    assert code == 0
    assert calls == [
        "scripts/setup --e2e",
        ".venv/bin/pytest -p no:homeassistant --quiet tests/e2e --update-images",
    ]
    assert "[test] browser: ok" in printed


def test_lint_refuses_what_it_does_not_know(project: Path) -> None:
    """A slip is told, and nothing is repaired by mistake."""
    shutil.copy(ROOT / "scripts/lint", project / "scripts/lint")
    (project / "calls").touch()
    assert run(project, "scripts/lint", "--fxi") == (
        2,
        "[lint] ERROR: unknown arguments: --fxi; the only one is --fix\n",
        [],
    )
