"""The gateway's JSON becomes records, and one bad record harms no other."""

import pytest

from custom_components.carlo_gavazzi_ems.api import (
    InvalidAnswerError,
    Protocol,
)
from custom_components.carlo_gavazzi_ems.api.fields import clean_text
from custom_components.carlo_gavazzi_ems.api.records import (
    parse_device,
    parse_history,
    parse_history_row,
    parse_load,
    parse_map,
    parse_sample,
    parse_signal,
    parse_version,
)


@pytest.mark.parametrize("payload", [{}, {"api_ver": "1.0"}, {"api_ver": True}, {"api_ver": None}, "1"])
def test_a_version_that_is_none(payload: object) -> None:
    """A machine that answers with JSON is no EMS yet."""
    with pytest.raises(InvalidAnswerError):
        parse_version(payload)


@pytest.mark.parametrize("version", [1, 1.0, "1", " 1 "])
def test_a_version_in_any_spelling(version: object) -> None:
    """A number in quotes is the number, here as everywhere."""
    assert parse_version({"api_ver": version}) == 1


@pytest.mark.parametrize("missing", [None, "", " ", float("nan"), float("inf")])
def test_r20_a_value_that_is_missing_is_none(missing: object) -> None:
    """Null, an empty text and not-a-number are no value, and no reason to drop the record."""
    assert parse_sample({"uid": 1, "si": 29, "v": missing, "t": 1}, 1).value is None


@pytest.mark.parametrize(("printed", "value"), [("230.4", 230.4), (230, 230), (-1.5, -1.5), (0, 0), ("-0.0", 0.0)])
def test_a_value_in_any_spelling(printed: object, value: float) -> None:
    """A true zero is a value; a number in quotes is the number."""
    assert parse_sample({"v": printed}, 1).value == value


BAD_RECORDS: list[object] = [
    None,
    [],
    "text",
    7,
    {"uid": 2, "v": 1},
    {"uid": "x", "v": 1},
    {"v": "high"},
    {"v": True},
    {"v": [1]},
]


@pytest.mark.parametrize("bad", BAD_RECORDS)
def test_r20_one_bad_record_leaves_249(bad: object) -> None:
    """One record of 250 is bad: 249 are read, and the bad one is named with a reason."""
    entries: dict[str, object] = {
        str(uid): {"uid": uid, "si": 29, "v": 230.4, "t": 1752493029975} for uid in range(249)
    }
    entries["9000"] = bad
    records = parse_map({"realtime": entries}, "realtime", parse_sample)
    assert len(records) == 249
    assert list(records.rejected) == ["9000"]
    assert records.rejected["9000"]


@pytest.mark.parametrize("time", [1e300, -5, 1752493029975000, "2026-11-30T12:00:00Z", True, [1], {}])
def test_r20_a_wrong_time_costs_itself_only(time: object) -> None:
    """The value counts; a row of history is known by the other of its two times."""
    sample = parse_sample({"uid": 1, "v": 230.4, "t": time}, 1)
    assert (sample.value, sample.timestamp) == (230.4, None)
    rows = parse_history({"history": {"1": [{"t": time, "p": 120, "v": 1}, {"t": 179, "p": time, "v": 2}]}})
    assert [(row.timestamp, row.period_end, row.value) for row in rows] == [(120, 120, 1), (179, 179, 2)]


@pytest.mark.parametrize("key", ["", "x", "-1", "1.0", "٣", "9" * 30])
def test_r20_a_key_that_is_no_uid(key: str) -> None:
    """A bad key is left out like a bad record, in lists and in history."""
    records = parse_map({"realtime": {key: {"v": 1}, "5": {"v": 1}}}, "realtime", parse_sample)
    assert (list(records), list(records.rejected)) == ([5], [key])
    rows = parse_history({"history": {key: [], "5": [{"p": 60, "v": 1}]}})
    assert ([row.uid for row in rows], list(rows.rejected)) == ([5], [key])


def test_a_load_knows_its_protocol() -> None:
    """The settings that are filled say how a load is connected; all empty say nothing."""
    empty: dict[str, object] = {protocol: {} for protocol in Protocol}
    load = parse_load({"label": "Main", **empty, "rtu": {"address": 4}}, 2)
    assert (load.protocol, load.settings) == (Protocol.RTU, {"address": 4})
    assert parse_load({"label": "Main", **empty}, 2).protocol is None
    assert parse_load({"label": "Main", "P1": {}}, 2).protocol is Protocol.P1
    assert parse_load({"label": "Main", "rtu": None}, 2).protocol is None


ON: list[object] = [None, True, 1, 1.0, "true", "True", "1", "on", "yes", "maybe", "", [], {}]
OFF: list[object] = [False, 0, 0.0, "false", "FALSE", " false ", "0", "off", "no"]


@pytest.mark.parametrize(("printed", "enabled"), [*((each, True) for each in ON), *((each, False) for each in OFF)])
def test_enable_in_any_spelling(printed: object, enabled: bool) -> None:  # noqa: FBT001 - a table of cases
    """What is not switched off is on."""
    assert parse_signal({"si": 29, "enable": printed}, 1).enabled is enabled


@pytest.mark.parametrize("record", [{"enable": True}, {"si": None}, {"si": "volts"}])
def test_r20_a_signal_that_is_none(record: dict[str, object]) -> None:
    """A signal without a code is left out."""
    assert parse_map({"signals": {"1": record}}, "signals", parse_signal).rejected.keys() == {"1"}


