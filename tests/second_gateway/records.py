"""The records of devices, loads, signals and realtime values, as the document shows them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import math
from typing import Final

from .clock import GatewayClock
from .model import PROTOCOLS, Device, Load, Signal
from .printing import Json
from .timeline import Timeline

#: As the content of a field it removes the field from the record.
ABSENT: Final = b"\x00absent"

type Record = dict[str, Json]


@dataclass
class Records:
    """Builds records, with the changes that a test has set."""

    timeline: Timeline
    clock: GatewayClock
    #: Fields by kind of record ("devices", "loads", "signals", "realtime"), UID and name.
    changed: dict[tuple[str, int], Record] = field(default_factory=dict)
    #: Whole records by kind and UID.
    replaced: dict[tuple[str, int], Json] = field(default_factory=dict)

    def device(self, device: Device) -> Json:
        """Return the record of a device."""
        record: Record = {
            "uid": device.uid,
            "label": device.label,
            "partNumber": device.part_number,
            "system": device.system,
        }
        return self._final("devices", device.uid, record)

    def load(self, load: Load) -> Json:
        """Return the record of a load; each protocol has its object, filled or not."""
        record: Record = {
            "uid": load.uid,
            "label": load.label,
            "enable": load.enable,
            "index": load.index,
            "type": 0,
        }
        if load.device is not None:
            record["did"] = load.device
        for protocol in PROTOCOLS:
            record[protocol] = {"index": load.index} if protocol == load.protocol else {}
        return self._final("loads", load.uid, record)

    def signal(self, signal: Signal) -> Json:
        """Return the record of a signal."""
        record: Record = {
            "uid": signal.uid,
            "si": signal.code,
            "sir": signal.code,
            "enable": signal.enable,
            "lid": signal.load,
        }
        if signal.device is not None:
            record["did"] = signal.device
        return self._final("signals", signal.uid, record)

    def realtime(self, signal: Signal) -> Json:
        """Return the latest sample of a signal."""
        sample = self.timeline.sample(self.timeline.site.loads[signal.load], self.clock.true())
        record: Record = {
            "uid": signal.uid,
            "si": signal.code,
            "v": self.timeline.reading(signal, sample),
            "t": math.floor(self.clock.shown(sample) * 1000 + 1e-3),
            "s": 1,
            "r": 0,
        }
        return self._final("realtime", signal.uid, record)

    def map(self, name: str, records: Iterable[tuple[int, Json]]) -> Json:
        """Return records as a map keyed by UID, under its name."""
        return {name: {str(uid): record for uid, record in records}}

    def _final(self, kind: str, uid: int, record: Record) -> Json:
        if (kind, uid) in self.replaced:
            return self.replaced[kind, uid]
        record |= self.changed.get((kind, uid), {})
        return {name: value for name, value in record.items() if value is not ABSENT}
