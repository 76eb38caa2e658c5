"""Parse and format the address of a gateway as users type it."""

import ipaddress
import re

from custom_components.carlo_gavazzi_ems.const import DEFAULT_PORT

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)


class InvalidHostError(ValueError):
    """The text is not an address."""


class PathError(ValueError):
    """The text is a URL with a path; the API of a gateway is at the root of its host."""


class PlainHttpError(ValueError):
    """The text asks for plain HTTP, which would send the password unencrypted."""


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `host`, `host:port`, `[v6]:port`, a bare IPv6 address or an https URL.

    Raises InvalidHostError, PathError or PlainHttpError.
    """
    rest = text.strip()
    if "://" in rest:
        scheme, _, rest = rest.partition("://")
        match scheme.lower():
            case "https":
                pass
            case "http":
                raise PlainHttpError(text)
            case _:
                raise InvalidHostError(text)
    rest, path = re.split(r"(?=[/?#]|$)", rest, maxsplit=1)
    found = _host_and_port(rest, text)
    # The fragment after "#" is never sent to a server.
    if path.partition("#")[0] not in {"", "/"}:
        raise PathError(text)
    return found


def _host_and_port(rest: str, text: str) -> tuple[str, int]:
    """Return host and port of `rest`, the part of `text` between scheme and path. Raises InvalidHostError."""
    if _is_ipv6(rest):
        return rest.lower(), DEFAULT_PORT
    if rest.startswith("["):
        host, bracket, port = rest[1:].partition("]")
        if not bracket or not _is_ipv6(host):
            raise InvalidHostError(text)
        return host.lower(), _port(port, text)
    host, colon, port = rest.partition(":")
    # Digits and dots that are not an IPv4 address are a typing error, not a host name.
    if not _HOST_NAME.fullmatch(host) or len(host) > 253 or (re.fullmatch(r"[\d.]+", host) and not _is_ipv4(host)):
        raise InvalidHostError(text)
    return host.lower(), _port(colon + port, text)


def format_address(host: str, port: int) -> str:
    """Return an address as a user would type it, without the default port."""
    shown = f"[{host}]" if ":" in host and port != DEFAULT_PORT else host
    return shown if port == DEFAULT_PORT else f"{shown}:{port}"


def _port(text: str, whole: str) -> int:
    """Return the port of a text such as `:443`, the default port for an empty one."""
    if not text:
        return DEFAULT_PORT
    digits = text.removeprefix(":")
    if text[0] != ":" or not (digits.isascii() and digits.isdigit()) or not 0 < int(digits[:6]) < 65536:
        raise InvalidHostError(whole)
    return int(digits)


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
