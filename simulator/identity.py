"""A gateway's serial number, MAC address, firmware and part number."""

from dataclasses import dataclass
from typing import Self

from .site.noise import stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the gateway reports of itself."""

    serial_number: str = "BX10000000"
    mac: str = "00:19:EE:00:00:01"
    firmware: str = "EMS_1.0.0.0.250101.000000"
    part_number: str = "EMS10AV5S1X"
    api_version: int = 1

    @classmethod
    def of(cls, seed: int) -> Self:
        """Return the identity for a seed; the MAC address has the maker's prefix."""
        number = stream(seed, "identity")
        octets = number.to_bytes(8)
        return cls(
            serial_number=f"BX1{number % 10_000_000:07d}",
            mac=":".join(f"{octet:02X}" for octet in (0x00, 0x19, 0xEE, *octets[:3])),
        )
