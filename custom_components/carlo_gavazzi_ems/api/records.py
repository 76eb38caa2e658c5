"""Parses the gateway's JSON into records. A bad record is rejected; the others are kept."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
import re
from typing import Self, override

from .exceptions import InvalidAnswerError
from .fields import (
    MAX_TEXT,
    JsonObject,
    RecordError,
    as_record,
    check_uid,
    enabled_of,
    int_or_none,
    number,
    number_or_none,
    optional_int,
    seconds,
    text_of,
    uid_of_key,
)
from .models import Device, GatewayDate, HistoryRow, Load, Protocol, Sample, Signal


class Records[T](dict[int, T]):
    """Records by UID; `rejected` has the key or position of each bad record, with its reason."""

    def __init__(self, records: Mapping[int, T] | None = None, rejected: Mapping[str, str] | None = None) -> None:
        """Start with these records."""
        super().__init__(records or {})
        self.rejected: dict[str, str] = dict(rejected or {})

    def has(self, wanted: frozenset[int]) -> bool:
        """Return whether there is a record of each of these UIDs."""
        return not wanted.difference(self)

    @override
    def copy(self) -> Self:
        """Return a copy, with the rejected records too."""
        return type(self)(self, self.rejected)

    def add(self, other: Records[T]) -> None:
        """Add the records of another answer."""
        self.update(other)
        self.rejected.update(other.rejected)


class Rows(list[HistoryRow]):
    """Rows of history; `rejected` has the position of each bad row, with its reason."""

    def __init__(self, rows: Iterable[HistoryRow] = ()) -> None:
        """Start with these rows."""
        super().__init__(rows)
        self.rejected: dict[str, str] = {}


def as_object(payload: object, what: str) -> JsonObject:
    """Return the payload as a JSON object, or raise InvalidAnswerError."""
    if not isinstance(payload, dict):
        raise InvalidAnswerError(f"{what} is not a JSON object")
    return payload


def parse_map[T](payload: object, key: str, parse: Callable[[JsonObject, int], T]) -> Records[T]:
    """Read `{"<key>": {"<uid>": record, …}}`."""
    records = Records[T]()
    for uid_text, record in entries_of(payload, key).items():
        try:
            uid = uid_of_key(uid_text)
            records[uid] = parse(as_record(record), uid)
        except RecordError as err:
            records.rejected[uid_text[:MAX_TEXT]] = str(err)
    return records


def entries_of(payload: object, key: str) -> JsonObject:
    """Return the map under the one key of an answer."""
    entries = _content(payload, key)
    if entries is None or entries == []:
        # Some software prints an empty map as null or [].
        return {}
    return as_object(entries, repr(key))


def _content(payload: object, key: str) -> object:
    """Return the value of the one key of an answer, which may be null. Raises InvalidAnswerError if it is missing."""
    answer = as_object(payload, "the answer")
    if key not in answer:
        raise InvalidAnswerError(f"the answer has no {key!r}")
    return answer[key]


def parse_text(payload: object, key: str) -> str:
    """Read `{"<key>": "text"}`."""
    if text := parse_detail(payload, key):
        return text
    raise InvalidAnswerError(f"the answer has no {key!r}")


def parse_detail(payload: object, key: str) -> str:
    """Read `{"<key>": "text"}` of which nothing depends; empty where there is no text."""
    return text_of(as_object(payload, "the answer"), key)


def parse_version(payload: object) -> int:
    """Read the answer of `GET /ver`."""
    version = int_or_none(as_object(payload, "the answer"), "api_ver")
    if version is None:
        raise InvalidAnswerError("the answer has no 'api_ver'")
    return version


def parse_date(payload: object) -> GatewayDate:
    """Read the gateway's local date `2025-01-01 00:00:00` and its offset `+01:00 CET`."""
    zone = parse_detail(payload, "tz")
    try:
        local = datetime.fromisoformat(parse_text(payload, "date"))
    except ValueError as err:
        raise InvalidAnswerError("the gateway's date is none") from err
    if local.tzinfo is not None:
        return GatewayDate(local=local.replace(tzinfo=None), utc_offset=local.utcoffset(), zone=zone)
    offset = None
    if found := re.match(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?\b", zone):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        if found[1] == "-":
            offset = -offset
    elif re.fullmatch(r"Z|UTC|GMT", zone):
        offset = timedelta()
    return GatewayDate(local=local, utc_offset=offset, zone=zone)


def parse_device(record: JsonObject, uid: int) -> Device:
    """Read one device."""
    check_uid(record, uid)
    return Device(
        uid=uid,
        label=text_of(record, "label"),
        part_number=text_of(record, "partNumber"),
        system=text_of(record, "system"),
    )


def parse_load(record: JsonObject, uid: int) -> Load:
    """Read one load; its protocol is the one whose settings it carries."""
    check_uid(record, uid)
    settings = {protocol: record[protocol] for protocol in Protocol if isinstance(record.get(protocol), dict)}
    # The document's example of a load has all five keys: then the protocol is the one whose settings are not empty.
    carried = [protocol for protocol, value in settings.items() if value] or list(settings)
    protocol = carried[0] if len(carried) == 1 else None
    found = settings.get(protocol) if protocol else None
    return Load(
        uid=uid,
        label=text_of(record, "label"),
        enabled=enabled_of(record),
        index=int_or_none(record, "index"),
        type=int_or_none(record, "type"),
        device_uid=int_or_none(record, "did"),
        protocol=protocol,
        settings=found if isinstance(found, dict) else {},
    )


def parse_signal(record: JsonObject, uid: int) -> Signal:
    """Read one signal. Raises RecordError if it has no signal-identifier code."""
    check_uid(record, uid)
    code = optional_int(record, "si")
    if code is None:
        raise RecordError("'si' is missing")
    return Signal(
        uid=uid,
        code=code,
        sir=int_or_none(record, "sir"),
        enabled=enabled_of(record),
        load_uid=int_or_none(record, "lid"),
        device_uid=int_or_none(record, "did"),
    )


def parse_sample(record: JsonObject, uid: int) -> Sample:
    """Read one realtime value; fields that nothing depends on are None if they are not valid."""
    check_uid(record, uid)
    return Sample(
        uid=uid,
        code=int_or_none(record, "si"),
        value=number(record, "v"),
        timestamp=seconds(record.get("t")),
        s=int_or_none(record, "s"),
        r=int_or_none(record, "r"),
    )


def parse_history_row(record: JsonObject, uid: int) -> HistoryRow:
    """Read one row of history; `p` closes its period, `t` is the last sample in it."""
    check_uid(record, uid)
    timestamp, period_end = seconds(record.get("t")), seconds(record.get("p"))
    if timestamp is None and period_end is None:
        raise RecordError("neither 't' nor 'p' is a date")
    return HistoryRow(
        uid=uid,
        timestamp=timestamp if timestamp is not None else period_end or 0.0,
        period_end=period_end if period_end is not None else timestamp or 0.0,
        value=number(record, "v"),
        maximum=number_or_none(record, "max"),
        minimum=number_or_none(record, "min"),
        d=int_or_none(record, "d"),
    )


def parse_history(payload: object, uid: int | None = None) -> Rows:
    """Read history in either form: a map of arrays under `history`, or the bare array of one signal."""
    rows = Rows()
    if isinstance(payload, list):
        if uid is None:
            raise InvalidAnswerError("the answer is an array, and nothing says of which signal")
        _parse_rows(payload, uid, str(uid), rows)
        return rows
    for uid_text, series in entries_of(payload, "history").items():
        try:
            owner = uid_of_key(uid_text)
        except RecordError as err:
            rows.rejected[uid_text[:MAX_TEXT]] = str(err)
            continue
        if isinstance(series, list):
            _parse_rows(series, owner, uid_text, rows)
        else:
            rows.rejected[uid_text] = "not an array"
    return rows


def _parse_rows(series: list[object], uid: int, where: str, rows: Rows) -> None:
    """Read the rows of one signal."""
    for position, record in enumerate(series):
        try:
            rows.append(parse_history_row(as_record(record), uid))
        except RecordError as err:
            rows.rejected[f"{where}[{position}]"] = str(err)
