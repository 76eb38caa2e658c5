"""The command line of the demo."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Never, override

from .errors import UsageError
from .gateway import SimulatorOptions

DEFAULT_PORT = 8123
#: Hours: a shorter outage contains no full hour, a longer one takes too long to repair on the fast clock.
LEAST_OUTAGE, MOST_OUTAGE = 1, 200
EPILOG = """\
examples:
  scripts/demo                          a simulated house at http://127.0.0.1:8123, the past week in its Energy dashboard;
                                        Ctrl-C ends it
  scripts/demo --port 8124 --speed 60   another port, an hour a minute; then without the past week
  scripts/demo --outage 6h              a Home Assistant that was down for six hours: the bars in its Energy dashboard
                                        are right; takes up to ten minutes, three of them hours on a fast clock
  scripts/demo --check                  set up, print every entity, judge, end: exit code 0 if all is right
  scripts/demo --check -- --limit-cap 100
                                        whatever follows -- is for the simulator
  scripts/demo --gateway 192.168.1.20   a real gateway; asks for user name and password,
                                        or takes them from EMS_USERNAME and EMS_PASSWORD

exit codes: 0 all right, 1 something failed, 2 bad arguments, 128 + n ended by signal n before it was ready
"""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The command's options."""

    check: bool
    port: int | None
    """The port of Home Assistant; None for the default, or any free one for a check."""
    gateway: str | None
    """Host of a real gateway; None for the simulator."""
    simulator: SimulatorOptions
    keep: Path | None
    outage: float | None = None
    """Hours of the outage before the demo."""


class _Parser(argparse.ArgumentParser):
    @override
    def error(self, message: str) -> Never:
        raise UsageError(f"{message}. See scripts/demo --help")


def parse(arguments: list[str]) -> DemoOptions:
    """Read the command line; raises UsageError with one clear sentence."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    more = tuple(arguments[split + 1 :])
    parsed = _parser().parse_args(arguments[:split])
    if parsed.gateway is not None:
        _check_host(parsed.gateway)
        for option in ("gateway_port", "site", "seed", "speed"):
            if getattr(parsed, option) is not None:
                raise UsageError(f"--{option.replace('_', '-')} is for the simulator and does not go with --gateway.")
        if more:
            raise UsageError(f"{more[0]} is for the simulator and does not go with --gateway.")
    if parsed.outage is not None:
        _check_outage(parsed, more)
    if parsed.port is not None and parsed.port == parsed.gateway_port:
        raise UsageError("--port and --gateway-port must differ: two servers cannot listen on one port.")
    return DemoOptions(
        check=parsed.check,
        port=parsed.port,
        gateway=parsed.gateway,
        simulator=SimulatorOptions(
            port=parsed.gateway_port or 0, site=parsed.site, seed=parsed.seed, speed=parsed.speed, more=more
        ),
        keep=parsed.keep,
        outage=parsed.outage,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="scripts/demo",
        description="Starts a gateway simulator and a real Home Assistant with the integration set up on it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--check", action="store_true", help="print every device, entity, value and unit, judge them, and end")
    add("--port", type=_port, help=f"port of Home Assistant on 127.0.0.1 (default {DEFAULT_PORT}; --check: any free)")
    add("--gateway", metavar="HOST[:PORT]", help="use this real gateway instead of the simulator")
    add("--gateway-port", type=_port, metavar="PORT", help="port of the simulator (default: any that is free)")
    add("--site", metavar="NAME", help="what the simulator simulates; flat, house, shop, load-test")
    add("--seed", type=_seed, help="the simulator's random numbers: same seed, same site")
    add("--speed", type=_speed, metavar="FACTOR", help="how much faster than real time the simulator runs")
    add("--outage", type=_hours, metavar="HOURS", help="in a flat, kill Home Assistant for so long (6h) beforehand")
    add("--keep", type=Path, metavar="DIR", help="keep Home Assistant's configuration in this empty or new folder")
    return parser


def _port(text: str) -> int:
    port = _number(text, "a port, a number from 1 to 65535")
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, a number from 1 to 65535")
    return port


def _seed(text: str) -> int:
    return _number(text, "a whole number")


def _number(text: str, wanted: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None


def _hours(text: str) -> float:
    try:
        hours = float(text.removesuffix("h"))
    except ValueError:
        hours = 0.0
    if not LEAST_OUTAGE <= hours <= MOST_OUTAGE:
        wanted = f"a number of hours from {LEAST_OUTAGE} to {MOST_OUTAGE}, such as 6h"
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return hours


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a factor, a number above 0")
    return speed


def _check_outage(parsed: argparse.Namespace, more: tuple[str, ...]) -> None:
    """Refuse options that do not go with an outage: its gateway runs on the same fast clock."""
    for option in ("check", "gateway", "gateway_port", "site", "speed"):
        if getattr(parsed, option):
            raise UsageError(f"--{option.replace('_', '-')} does not go with --outage.")
    if more:
        raise UsageError(f"{more[0]} does not go with --outage.")


def _check_host(host: str) -> None:
    """Refuse what is certainly not a host; the integration checks the rest."""
    if not host.strip():
        raise UsageError("--gateway needs the host name or address of the gateway.")
    if "@" in host:
        raise UsageError(
            "--gateway takes no credentials: it asks for them, or reads EMS_USERNAME and EMS_PASSWORD from the environment."
        )
