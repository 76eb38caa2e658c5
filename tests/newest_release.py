"""Lets pytest-homeassistant-custom-component run on a newer Home Assistant; `scripts/test --newest` loads it with -p."""

# First: Home Assistant replaces httpx before anything imports it, and the plugin imports respx, which imports httpx.
import homeassistant  # noqa: F401, I001

# As in the plugin: before any module imports the functions that these patch.
from pytest_homeassistant_custom_component import patch_json, patch_recorder, patch_time  # noqa: F401

from homeassistant.components import logger
from homeassistant.components.logger import helpers

# The plugin imports it from the package, where it was until 2026.10.
vars(logger)["_clear_logger_overwrites"] = helpers._clear_logger_overwrites  # noqa: SLF001
