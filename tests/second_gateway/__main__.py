"""Runs the second gateway as a program: `python -m tests.second_gateway --site house --seed 3`."""

import argparse
import asyncio
import sys
import time

from .gateway import Gateway
from .sites import SITES, build_site


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.second_gateway", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    parser.add_argument("--site", choices=sorted(SITES), default="house")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history-days", type=float, default=8)
    parser.add_argument("--rows", type=int, default=60, help="seconds a row of history")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    installed = time.time() - arguments.history_days * 86400
    gateway = Gateway(
        build_site(arguments.site, arguments.seed, installed), time.time, history_days=arguments.history_days
    )
    gateway.history.seconds = arguments.rows
    await gateway.start(arguments.port)
    sys.stdout.write(f"https://{gateway.host}:{gateway.port} {gateway.username} {gateway.password}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await gateway.stop()


def main() -> None:
    """Serve until interrupted."""
    try:
        asyncio.run(_run(_arguments()))
    except KeyboardInterrupt:
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
