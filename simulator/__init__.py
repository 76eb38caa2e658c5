"""A simulated gateway for development and tests: a physical model of a site over HTTPS, with faults on demand."""

from .clock import Clock, ManualClock, SystemClock
from .control import Control
from .dialect import Dialect, KeyOrder, LimitCounts
from .faults import (
    BadRecord,
    CounterGlitch,
    Damage,
    Delay,
    Drop,
    EmptyBody,
    FreezeLoad,
    GarbageNumbers,
    Glitch,
    HalfBody,
    HideLoad,
    Html,
    HugeBody,
    LongList,
    Redirect,
    RefuseLogins,
    Status,
    Trickle,
    VoidTokens,
    WrongClock,
)
from .gateway import Gateway
from .identity import Identity
from .server.certificate import Authority, CertificateSpec
from .server.requests import RecordedRequest
from .site import Quantity, Site, SiteKind, SiteOptions, build_site

__all__ = [
    "Authority",
    "BadRecord",
    "CertificateSpec",
    "Clock",
    "Control",
    "CounterGlitch",
    "Damage",
    "Delay",
    "Dialect",
    "Drop",
    "EmptyBody",
    "FreezeLoad",
    "GarbageNumbers",
    "Gateway",
    "Glitch",
    "HalfBody",
    "HideLoad",
    "Html",
    "HugeBody",
    "Identity",
    "KeyOrder",
    "LimitCounts",
    "LongList",
    "ManualClock",
    "Quantity",
    "RecordedRequest",
    "Redirect",
    "RefuseLogins",
    "Site",
    "SiteKind",
    "SiteOptions",
    "Status",
    "SystemClock",
    "Trickle",
    "VoidTokens",
    "WrongClock",
    "build_site",
]
