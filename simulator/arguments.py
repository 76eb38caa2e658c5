"""The command line's arguments, with their help."""

import argparse
from collections.abc import Sequence
import ipaddress
import socket
import time

from .dialect import Dialect, KeyOrder, LimitCounts
from .faults.parse import explain
from .site import Site, SiteKind, build_site

DEFAULT_PORT = 8443
DEFAULT_CONTROL_PORT = 8444

_DESCRIPTION = """\
A simulated Carlo Gavazzi EMS gateway: the whole API over HTTPS, with a physical model of a site behind it.

Without a command it serves until Ctrl-C. Other commands:
  python -m simulator list  [site options]     print devices, loads and signals with their meaning and values
  python -m simulator fault KIND [name=value]  switch a fault on in a running simulator (fault --help)
  python -m simulator do ACTION [name=value]   reboot it, take it offline, add a load … (do --help)"""

_EPILOG = """\
examples:
  python -m simulator                                    a house on https://127.0.0.1:8443
  python -m simulator --site shop --seed 7 --speed 60    another site; an hour passes in a minute
  python -m simulator --site load-test --signals 5000    as many signals as wanted
  python -m simulator --control-port 8444                then: python -m simulator fault drop times=3
  python -m simulator --port 0 --ready-file ready.json   for scripts: any free port, address in a file

exit codes: 0 ended by Ctrl-C or SIGTERM, 1 cannot listen (port taken), 2 bad arguments"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps line breaks, and leaves room for long option names."""

    def __init__(self, prog: str) -> None:
        """Set the widths."""
        super().__init__(prog, max_help_position=34, width=120)


def _port(text: str) -> int:
    """Return a port number from an argument."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _whole(least: int, most: int | None = None) -> type[int]:
    """Return a converter for whole numbers in a range."""

    def convert(text: str) -> int:
        """Return the number; ArgumentTypeError if it is out of range."""
        reach = f"from {least}" if most is None else f"from {least} to {most:,}"
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"a whole number {reach} is expected, not {text!r}")
        return int(text)

    return convert  # type: ignore[return-value]  # argparse only calls it


def _positive(text: str) -> float:
    """Return a number above 0 from an argument."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"a number above 0 is expected, not {text!r}")
    return number


def add_site_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the site."""
    group = parser.add_argument_group("the site")
    add = group.add_argument
    add("--site", choices=[kind.value for kind in SiteKind], default="house", help="kind of site (house)")
    add("--seed", type=_whole(0), default=1, help="which site of its kind; decides codes, weather, habits (1)")
    add("--signals", type=_whole(0, 100_000), metavar="N", help="signals of a load test, 0 to 100,000 (1000)")
    add("--vary", action="store_true", help="let the seed decide whatever is not given below")
    add("--power-unit", choices=["W", "kW"], help="unit of power (by the seed)")
    add("--energy-unit", choices=["Wh", "kWh"], help="unit of energy (by the seed)")
    add("--unsigned-power", action="store_true", help="exported power loses its sign")
    add("--frequency", type=float, choices=[50.0, 60.0], help="Hz (50)")
    add("--voltage", type=_positive, metavar="V", help="nominal phase voltage, 100 to 277 V (230)")
    add("--split-phase", action="store_true", help="two legs in opposition instead of three phases")
    add("--noise", type=float, metavar="PERCENT", help="error of measured values, 0 to 10 %% (0)")
    add("--counter-decimals", type=_whole(0, 9), metavar="N", help="decimals of energy counters (3 for kWh, 0 for Wh)")
    add("--unity-power-factor", action="store_true", help="no reactive power anywhere")
    add("--no-solar", action="store_true", help="a house without solar power")
    add("--no-p1", action="store_true", help="a house without P1 port")
    add("--idle", type=float, metavar="SHARE", help="share of sub-loads that draw nothing, 0 to 1 (0)")
    add("--period", type=int, choices=[60, 300, 900], help="seconds between history rows (60)")
    add("--installed-days", type=_whole(0, 36_500), metavar="N", help="days of history (400)")


def _add_gateway_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the gateway."""
    group = parser.add_argument_group("the gateway")
    add = group.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1); another than loopback needs --expose")
    add("--expose", action="store_true", help="allow an address that others can reach")
    add("--port", type=_port, default=DEFAULT_PORT, help=f"port to listen on, 0 for any free one ({DEFAULT_PORT})")
    add("--username", default="admin", help="user name of the API account (admin)")
    add("--password", default="s3cret!", help="its password (s3cret!)")
    add("--timezone", default="UTC", metavar="ZONE", help="zone of /v1/date, such as Europe/Rome (UTC)")
    add("--speed", type=_positive, default=1.0, metavar="X", help="how many times faster than real time passes (1)")
    group = parser.add_argument_group("what the API document leaves open")
    add = group.add_argument
    add("--limit-cap", type=_whole(1), metavar="N", help="the most records an answer has, whatever limit asks for")
    add(
        "--limit-counts",
        choices=[what.value for what in LimitCounts],
        default="rows",
        help="what limit counts in a history map (rows)",
    )
    add("--realtime-in-seconds", action="store_true", help="t of realtime in s; printed: ms")
    add("--history-in-milliseconds", action="store_true", help="t and p of history in ms; printed: s")
    add("--history-samples", action="store_true", help="history rows are last samples instead of means")
    add("--newest-first", action="store_true", help="history rows in descending order")
    add("--key-order", choices=[order.value for order in KeyOrder], default="printed", help="order of keys (printed)")
    add("--extra-fields", action="store_true", help="fields that the document does not know")
    group = parser.add_argument_group("for scripts")
    add = group.add_argument
    add(
        "--control-port", type=_port, metavar="PORT", help="serve the control endpoint on this loopback port, 0 for any"
    )
    add("--ready-file", metavar="PATH", help="write address, account and fingerprint as JSON when it listens")
    add("--log-requests", action="store_true", help="print a line for every request")


