"""Devices, loads and signals as the gateway lists them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .quantities import Quantity


class Protocol(StrEnum):
    """How a load's data reaches the gateway."""

    RTU = "rtu"
    TCP = "tcp"
    METER_BUS = "meterBus"
    VIRTUAL = "virtual"
    P1 = "P1"


@dataclass(frozen=True, slots=True)
class Device:
    """A meter known to the gateway."""

    uid: int
    label: str
    part_number: str
    system: str


@dataclass(frozen=True, slots=True)
class Load:
    """A measurement context of a device."""

    uid: int
    label: str
    index: int
    type: int
    did: int
    protocol: Protocol
    settings: Mapping[str, int | str] = field(default_factory=dict)
    """The content of the protocol's object, which is empty in the document."""
    enable: bool = True
    since: float = 0.0
    """Unix time before which the load did not exist."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A quantity of a load."""

    uid: int
    si: int
    quantity: Quantity
    lid: int
    did: int
    enable: bool = True