@pytest.mark.parametrize(
    ("printed", "label"), [(12, "12"), (1.5, "1.5"), (None, ""), (True, ""), ([1], ""), ({"en": "Main"}, "")]
)
def test_r20_a_label_of_another_type(printed: object, label: str) -> None:
    """A label never costs its record: a number is a name too, anything else is none."""
    assert parse_device({"label": printed, "partNumber": printed}, 1).label == label
    assert parse_load({"label": printed}, 1).label == label


@pytest.mark.parametrize("printed", ["n/a", [1, 2], {}, True, 1.5, 1e300])
def test_r20_a_field_that_decides_nothing_costs_no_record(printed: object) -> None:
    """Loads, signals and rows of history are read without it."""
    load = parse_load({"label": "Main", "index": printed, "type": printed, "did": printed}, 2)
    assert (load.label, load.index, load.type, load.device_uid) == ("Main", None, None, None)
    signal = parse_signal({"si": 29, "lid": 2, "sir": printed, "did": printed}, 1)
    assert (signal.load_uid, signal.sir, signal.device_uid) == (2, None, None)
    row = parse_history_row({"p": 60, "v": 1, "d": printed}, 1)
    assert (row.value, row.d) == (1, None)


@pytest.mark.parametrize("printed", ["n/a", [1, 2], {}, True])
def test_r20_an_extreme_that_is_none_costs_no_row(printed: object) -> None:
    """The value of a period stays, without its minimum and maximum."""
    row = parse_history_row({"p": 60, "v": 1, "min": printed, "max": printed}, 1)
    assert (row.value, row.minimum, row.maximum) == (1, None, None)


@pytest.mark.parametrize("code", [-1, 0, 65535, 2**31, 2**53 + 1, -(2**63) + 1])
def test_r20_a_code_is_any_whole_number(code: int) -> None:
    """The document does not say how large a code is."""
    assert parse_signal({"si": code}, 2**63 - 1).code == code


@pytest.mark.parametrize("key", ["index", "type", "did"])
def test_whole_numbers_in_any_spelling(key: str) -> None:
    """A whole number may be printed as a float, in quotes, or with spaces about it."""
    loads = [parse_load({"label": "Main", key: printed}, 2) for printed in (7, 7.0, "7", " 7 ")]
    assert loads[0] == loads[1] == loads[2] == loads[3]


def test_a_uid_with_spaces() -> None:
    """A UID that is printed with spaces about it is the same one."""
    record = {"uid": " 100", "si": " 29", "lid": " 83 ", "did": "82 "}
    assert parse_map({"signals": {" 100 ": record}}, "signals", parse_signal) == {
        100: parse_signal({"si": 29, "lid": 83, "did": 82}, 100)
    }


@pytest.mark.parametrize("load", [[], "x", 1.5, {}, None])
def test_r20_a_signal_of_no_load(load: object) -> None:
    """It hangs on its meter: a link that is none costs no signal."""
    signals = parse_map({"signals": {"1": {"si": 29, "lid": load, "did": 5}}}, "signals", parse_signal)
    assert (signals[1].load_uid, signals[1].device_uid) == (None, 5)


def test_r14_labels_lose_what_cannot_be_seen() -> None:
    """Control characters and overrides of the reading direction go; every script stays."""
    assert clean_text("  Wärme\u202epumpe\x00\n\t热泵 🔌 ") == "Wärmepumpe 热泵 🔌"
    assert len(clean_text("x" * 5000)) == 200


def test_r20_history_in_both_forms() -> None:
    """A bare array and a map are the same history; a bad row or series harms no other."""
    row = {"t": 1735689659, "p": 1735689660, "v": 10.5}
    assert parse_history([row], 3) == parse_history({"history": {"3": [row]}})
    rows = parse_history({"history": {"3": [row, 5, {"v": 1}], "4": "none"}})
    assert len(rows) == 1
    assert rows.rejected.keys() == {"3[1]", "3[2]", "4"}


def test_history_rows_with_one_stamp() -> None:
    """One of the two stamps is enough."""
    assert parse_history_row({"t": 59, "v": 1}, 1).period_end == 59
    assert parse_history_row({"p": 60, "v": 1}, 1).timestamp == 60


@pytest.mark.parametrize("empty", [None, [], {}])
def test_an_empty_list_in_any_spelling(empty: object) -> None:
    """No signals is an answer, however it is printed."""
    assert parse_map({"signals": empty}, "signals", parse_signal) == {}
    assert parse_history({"history": empty}) == []


@pytest.mark.parametrize("payload", [None, [], "text", {}, {"signals": 5}, {"signals": [1]}, {"error": "busy"}])
def test_r20_an_answer_of_another_kind(payload: object) -> None:
    """What is no list at all is an error, not an empty list."""
    with pytest.raises(InvalidAnswerError):
        parse_map(payload, "signals", parse_signal)


@pytest.mark.parametrize("payload", [None, "text", {}, {"history": 5}, {"history": [1]}, [1]])
def test_a_history_of_another_kind(payload: object) -> None:
    """The same for history; a bare array needs somebody who knows whose it is."""
    with pytest.raises(InvalidAnswerError):
        parse_history(payload)
