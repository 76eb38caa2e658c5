"""The physical model of a site behind the gateway."""

from .kinds import build_site
from .options import SiteKind, SiteOptions
from .quantities import Quantity
from .records import Device, Load, Protocol, Signal
from .site import Site

__all__ = ["Device", "Load", "Protocol", "Quantity", "Signal", "Site", "SiteKind", "SiteOptions", "build_site"]
