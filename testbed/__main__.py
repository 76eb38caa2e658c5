"""`python -m testbed demo`."""

import sys

from .demo import main

if __name__ == "__main__":
    if sys.argv[1:2] != ["demo"]:
        print("usage: python -m testbed demo [options]", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[2:]))
