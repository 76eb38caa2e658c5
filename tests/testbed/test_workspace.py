"""The folder of one run."""

import os
from pathlib import Path
import stat
import tempfile

import pytest

from testbed.workspace import GRACE, PREFIX, sweep, workspace


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the test's folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path) -> None:
    """Set the age of a run's folder."""
    past = (folder / "lock").stat().st_mtime - GRACE - 1
    os.utime(folder / "lock", (past, past))


def test_is_private_and_removed(temporary: Path) -> None:
    """Nobody else can read it, and nothing of it stays."""
    with workspace() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "config").mkdir()
        (folder / "config" / "secret").write_text("s3cret", encoding="utf-8")
    assert list(temporary.iterdir()) == []


def test_killed_runs_are_tidied_up(temporary: Path) -> None:
    """The next run removes what a killed one could not, and leaves a living one alone."""
    killed = temporary / f"{PREFIX}killed"
    killed.mkdir()
    (killed / "lock").touch()
    (killed / "secret").write_text("s3cret", encoding="utf-8")
    age(killed)
    with workspace() as alive:
        age(alive)
        with workspace() as other:
            assert not killed.exists()
            assert alive.exists()
            assert other.exists()


def test_what_is_not_ours_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder just made, one without a lock, a link, and one of another user are left alone."""
    young = temporary / f"{PREFIX}young"
    young.mkdir()
    (young / "lock").touch()
    (temporary / f"{PREFIX}unlocked").mkdir()
    target = temporary / "target"
    target.mkdir()
    (target / "lock").touch()
    age(target)
    (temporary / f"{PREFIX}link").symlink_to(target)
    sweep()
    assert len(list(temporary.iterdir())) == 4

    age(young)
    monkeypatch.setattr(os, "getuid", lambda: -1)
    sweep()
    assert young.exists()
