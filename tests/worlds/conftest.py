"""Home Assistant's own test plugin makes a loop, a core and a database for each test; here a story has its own."""

import sys

# Before anything of Home Assistant's, which soak prepares for frozen time.
from soak.__main__ import prepare

assert "homeassistant" in sys.modules
prepare()
