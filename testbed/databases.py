"""MariaDB and PostgreSQL as throw-away instances on loopback, from Debian's packages.

`scripts/databases` installs what is missing and starts both until it is interrupted; tests start one each for
themselves. The system's own instances are not touched.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Final

from .errors import HarnessError
from .ports import free_port

#: Debian's packages, and where they put their programs.
PACKAGES: Final = {"mariadb": "mariadb-server", "postgresql": "postgresql"}
_PATHS: Final = ("/usr/sbin", "/usr/bin", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True))
#: The account `nobody`: PostgreSQL does not run as root.
_NOBODY: Final = 65534
_PATIENCE: Final = 60.0


def program(name: str) -> str | None:
    """Return the path of a program of a database, None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join((*_PATHS, os.environ.get("PATH", ""))))


def _unprivileged() -> dict[str, int]:
    """Return how to start a program as `nobody` where this one runs as root."""
    return {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}


def _run(command: Sequence[str], **options: int) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]  # user and group
    if done.returncode:
        raise HarnessError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="database-") as made:
        folder = Path(made)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        yield folder


def _await(command: Sequence[str], server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers a command."""
    end = time.monotonic() + _PATIENCE
    while subprocess.run(command, capture_output=True, check=False).returncode:
        if server.poll() is not None or time.monotonic() > end:
            raise HarnessError(f"the database does not answer: {' '.join(command)}")
        time.sleep(0.2)


@contextmanager
def _server(command: Sequence[str], ready: Sequence[str]) -> Iterator[None]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_unprivileged())  # type: ignore[call-overload]  # user and group
    try:
        _await(ready, server)
        yield
    finally:
        server.terminate()
        try:
            server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()


def _needed(*names: str) -> list[str]:
    found = [program(name) for name in names]
    if missing := [name for name, path in zip(names, found, strict=True) if path is None]:
        raise HarnessError(f"not installed: {', '.join(missing)}; see scripts/databases")
    return [path for path in found if path is not None]


@contextmanager
def postgresql() -> Iterator[str]:
    """Start PostgreSQL; give the recorder's URL of an empty database."""
    initdb, postgres, ready = _needed("initdb", "postgres", "pg_isready")
    port = str(free_port())
    with _folder() as folder:
        _run(
            [initdb, "-D", f"{folder}/data", "-U", "recorder", "-A", "trust", "-E", "UTF8", "--no-sync"],
            **_unprivileged(),
        )
        options = ["-D", f"{folder}/data", "-h", "127.0.0.1", "-p", port, "-k", str(folder), "-F"]
        with _server([postgres, *options], [ready, "-h", "127.0.0.1", "-p", port]):
            yield f"postgresql+psycopg2://recorder@127.0.0.1:{port}/postgres"


@contextmanager
def mariadb() -> Iterator[str]:
    """Start MariaDB; give the recorder's URL of an empty database."""
    install, server, client = _needed("mariadb-install-db", "mariadbd", "mariadb")
    port = str(free_port())
    with _folder() as folder:
        data = ["--no-defaults", f"--datadir={folder}/data"]
        _run([install, *data, "--auth-root-authentication-method=normal", "--skip-test-db"], **_unprivileged())
        options = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/socket", "--skip-grant-tables"]
        ask = [client, "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-P", port, "-e"]
        with _server([server, *data, *options], [*ask, "select 1"]):
            _run([*ask, "create database recorder character set utf8mb4"])
            yield f"mysql+pymysql://root@127.0.0.1:{port}/recorder?charset=utf8mb4"


def main() -> int:
    """Start both, print their URLs, and wait to be interrupted."""
    try:
        with mariadb() as one, postgresql() as other:
            sys.stdout.write(f"{one}\n{other}\n")
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except HarnessError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
