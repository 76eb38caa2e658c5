"""A real Home Assistant process against a gateway: what the demo and the end-to-end tests run on.

Nothing here imports Home Assistant or the integration: both are looked at from outside,
the way a browser does, over Home Assistant's REST and WebSocket API.
"""

from pathlib import Path
from typing import Final

DOMAIN: Final = "carlo_gavazzi_ems"
#: The project's folder, which holds `custom_components` and `simulator`.
ROOT: Final = Path(__file__).resolve().parent.parent
