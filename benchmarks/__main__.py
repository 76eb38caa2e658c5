"""The command line: `python -m benchmarks` for what polling costs; `identify`, `history` and `hostile` for the rest."""

import argparse
import json
from pathlib import Path
import sys

from . import history, hostile, identify, report
from .cases import make_cases
from .performance import command
from .performance.day import DAY


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="counted rounds of each refresh (default 9)")
    parser.add_argument("--part", action="append", default=[], choices=command.PARTS, help="measure only this")
    parser.add_argument("--json", type=Path, dest="results", help=f"where the figures go ({command.RESULTS})")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/performance.md too")
    parser.add_argument("--signals", type=int, action="append", default=[], help="so many signals (100, 1000, 5000)")
    parser.add_argument("--polls", type=int, default=DAY, help=f"so many polls make the part `day`'s day ({DAY})")
    commands = parser.add_subparsers(dest="command")
    one = commands.add_parser("identify", help="how often codes are identified rightly, wrongly, or not at all")
    one.add_argument("--sites", type=_sites, default=324, help="how many sites, 1 or more (default 324)")
    one.add_argument("--seed", type=int, default=0, help="draws other sites (default 0)")
    one.add_argument("--kind", choices=("typical", "hard", "all"), default="all")
    one.add_argument(
        "--subsets", type=int, default=0, help="identify so many subsets of each site's codes too (default 0)"
    )
    one.add_argument("--processes", type=int, choices=(1, 2), default=2)
    one.add_argument("--json", type=Path, help="write every judgement to this file")
    one.add_argument("--wrong", action="store_true", help="list every wrong first proposal")
    history.add_arguments(commands)
    hostile.add_arguments(commands)
    return parser


def _sites(text: str) -> int:
    """Read a number of sites."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of sites, 1 or more")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Run a benchmark; 0 if nothing was certain and wrong and the bars are reached, else 1."""
    options = _parser().parse_args(arguments)
    if options.command is None:
        return command.run(
            options.rounds, options.part, options.signals, options.results, polls=options.polls, docs=options.docs
        )
    if options.command == "history":
        return history.run(options)
    if options.command == "hostile":
        return hostile.run(options)
    cases = make_cases(options.sites, options.seed, options.kind, options.subsets)

    def tell(done: int) -> None:
        if sys.stderr.isatty() or done % 20 == 0 or done == len(cases):
            print(
                f"\r[bench] {done} of {len(cases)} sites",
                end="" if done < len(cases) else "\n",
                file=sys.stderr,
                flush=True,
            )

    results = list(identify.run(cases, options.processes, tell))
    print(report.render(results, wrong=options.wrong))
    if options.json:
        options.json.write_text(json.dumps(report.as_data(results), indent=1), encoding="utf-8")
    return 0 if report.reached(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
