"""Runs Home Assistant as a process against a gateway, for the demo and the end-to-end tests.

Imports neither Home Assistant nor the integration: it uses Home Assistant's REST and WebSocket API only.
"""

from pathlib import Path
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
#: The project's folder, which holds `custom_components` and `simulator`.
ROOT: Final = Path(__file__).resolve().parent.parent
