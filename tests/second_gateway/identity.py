"""The gateway's identity."""

from dataclasses import dataclass

from .clock import GatewayClock
from .printing import Json


@dataclass
class Identity:
    """Serial number, MAC address, firmware and part number."""

    serial: str = "BX20000001"
    mac: str = "00:19:EE:20:00:01"
    firmware: str = "EMS_1.0.0.0.250101.000000"
    part_number: str = "EMS10AV5S1X"
    api_version: int = 1

    def facts(self, name: str, clock: GatewayClock) -> Json:
        """Return the answer of an endpoint under /v1; None where it has no such name."""
        date, zone = clock.date()
        facts: dict[str, Json] = {
            "serial-number": {"sn": self.serial},
            "mac": {"mac": self.mac},
            "firmware": {"fw": self.firmware},
            "part-number": {"pn": self.part_number},
            "date": {"date": date, "tz": zone},
        }
        return facts.get(name)
