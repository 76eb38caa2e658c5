"""The command `python -m simulator`."""

import argparse
import asyncio
from collections.abc import Sequence
import errno
import json
import os
from pathlib import Path
import signal
import sys
import time

from .arguments import (
    dialect_from,
    is_loopback,
    list_parser,
    serve_parser,
    site_from,
)
from .clock import SystemClock
from .control import Control
from .gateway import Gateway
from .remote import remote
from .server.requests import RecordedRequest
from .table import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    match given[:1]:
        case ["list"]:
            return _list(given[1:])
        case ["fault" | "do" as command]:
            return remote(command, given[1:])
        case ["serve"]:
            given = given[1:]
    return _serve(given)


def _list(given: Sequence[str]) -> int:
    """Print a site."""
    parser = list_parser()
    try:
        for line in table(site_from(parser, parser.parse_args(given)), time.time()):
            print(line)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _serve(given: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    parser = serve_parser()
    arguments = parser.parse_args(given)
    try:
        if not is_loopback(arguments.host) and not arguments.expose:
            parser.error(f"others could reach {arguments.host}; say --expose if they may")
    except OSError:
        parser.error(f"no address is known for --host {arguments.host}")
    ready_file = Path(arguments.ready_file) if arguments.ready_file else None
    if ready_file is not None and (not ready_file.parent.is_dir() or ready_file.is_dir()):
        parser.error(f"--ready-file {ready_file} cannot be a file")
    gateway = _gateway(parser, arguments)
    control = None if arguments.control_port is None else Control(gateway, arguments.control_port)
    try:
        _forget(ready_file)
        asyncio.run(_serve_until_signal(gateway, control, ready_file))
    except OSError as error:
        print(f"simulator: {_listen_error(error, gateway, control)}", file=sys.stderr)
        return 1
    finally:
        _forget(ready_file)
    return 0


def _forget(ready_file: Path | None) -> None:
    """Remove the ready file: it marks a running simulator."""
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)


def _gateway(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Gateway:
    """Return the gateway that the arguments describe."""
    site = site_from(parser, arguments)
    try:
        return Gateway(
            site,
            username=arguments.username,
            password=arguments.password,
            clock=SystemClock(arguments.speed),
            host=arguments.host,
            port=arguments.port,
            timezone=arguments.timezone,
            dialect=dialect_from(arguments),
            log=_log if arguments.log_requests else None,
        )
    except ValueError as error:
        parser.error(str(error))


def _log(record: RecordedRequest) -> None:
    """Print a line about a request."""
    query = "&".join(f"{name}={value}" for name, value in record.query.items())
    status = "cut" if record.status is None else record.status
    print(f"{record.method} {record.path}{'?' * bool(query)}{query} {status}", flush=True)


async def _serve_until_signal(gateway: Gateway, control: Control | None, ready_file: Path | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await gateway.start()
        if control is not None:
            await control.start()
        await asyncio.to_thread(gateway.site.warm)
        if not stopped.is_set():
            _announce(gateway, control, ready_file)
            await stopped.wait()
    finally:
        if control is not None:
            await control.stop()
        await gateway.stop()


def _announce(gateway: Gateway, control: Control | None, ready_file: Path | None) -> None:
    """Print the address and the account, and write the ready file."""
    site = gateway.site
    fingerprint = ":".join(gateway.fingerprint[place : place + 2] for place in range(0, 64, 2)).upper()
    print(f"EMS gateway simulator: {site.kind} site, seed {site.seed}, {len(site.signals):,} signals")
    print(f"  address      {gateway.url}")
    print(f"  user name    {gateway.username}")
    print(f"  password     {gateway.password}")
    print(f"  certificate  SHA-256 {fingerprint}")
    if control is not None:
        print(f"  control      {control.url}")
    print("Ctrl-C ends it.", flush=True)
    if ready_file is None:
        return
    facts = {
        "url": gateway.url,
        "host": gateway.host,
        "port": gateway.port,
        "username": gateway.username,
        "password": gateway.password,
        "fingerprint": gateway.fingerprint,
        "control_url": control.url if control else None,
    }
    draft = ready_file.with_name(f".{ready_file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts), encoding="utf-8")
    draft.replace(ready_file)


def _listen_error(error: OSError, gateway: Gateway, control: Control | None) -> str:
    """Return in a sentence why the gateway cannot listen."""
    ports = " or ".join(str(port) for port in (gateway.port, control.port if control else 0) if port)
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {ports} is taken by another program; choose another with --port (0 for any free one)"
        case errno.EACCES:
            return f"port {ports} is not allowed for this user; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"this machine has no address {gateway.host}"
    return f"cannot listen: {error.strerror or error}"


if __name__ == "__main__":
    sys.exit(main())
