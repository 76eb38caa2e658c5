"""The credentials of a real gateway, from the environment or the terminal."""

import asyncio
from collections.abc import Mapping
from getpass import getpass
import sys

from .errors import UsageError
from .gateway import GatewayAccess


def ask(host: str, environment: Mapping[str, str]) -> GatewayAccess:
    """Return the access; asks for credentials that are not in EMS_USERNAME and EMS_PASSWORD."""
    username, password = environment.get("EMS_USERNAME"), environment.get("EMS_PASSWORD")
    if not (username and password) and not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask for the gateway's credentials; set EMS_USERNAME and EMS_PASSWORD in the environment."
        )
    try:
        username = username or input(f"User name of the API account on {host}: ")
        password = password or getpass(f"Password of {username}: ")
    except EOFError:
        raise UsageError("No credentials were given.") from None
    return GatewayAccess(host=host, username=username, password=password)


async def confirm(question: str) -> bool:
    """Ask for a yes at the terminal; without a terminal return True."""
    if not sys.stdin.isatty():
        return True
    print(f"{question} [y/N] ", end="", flush=True)
    loop = asyncio.get_running_loop()
    typed = loop.create_future()
    # Not `input`: it would ignore Ctrl-C while it waits.
    loop.add_reader(sys.stdin, typed.set_result, None)
    try:
        await typed
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
