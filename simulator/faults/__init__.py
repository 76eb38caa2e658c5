"""Faults that can be switched on and off while the gateway runs."""

from .base import Fault, Faults, kinds
from .data import BadRecord, CounterGlitch, Damage, FreezeLoad, GarbageNumbers, Glitch, HideLoad, WrongClock
from .transport import (
    Delay,
    Drop,
    EmptyBody,
    HalfBody,
    Html,
    HugeBody,
    LongList,
    Redirect,
    RefuseLogins,
    Status,
    Trickle,
    VoidTokens,
)

__all__ = [
    "BadRecord",
    "CounterGlitch",
    "Damage",
    "Delay",
    "Drop",
    "EmptyBody",
    "Fault",
    "Faults",
    "FreezeLoad",
    "GarbageNumbers",
    "Glitch",
    "HalfBody",
    "HideLoad",
    "Html",
    "HugeBody",
    "LongList",
    "Redirect",
    "RefuseLogins",
    "Status",
    "Trickle",
    "VoidTokens",
    "WrongClock",
    "kinds",
]
