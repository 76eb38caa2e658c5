"""TCP ports of 127.0.0.1."""

import random
import socket
from typing import Final

from .errors import HarnessError

HOST: Final = "127.0.0.1"
#: Below the ports that Linux and macOS give to connections and to servers on port 0: until its server has started, a
#: port from there could be taken by any of them.
_RANGE: Final = range(20_000, 32_000)
_ATTEMPTS: Final = 100


def is_free(port: int) -> bool:
    """Return whether a server can listen on the port."""
    with socket.socket() as probe:
        # Connections in TIME_WAIT do not block a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that is free, and that the system does not hand out; raises HarnessError if none is found."""
    for port in random.sample(_RANGE, _ATTEMPTS):
        if is_free(port):
            return port
    raise HarnessError(f"No free port was found on {HOST} between {_RANGE.start} and {_RANGE.stop - 1}.")


def require_free(port: int, option: str, purpose: str) -> None:
    """Raise HarnessError with a hint if the port is taken; `option` is the command's option for it."""
    if not is_free(port):
        other = port + 1 if port < 65535 else 8124
        raise HarnessError(
            f"Port {port}, meant for {purpose}, is already in use on {HOST}. "
            f"End the program that uses it, or choose another: {option} {other}"
        )
