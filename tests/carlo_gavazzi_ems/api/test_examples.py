"""The examples of the API document can be parsed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    HistoryRow,
    Load,
    Sample,
    Signal,
)
from custom_components.carlo_gavazzi_ems.api.jsontext import parse_json
from custom_components.carlo_gavazzi_ems.api.records import (
    parse_date,
    parse_device,
    parse_history,
    parse_history_row,
    parse_load,
    parse_map,
    parse_sample,
    parse_signal,
    parse_text,
    parse_version,
)

FIXTURES = Path(__file__).parent / "fixtures"


def example(name: str) -> object:
    """Return a JSON example as the API document prints it."""
    return parse_json((FIXTURES / f"{name}.json").read_bytes())


PARSERS: dict[str, Callable[[object], object]] = {
    "ver": parse_version,
    "serial_number": lambda payload: parse_text(payload, "sn"),
    "mac": lambda payload: parse_text(payload, "mac"),
    "firmware": lambda payload: parse_text(payload, "fw"),
    "part_number": lambda payload: parse_text(payload, "pn"),
    "login": lambda payload: parse_text(payload, "token"),
    "date": parse_date,
    "device": lambda payload: parse_map({"devices": {"1": payload}}, "devices", parse_device)[1],
    "load": lambda payload: parse_map({"loads": {"2": payload}}, "loads", parse_load)[2],
    "signal": lambda payload: parse_map({"signals": {"100": payload}}, "signals", parse_signal)[100],
    "realtime": lambda payload: parse_map({"realtime": {"100": payload}}, "realtime", parse_sample)[100],
    "history": lambda payload: parse_history(payload, 3)[0],
    "last_history": lambda payload: parse_map({"history": {"3": payload}}, "history", parse_history_row)[3],
    "devices": lambda payload: parse_map(payload, "devices", parse_device),
    "loads": lambda payload: parse_map(payload, "loads", parse_load),
    "signals": lambda payload: parse_map(payload, "signals", parse_signal),
    "realtime_map": lambda payload: parse_map(payload, "realtime", parse_sample),
    "history_map": parse_history,
    "last_history_map": lambda payload: parse_map(payload, "history", parse_history_row),
}


def test_every_printed_example_has_a_parser() -> None:
    """No example is left aside; the request of the login is sent, not read."""
    assert {path.stem for path in FIXTURES.glob("*.json")} - {"login_request"} == set(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_every_printed_example_parses(name: str) -> None:
    """What the API document prints is understood."""
    assert PARSERS[name](example(name)) is not None


def test_printed_values_come_out_as_printed() -> None:
    """The values of the printed examples are the values of the records."""
    assert PARSERS["realtime"](example("realtime")) == Sample(
        uid=100, code=29, value=230.4, timestamp=1752493029.975, s=1, r=0
    )
    assert PARSERS["history"](example("history")) == HistoryRow(
        uid=3, timestamp=1735689659, period_end=1735689660, value=10.5, maximum=100, minimum=0, d=0
    )
    assert PARSERS["signal"](example("signal")) == Signal(uid=100, code=29, sir=29, load_uid=83, device_uid=82)
    assert PARSERS["load"](example("load")) == Load(uid=2, label="Main", index=1, type=0, device_uid=1)
    date = parse_date(example("date"))
    assert (date.local, date.utc) == (datetime(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC))  # noqa: DTZ001 - local time