def serve_parser() -> argparse.ArgumentParser:
    """Return the parser of the command that serves."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=_Formatter
    )
    _add_gateway_options(parser)
    add_site_options(parser)
    return parser


def list_parser() -> argparse.ArgumentParser:
    """Return the parser of the command that lists."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator list",
        description="Prints a site's devices, loads and signals with what they measure and read now.",
        formatter_class=_Formatter,
    )
    add_site_options(parser)
    return parser


def remote_parser(command: str, actions: str) -> argparse.ArgumentParser:
    """Return the parser of a command to a running simulator, `fault` or `do`."""
    faults = command == "fault"
    parser = argparse.ArgumentParser(
        prog=f"python -m simulator {command}",
        description="Switches faults of a running simulator on and off."
        if faults
        else "Does something to a running simulator.",
        epilog=_FAULT_EPILOG.format(explain()) if faults else f"actions:\n{actions}",
        formatter_class=_Formatter,
    )
    parser.add_argument(
        "--control-port",
        type=_port,
        default=DEFAULT_CONTROL_PORT,
        metavar="PORT",
        help=f"control port of the simulator ({DEFAULT_CONTROL_PORT})",
    )
    parser.add_argument(
        "what", metavar="KIND" if faults else "ACTION", help="list, clear or a kind" if faults else None
    )
    parser.add_argument("settings", nargs="*", metavar="name=value", help="settings" + ("; after clear: ID" * faults))
    return parser


_FAULT_EPILOG = """\
every kind has: path (shell pattern, all), times (until cleared), probability (1)
kinds:
{}

examples:
  python -m simulator fault drop path='/v1/signals/*' times=2
  python -m simulator fault status code=503 retry_after=30 probability=0.1
  python -m simulator fault counter-glitch how=zero
  python -m simulator fault list
  python -m simulator fault clear"""


def site_from(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Site:
    """Return the site that the arguments describe; exits with 2 and a sentence if they are invalid."""
    kind = SiteKind(arguments.site)
    given: dict[str, object] = {
        name: value
        for name in ("power_unit", "energy_unit", "frequency", "voltage", "noise", "counter_decimals", "idle", "period")
        if (value := getattr(arguments, name)) is not None
    }
    for flag, (name, value) in _FLAGS.items():
        if getattr(arguments, flag):
            given[name] = value
    if arguments.signals is not None:
        if kind is not SiteKind.LOAD_TEST:
            parser.error("--signals belongs to --site load-test")
        given["signals"] = arguments.signals
    if arguments.installed_days is not None:
        given["installed"] = time.time() // 86_400 * 86_400 - 86_400.0 * arguments.installed_days
    try:
        return build_site(kind, arguments.seed, vary=arguments.vary, **given)
    except ValueError as error:
        parser.error(str(error))


_FLAGS: dict[str, tuple[str, bool]] = {
    "unsigned_power": ("signed_power", False),
    "split_phase": ("split_phase", True),
    "unity_power_factor": ("unity_power_factor", True),
    "no_solar": ("solar", False),
    "no_p1": ("p1", False),
}


def dialect_from(arguments: argparse.Namespace) -> Dialect:
    """Return the dialect that the arguments describe."""
    return Dialect(
        limit_counts=LimitCounts(arguments.limit_counts),
        limit_cap=arguments.limit_cap,
        realtime_in_seconds=arguments.realtime_in_seconds,
        history_in_milliseconds=arguments.history_in_milliseconds,
        history_means=not arguments.history_samples,
        newest_first=arguments.newest_first,
        key_order=KeyOrder(arguments.key_order),
        extra=arguments.extra_fields,
    )


def is_loopback(host: str) -> bool:
    """Return whether an address or host name is on loopback; OSError if the name is unknown."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(str(address[4][0]).split("%")[0]).is_loopback for address in found)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return name=value arguments as a mapping; ValueError for anything else."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValueError(f"name=value is expected, not {text!r}")
        found[name.replace("-", "_")] = value
    return found
