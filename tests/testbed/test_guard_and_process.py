"""No process outlives the one that started it."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from testbed import guard
from testbed.errors import HarnessError
from testbed.process import GUARD, ManagedProcess, tail


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether a condition becomes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


async def start(folder: Path, code: str) -> ManagedProcess:
    """Start Python code as a child and wait until it says "ready"."""
    console = folder / "console.log"
    process = await ManagedProcess.start(
        "child", sys.executable, "-c", textwrap.dedent(code), console=console, cwd=folder
    )
    for _ in range(500):
        if "ready" in tail(console, 5):
            return process
        await asyncio.sleep(0.01)
    raise AssertionError(f"the child did not get ready: {process.tail()}")


def test_child_ends_with_a_killed_parent() -> None:
    """SIGKILL leaves the parent no time to tidy up, and still its child goes."""
    parent = textwrap.dedent(
        f"""
        import os, subprocess, sys, time
        child = subprocess.Popen(
            [sys.executable, {str(GUARD)!r}, str(os.getpid()), sys.executable, "-c", "import time; time.sleep(60)"]
        )
        print(child.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            # The guard must have become the command; otherwise only the guard would be tested.
            assert wait_until(lambda: becomes_command(child))
            assert is_alive(child)
        finally:
            process.kill()
    assert wait_until(lambda: not is_alive(child))


def becomes_command(pid: int) -> bool:
    """Return whether the guard has become the command; during the change the process has no arguments."""
    arguments = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    return "time.sleep(60)" in arguments and "guard.py" not in arguments


def test_guard_ends_where_the_parent_is_gone_already() -> None:
    """The parent may die between the start of the guard and its call to the kernel."""
    done = subprocess.run(
        [sys.executable, str(GUARD), "1", sys.executable, "-c", "print('ran')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ran" not in done.stdout


def test_guard_does_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel cannot do it, the guard is only a detour; no parent has the process id -1."""
    monkeypatch.setattr(sys, "platform", "darwin")
    guard.die_with(-1)


def test_guard_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is asked for SIGKILL at the parent's death, and a refusal is not swallowed."""
    asked = []

    class Libc:
        result = 0

        def prctl(self, *arguments: int) -> int:
            asked.append(arguments)
            return self.result

    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Libc())
    guard.die_with(os.getppid())
    assert asked == [(guard.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)]
    with pytest.raises(SystemExit):
        guard.die_with(os.getppid() + 1)
    monkeypatch.setattr(Libc, "result", -1)
    with pytest.raises(OSError, match="prctl"):
        guard.die_with(os.getppid())


async def test_stop_in_order(tmp_path: Path) -> None:
    """A child that obeys SIGTERM ends with its own exit code, and Ctrl-C at the terminal does not reach it."""
    process = await start(
        tmp_path,
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        print("ready", flush=True)
        time.sleep(60)
        """,
    )
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    assert process.returncode is None
    assert await process.stop(grace=10) == 7
    assert await process.stop(grace=10) == 7
    assert process.returncode == 7


async def test_kill_after_the_grace(tmp_path: Path) -> None:
    """A child that ignores SIGTERM is killed, with the children that it started itself."""
    process = await start(
        tmp_path,
        """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, "ready", flush=True)
        time.sleep(60)
        """,
    )
    grandchild = int(process.tail().split()[0])
    assert is_alive(grandchild)
    assert await process.stop(grace=0.2) == -signal.SIGKILL
    assert wait_until(lambda: not is_alive(grandchild))


async def test_leftovers_of_a_clean_end_are_killed(tmp_path: Path) -> None:
    """A child of the child does not stay when its parent ends by itself."""
    process = await start(
        tmp_path,
        """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid, "ready", flush=True)
        """,
    )
    grandchild = int(process.tail().split()[0])
    assert await process.wait() == 0
    assert is_alive(grandchild)
    assert await process.stop(grace=1) == 0
    assert wait_until(lambda: not is_alive(grandchild))


async def test_a_command_that_cannot_start(tmp_path: Path) -> None:
    """A folder that does not exist is named, not shown as a traceback."""
    with pytest.raises(HarnessError, match="child cannot be started"):
        await ManagedProcess.start("child", "true", console=tmp_path / "log", cwd=tmp_path / "missing")


def test_tail(tmp_path: Path) -> None:
    """The end of a file that may not exist, or hold bytes that are no text."""
    path = tmp_path / "log"
    assert tail(path, 3) == ""
    path.write_bytes(b"one\ntwo\n\xff\n")
    assert tail(path, 2) == "two\n�"
