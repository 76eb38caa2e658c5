"""Make the development environment: Python 3.14, a virtual environment, the pinned packages.

Runs on any Python 3.9 or newer with nothing but the standard library. Every step is
skipped when its result is already there, so a second run takes a second. The steps:

1. ``uv`` from PyPI, in a virtual environment of its own in the user's cache;
2. a Python that Home Assistant runs on: one that is installed, else one that ``uv``
   downloads, else one built from the distribution's source archive;
3. ``.venv`` in the project with ``requirements_test.lock``, with ``--oldest``
   ``.venv-oldest`` with ``requirements_oldest.lock``, with ``--newest`` likewise;
4. with ``--e2e``, the distribution's Chromium and libfaketime, for the tests in a browser.

The last line on stdout is the path of the environment's interpreter; progress and
errors go to stderr. Exit code 0 when all of it is there, 1 with one clear sentence.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
import fcntl
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
import time
from typing import Iterator, NoReturn
import urllib.error
import urllib.parse
import urllib.request

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "carlo-gavazzi-ems"

UV_VERSION = "0.13.9"
#: Home Assistant 2026.10 refuses anything older.
PYTHON_REQUEST = ">=3.14.2,<3.15"
#: The Python that is built where there is no suitable interpreter and uv's download site cannot be reached.
SOURCE_VERSION = "3.14.7"
SOURCE_PATH = f"pool/main/p/python3.14/python3.14_{SOURCE_VERSION}.orig.tar.xz"
SOURCE_SHA256 = "3b48dac8fb59f62eaa67ac83c1eb12bda1b7a08406dd286e252c11a66be27f81"
#: The browsers that the tests can use; tests/e2e/browser.py has the same list.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: Folders below /usr in which a system keeps its libraries.
LIBRARIES = ("lib/*", "lib*", "local/lib*")
BUILD_PACKAGES = (
    "build-essential",
    "ca-certificates",
    "libbz2-dev",
    "libffi-dev",
    "liblzma-dev",
    "libreadline-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "uuid-dev",
    "xz-utils",
    "zlib1g-dev",
)


class SetupError(Exception):
    """A step that cannot be done; the message is what the person reads."""


def say(text: str) -> None:
    """Show progress on stderr, so that stdout stays for the result."""
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def run(command: list[str], *, log: Path | None = None, quiet: bool = False, cwd: Path | None = None) -> str:
    """Run a command to its end and return its output; on failure show the end of it."""
    try:
        done = subprocess.run(
            command, cwd=cwd, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as err:
        raise SetupError(f"{command[0]} cannot be started: {err.strerror}") from err
    if log is not None:
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        if not quiet:
            print("\n".join(done.stdout.splitlines()[-25:]), file=sys.stderr)
        raise SetupError(f"`{' '.join(command[:4])} …` failed with exit code {done.returncode}")
    return done.stdout


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold a lock in the cache, so that two set-ups at once do not build into each other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def as_root(command: list[str]) -> list[str] | None:
    """Return the command so that it runs as root, or None where that takes a password."""
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
        return ["sudo", "-n", *command]
    return None


def ensure_uv() -> Path:
    """Return uv of the pinned version, from PyPI."""
    home = CACHE / f"uv-{UV_VERSION}"
    uv = home / "bin" / "uv"
    if uv.exists():
        return uv
    say(f"installing uv {UV_VERSION} from PyPI")
    shutil.rmtree(home, ignore_errors=True)
    make_venv = [sys.executable, "-m", "venv", str(home)]
    try:
        run(make_venv, quiet=True)
    except SetupError:
        # Debian and Ubuntu keep this part of Python in a package of its own.
        ensure_packages(("python3-venv",), "to make virtual environments")
        shutil.rmtree(home, ignore_errors=True)
        run(make_venv)
    try:
        run([str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}"])
    except SetupError as err:
        shutil.rmtree(home, ignore_errors=True)
        raise SetupError("uv could not be installed from PyPI; is the network there?") from err
    return uv


def find_python(uv: Path) -> Path | None:
    """Return an interpreter that is already installed, or None."""
    built = CACHE / f"python-{SOURCE_VERSION}"
    if (built / ".complete").exists():
        return built / "bin" / "python3.14"
    found = subprocess.run(
        [str(uv), "python", "find", "--no-project", "--no-python-downloads", PYTHON_REQUEST],
        capture_output=True,
        text=True,
        check=False,
    )
    return Path(found.stdout.strip()) if found.returncode == 0 and found.stdout.strip() else None


def download_python(uv: Path) -> Path | None:
    """Let uv download an interpreter; None where its download site cannot be reached."""
    say("downloading Python 3.14 with uv")
    try:
        run([str(uv), "python", "install", "3.14"], quiet=True)
    except SetupError:
        say("uv's download site cannot be reached; building Python from the distribution's source archive instead")
        return None
    return find_python(uv)


def mirrors() -> list[str]:
    """Return the addresses of the Debian mirrors of this machine, from its own apt settings."""
    if shutil.which("apt-get") is None:
        raise SetupError(
            "Python 3.14.2 or newer is needed, and it can neither be downloaded nor built here. Install it by hand."
        )
    listed = run(["apt-get", "indextargets", "--format", "$(SITE)"], quiet=True)
    # A mirror of security updates has no such pool; it only costs one more try.
    return list(dict.fromkeys(line.rstrip("/") for line in listed.splitlines() if line.startswith("http")))


def fetch_source(target: Path) -> None:
    """Download the source archive from the first mirror that has it, and check it."""
    failures = []
    for mirror in mirrors():
        url = f"{mirror}/{SOURCE_PATH}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer, target.open("wb") as out:
                shutil.copyfileobj(answer, out)
        except (urllib.error.URLError, OSError) as err:
            failures.append(f"{urllib.parse.urlsplit(mirror).netloc}: {err}")
            continue
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        if digest == SOURCE_SHA256:
            return
        failures.append(f"{urllib.parse.urlsplit(mirror).netloc}: SHA-256 is {digest}, expected {SOURCE_SHA256}")
    raise SetupError(
        f"the source archive of Python {SOURCE_VERSION} is on none of this machine's mirrors "
        f"({'; '.join(failures) or 'no mirror configured'}). Install Python 3.14.2 or newer by hand."
    )


def ensure_packages(packages: tuple[str, ...], purpose: str) -> None:
    """Install Debian packages that are missing, or say what to type where that takes a password."""

    def is_installed(package: str) -> bool:
        state = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False
        )
        return "install ok installed" in state.stdout

    if shutil.which("apt-get") is None:
        raise SetupError(f"what is missing {purpose} has to be installed by hand on this system")
    missing = [package for package in packages if not is_installed(package)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    update = as_root(["apt-get", "update"])
    install = as_root(command)
    if update is None or install is None:
        raise SetupError(f"packages are missing {purpose}; type: sudo {' '.join(command)}")
    say(f"installing {', '.join(missing)} {purpose}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(update)
    run(install)


def build_python() -> Path:
    """Build Python from the distribution's source archive into the user's cache (about four minutes)."""
    prefix = CACHE / f"python-{SOURCE_VERSION}"
    work = CACHE / f"build-{SOURCE_VERSION}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(prefix, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        ensure_packages(BUILD_PACKAGES, "to build Python")
        say(f"fetching the source of Python {SOURCE_VERSION}")
        archive = work / "python.tar.xz"
        fetch_source(archive)
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(work, filter="data")
            else:  # Python before 3.11.4; the archive's hash has been checked
                tar.extractall(work)
        (source,) = (path for path in work.iterdir() if path.is_dir())
        jobs = str(os.cpu_count() or 1)
        started = time.monotonic()
        for title, command in (
            ("configuring", ["./configure", f"--prefix={prefix}", "--without-ensurepip", "--disable-test-modules"]),
            ("compiling, about four minutes on two cores", ["make", "-j", jobs]),
            ("installing", ["make", "install"]),
        ):
            say(f"Python {SOURCE_VERSION}: {title}")
            run(command, cwd=source, log=CACHE / "python-build.log")
        python = prefix / "bin" / "python3.14"
        # A module that was not built because of a missing header would only be noticed much later.
        run([str(python), "-c", "import bz2, ctypes, lzma, sqlite3, ssl, uuid, zlib"])
        (prefix / ".complete").touch()
        say(f"Python {SOURCE_VERSION} built in {time.monotonic() - started:.0f} s")
        return python
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ensure_python(uv: Path) -> Path:
    """Return an interpreter that Home Assistant runs on: found, downloaded or built."""
    return find_python(uv) or download_python(uv) or build_python()


def ensure_venv(uv: Path, venv: Path, lock: Path) -> Path:
    """Return the interpreter of the project's environment, holding exactly what the lock names."""
    python = venv / "bin" / "python"
    stamp = venv / ".complete"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    if not python.exists():
        interpreter = ensure_python(uv)
        say(f"making {venv.name} with {interpreter}")
        run([str(uv), "venv", "--quiet", "--clear", "--python", str(interpreter), str(venv)])
    say(f"installing the packages of {lock.name}")
    stamp.unlink(missing_ok=True)
    run([str(uv), "pip", "sync", "--quiet", "--python", str(python), str(lock)])
    stamp.write_text(wanted, encoding="ascii")
    return python


