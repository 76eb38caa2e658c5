"""TCP ports of 127.0.0.1."""

import socket

from .errors import HarnessError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server can be started on the port."""
    with socket.socket() as probe:
        # A server that has just ended leaves connections in TIME_WAIT, which stop nobody.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, option: str, purpose: str) -> None:
    """Raise with the way out where the port is taken; `option` is the command's option for it."""
    if not is_free(port):
        other = port + 1 if port < 65535 else 8124
        raise HarnessError(
            f"Port {port}, meant for {purpose}, is already in use on {HOST}. "
            f"End the program that uses it, or choose another: {option} {other}"
        )
