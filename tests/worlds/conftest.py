"""Stories have an event loop, a core and a database of their own, not those of Home Assistant's test plugin."""

import sys

# Before any import of Home Assistant: soak prepares it for frozen time.
from soak.__main__ import prepare

assert "homeassistant" in sys.modules
prepare()