def fail(text: str) -> NoReturn:
    """End with one clear sentence."""
    print(f"[setup] ERROR: {text}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """Do what is missing, and print the interpreter to use."""
    parser = argparse.ArgumentParser(
        prog="scripts/setup",
        description="Install what development needs: Python 3.14, a virtual environment, packages.",
    )
    lanes = parser.add_mutually_exclusive_group()
    lanes.add_argument(
        "--oldest",
        action="store_const",
        const="oldest",
        dest="lane",
        help="the oldest Home Assistant supported, in .venv-oldest, instead of the one that the test plugin pins",
    )
    lanes.add_argument(
        "--newest",
        action="store_const",
        const="newest",
        dest="lane",
        help="the newest release of Home Assistant, in .venv-newest, whatever the test plugin supports",
    )
    parser.add_argument(
        "--fast-clock", action="store_true", help="libfaketime too, which scripts/outage makes clocks run fast with"
    )
    parser.add_argument(
        "--e2e", action="store_true", help="Chromium and libfaketime too, which the tests in a browser need"
    )
    options = parser.parse_args()
    venv = f".venv-{options.lane}" if options.lane else ".venv"
    lock = f"requirements_{options.lane or 'test'}.lock"
    os.chdir(ROOT)
    try:
        with only_one("setup"):
            if (options.fast_clock or options.e2e) and not any(
                any(Path("/usr").glob(f"{place}/faketime/libfaketime.so.1")) for place in LIBRARIES
            ):
                ensure_packages(("libfaketime",), "to make clocks run fast")
            if options.e2e and not any(shutil.which(name) for name in BROWSERS):
                # The font is for the labels that people give their meters.
                ensure_packages(("chromium", "fonts-noto-color-emoji"), "for the tests in a browser")
            print(ensure_venv(ensure_uv(), ROOT / venv, ROOT / lock))
    except SetupError as err:
        fail(str(err))
    except KeyboardInterrupt:
        fail("interrupted; nothing half done is left behind, run it again to go on")


if __name__ == "__main__":
    main()
