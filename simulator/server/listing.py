"""Records as they go into answers: devices, loads and signals, realtime and history."""

from collections.abc import Iterable, Sequence
from itertools import groupby
import math

from simulator.dialect import Dialect, Json, LimitCounts, Record
from simulator.faults import FreezeLoad, HideLoad
from simulator.site import Device, Load, Protocol, Signal, Site
from simulator.site.noise import Minutes
from simulator.site.sampling import History, Row, latest

from .query import Page
from .served import ServedGateway


class Listing:
    """The site's records as the gateway lists them, with its faults, clock and dialect."""

    def __init__(self, gateway: ServedGateway) -> None:
        """Take the gateway's clock and faults as they are now."""
        self._gateway = gateway
        self._site: Site = gateway.site
        self._dialect: Dialect = gateway.dialect
        self._now = gateway.clock.now()
        self._shift = gateway.offset
        self._hidden = {fault.load for fault in gateway.faults.of(HideLoad)}
        self._frozen = {fault.load: fault.since or 0.0 for fault in gateway.faults.of(FreezeLoad)}

    # Selection.

    def loads(self) -> list[Load]:
        """Return the loads in the order of their UIDs."""
        return [load for load in self._site.loads.values() if load.uid not in self._hidden]

    def devices(self) -> list[Device]:
        """Return the devices in the order of their UIDs."""
        if not self._hidden:
            return list(self._site.devices.values())
        seen = {load.did for load in self.loads()}
        return [device for device in self._site.devices.values() if device.uid in seen]

    def signals(self) -> list[Signal]:
        """Return the signals in the order of their UIDs."""
        if not self._hidden:
            return list(self._site.signals.values())
        return [signal for signal in self._site.signals.values() if signal.lid not in self._hidden]

    def valued(self, signals: Iterable[Signal]) -> list[Signal]:
        """Return those of the signals that have values."""
        everything = self._dialect.disabled_values
        return [signal for signal in signals if everything or signal.enable]

    # Records.

    def device(self, device: Device) -> Record:
        """Return a device's record."""
        return self._dialect.record(
            {"uid": device.uid, "label": device.label, "partNumber": device.part_number, "system": device.system}
        )

    def load(self, load: Load) -> Record:
        """Return a load's record, with content in the object of its protocol."""
        record: Record = {
            "uid": load.uid,
            "label": load.label,
            "enable": load.enable,
            "index": load.index,
            "type": load.type,
            "did": load.did,
        }
        for protocol in (Protocol.METER_BUS, Protocol.TCP, Protocol.RTU, Protocol.VIRTUAL, Protocol.P1):
            filled = self._dialect.protocol_settings and protocol is load.protocol
            record[protocol.value] = {**load.settings} if filled else {}
        return self._dialect.record(record)

    def signal(self, signal: Signal) -> Record:
        """Return a signal's record."""
        return self._dialect.record(
            {
                "uid": signal.uid,
                "si": signal.si,
                "sir": signal.si,
                "enable": signal.enable,
                "lid": signal.lid,
                "did": signal.did,
            }
        )

    def realtime(self, signals: Iterable[Signal]) -> dict[str, Json]:
        """Return the latest values by the signals' UIDs."""
        shift = round(self._shift * 1000)
        records: dict[str, Json] = {}
        for sample in latest(self._site, signals, self._now, self._frozen):
            time = sample.time + shift
            record: Record = {
                "uid": sample.signal.uid,
                "si": sample.signal.si,
                "v": sample.value,
                "t": time // 1000 if self._dialect.realtime_in_seconds else time,
                "s": 1,
                "r": 0,
            }
            records[str(sample.signal.uid)] = self._dialect.record(record)
        return records

    # History.

    def rows(self, signal: Signal, span: tuple[float | None, float | None], page: Page) -> list[Json]:
        """Return a page of one signal's history."""
        history, ends = self._ends(signal.lid, span)
        return [self._row(row) for row in history.rows([signal], ends[page.window])[signal.uid]]

    def history(
        self, signals: Sequence[Signal], span: tuple[float | None, float | None], page: Page
    ) -> dict[str, Json]:
        """Return a page of many signals' history, by this gateway's meaning of `limit`."""
        counts = self._dialect.limit_counts
        first, last = page.first, page.first + page.limit
        passed = 0
        wanted: list[tuple[Signal, History, Minutes, slice]] = []
        for _, group in groupby(signals, key=lambda signal: signal.lid):
            members = list(group)
            history, ends = self._ends(members[0].lid, span)
            for signal in members:
                window = page.window
                if counts is LimitCounts.ROWS:
                    window = slice(max(first - passed, 0), max(last - passed, 0))
                    passed += ends.size
                wanted.append((signal, history, ends, window))
        records: dict[str, Json] = {}
        for _, share in groupby(wanted, key=lambda item: (item[0].lid, item[3].start, item[3].stop)):
            parts = list(share)
            _, history, ends, window = parts[0]
            if (shown := ends[window]).size or self._dialect.empty_lists:
                rows = history.rows([signal for signal, *_ in parts], shown)
                records |= {str(uid): [self._row(row) for row in of] for uid, of in rows.items()}
        return records

    def last(self, signals: Iterable[Signal]) -> dict[str, Json]:
        """Return the last row of each signal that has one."""
        records: dict[str, Json] = {}
        for load, group in groupby(signals, key=lambda signal: signal.lid):
            history = self._history(load)
            for uid, rows in history.rows(list(group), history.last()).items():
                if rows:
                    records[str(uid)] = self._row(rows[-1])
        return records

    def _history(self, load: int) -> History:
        """Return the history of a load, up to the time at which it froze."""
        frozen = self._frozen.get(load, math.inf)
        return History(self._site, load, self._now, frozen, means=self._dialect.history_means)

    def _ends(self, load: int, span: tuple[float | None, float | None]) -> tuple[History, Minutes]:
        """Return a load's history and the end times of its rows in a span by the gateway's clock."""
        history = self._history(load)
        start, end = span
        until = self._now if end is None else end - self._shift
        since = start - self._shift if start is not None else until - (self._dialect.default_span or math.inf)
        closing = 0.0 if self._dialect.span_over_end else 1.0
        ends = history.ends(since + closing, until + closing)
        return history, ends[::-1] if self._dialect.newest_first else ends

    def _row(self, row: Row) -> Record:
        """Return a history row's record."""
        factor = 1000 if self._dialect.history_in_milliseconds else 1
        end = row.end + round(self._shift)
        return self._dialect.record(
            {
                "uid": row.uid,
                "t": (end - 1) * factor,
                "p": end * factor,
                "v": row.value,
                "d": 0,
                "max": row.highest,
                "min": row.lowest,
            }
        )
