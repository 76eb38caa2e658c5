"""A second EMS gateway, written from the API document alone: it shares no code with the simulator or the integration."""

from .gateway import Gateway
from .model import Device, Load, Signal, Site
from .sites import SITES, build_site

__all__ = ["SITES", "Device", "Gateway", "Load", "Signal", "Site", "build_site"]
