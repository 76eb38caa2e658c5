"""The command line: `python -m soak.worlds --worlds 100 --first 0`."""

# Before any import of Home Assistant: soak prepares it for frozen time.
from soak.__main__ import prepare  # isort: skip

import argparse

from .judge import Verdict, lines
from .random_world import run


def main(arguments: list[str] | None = None) -> int:
    """Run worlds; 0 if all of them are right, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/outage --worlds", description=__doc__)
    parser.add_argument("--worlds", type=int, default=3, help="how many (3)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--hours", type=float, default=14.0, help="hours that things go wrong in each (14)")
    options = parser.parse_args(arguments)
    prepare()
    verdicts: list[tuple[int, Verdict]] = []
    for seed in range(options.first, options.first + options.worlds):
        story, verdict = run(seed, options.hours)
        verdicts.append((seed, verdict))
        print(f"{'ok  ' if verdict.good else 'FAIL'} {seed:4}: {verdict}", flush=True)
        if not verdict.good:
            print(f"      {story}", flush=True)
    *_, total = lines(verdicts)
    print(total)
    return 0 if all(verdict.good for _, verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
