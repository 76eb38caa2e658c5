"""`python -m testbed demo`, `python -m testbed outage`."""

import sys

from . import demo, outage

COMMANDS = {"demo": demo.main, "outage": outage.main}

if __name__ == "__main__":
    if (command := COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")) is None:
        print(f"usage: python -m testbed {{{','.join(COMMANDS)}}} [options]", file=sys.stderr)
        sys.exit(2)
    sys.exit(command(sys.argv[2:]))
