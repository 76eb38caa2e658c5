"""Faults that can be switched on and off while the gateway runs."""

from .base import LOGIN, Fault, Faults, FaultTarget, kinds
from .data import BadRecord, CounterGlitch, Damage, FreezeLoad, GarbageNumbers, Glitch, HideLoad, WrongClock
from .pages import EmptyPage, EndlessList
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
    "LOGIN",
    "BadRecord",
    "CounterGlitch",
    "Damage",
    "Delay",
    "Drop",
    "EmptyBody",
    "EmptyPage",
    "EndlessList",
    "Fault",
    "FaultTarget",
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
