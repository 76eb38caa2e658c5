"""Lets pytest-homeassistant-custom-component run on a newer Home Assistant; `scripts/test --newest` loads it with -p."""

# First: Home Assistant replaces httpx before anything imports it, and the plugin imports respx, which imports httpx.
import homeassistant  # noqa: F401, I001

# As the plugin does, before the functions that they patch are imported anywhere.
from pytest_homeassistant_custom_component import patch_json, patch_recorder, patch_time  # noqa: F401

from homeassistant.components import logger
from homeassistant.components.logger import helpers

# Imported by the plugin from the package, where it stood until 2026.10.
vars(logger)["_clear_logger_overwrites"] = helpers._clear_logger_overwrites  # noqa: SLF001
