"""JSON as small gateways print it."""

import contextlib
import time
import tracemalloc

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError
from custom_components.carlo_gavazzi_ems.api.exceptions import OversizedAnswerError
from custom_components.carlo_gavazzi_ems.api.jsonrepair import repair
from custom_components.carlo_gavazzi_ems.api.jsontext import MAX_OBJECTS, MAX_VALUES, as_utf8, parse_json


@pytest.mark.parametrize("printed", ["NaN", "nan", "-nan", "nan(0x8000)", "Infinity", "-inf", "+Inf", "INFINITY"])
def test_r20_a_bare_not_a_number_is_a_missing_value(printed: str) -> None:
    """NaN and infinity, as printf prints them, are one missing value."""
    body = f'{{"v": {printed}, "list": [1,{printed}], "label": "{printed} \\" nan, inf", "t": 5}}'.encode()
    assert parse_json(body) == {"v": None, "list": [1, None], "label": f'{printed} " nan, inf', "t": 5}


@pytest.mark.parametrize("printed", ["1e999", "-1.5E+999", "9" * 400, f"-{'9' * 400}.5", "1e400"])
def test_r20_a_number_that_no_float_holds_is_a_missing_value(printed: str) -> None:
    """It is valid JSON and one missing value; the others keep every digit."""
    body = f'{{"v": {printed}, "list": [1.25e300,{printed},12345.678901], "label": "{printed}", "t": 1781716182618}}'
    assert parse_json(body.encode()) == {
        "v": None,
        "list": [1.25e300, None, 12345.678901],
        "label": printed,
        "t": 1781716182618,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please wait</body></html>",
        b'{"v": 1',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"nan",
        b'{"v": "1" 2}',
        b'{"v": "1" "2"}',
        b'{"v" 1}',
        b"{v: 1}",
        b'{"v": 1]',
        b'{"v": 1}}',
    ],
)
def test_r14_what_is_no_json_is_a_clear_error(body: bytes) -> None:
    """HTML, an incomplete body and very deep nesting are refused quickly, without a traceback."""
    with pytest.raises(InvalidAnswerError):
        parse_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 2_000_000,
        b'"\\' * 2_000_000,
        b"nan(" * 4_000_000,
        b"nan " * 1_000_000,
        b"<a>" * 5_000_000,
        b'"a"' * 5_000_000,
        b"[" * 90_000,
        b"1" * 16_000_000,
        b" " * 16_000_000,
        b"-" * 16_000_000,
    ],
    ids=["quotes", "open strings", "nan(", "nan", "HTML", "strings", "deep", "digits", "blanks", "signs"],
)
def test_r14_a_hostile_body_is_refused_quickly(body: bytes) -> None:
    """Nothing in a body makes reading it take more than in proportion to its size."""
    started = time.process_time()
    with pytest.raises(InvalidAnswerError):
        parse_json(body)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "body",
    [
        b'{"signals":{' + b",".join(b'"%d":{}' % uid for uid in range(MAX_OBJECTS + 1)) + b"}}",
        b"[" + b"[]," * MAX_OBJECTS + b"[]]",
        b"[" + b"1," * (MAX_VALUES + 1) + b"1]",
    ],
    ids=["objects", "lists", "values"],
)
def test_r14_a_body_that_would_swell_is_not_read(body: bytes) -> None:
    """A few bytes of JSON become a hundred of Python: what holds too many values is refused before."""
    tracemalloc.start()
    try:
        with pytest.raises(OversizedAnswerError):
            parse_json(body)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_r20_bytes_that_are_no_utf8_cost_one_character() -> None:
    """A label in another encoding, or a byte order mark, does not cost the whole answer."""
    assert parse_json(b'\xef\xbb\xbf{"label": "K\xfcche"}') == {"label": "K\ufffdche"}


@given(body=st.binary(max_size=200))
def test_r20_any_bytes_are_json_or_refused(body: bytes) -> None:
    """No body raises anything but the client's own error."""
    with contextlib.suppress(InvalidAnswerError):
        parse_json(body)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        *(
            (text, None)
            for text in ("-", "", "1.#QNAN", "-1.#IND", "0x7FFFFFFF", "nano", "nan.5", "--", ".", "1e", "1.2.3")
        ),
        *(
            (text, None)
            for text in (
                "1e999.5",
                "1e9999z",
                "9" * 400 + "x",
                "Null",
                "None",
                "undefined",
                "1 2",
                "- 5",
                "not a number",
                "<none>",
            )
        ),
        (".5", 0.5),
        ("-.5", -0.5),
        ("5.", 5),
        ("+5", 5),
        ("+.5e3", 500.0),
        ("000.0", 0.0),
        ("007", 7),
        ("-00.50", -0.5),
        ("230,4", 230.4),
        ("-0,5", -0.5),
        ("1,5e3", 1500.0),
        ("True", True),
        ("FALSE", False),
        ("230.4\0", 230.4),
    ],
)
def test_r20_a_value_that_is_no_json_costs_itself_only(printed: str, value: float | None) -> None:
    """Other values are kept; numbers in C's notation are read."""
    last = f'{{"a": {{"uid": 1, "v": {printed}}}, "b": {{"v": 2}}}}'
    middle = f'{{"a": {{"v": {printed}, "uid": 1}}, "b": {{"v": 2}}}}'
    expected = {"a": {"uid": 1, "v": value}, "b": {"v": 2}}
    assert [parse_json(last.encode()), parse_json(middle.encode())] == [expected, expected]


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}),
        ("[1,,2]", [1, None, 2]),
        ("[,1]", [None, 1]),
        ("[230,4, nan]", [230, 4, None]),
        ('{"a": 1}\0\0', {"a": 1}),
        ('\0{"a": 1}', {"a": 1}),
        ('{"a": 1, 5: 2}', None),
    ],
)
def test_r20_commas_and_nul_in_the_wrong_place(printed: str, value: object) -> None:
    """One comma or NUL too many, or a value that was forgotten, costs nothing else; what stays ambiguous is refused."""
    if value is None:
        with pytest.raises(InvalidAnswerError):
            parse_json(printed.encode())
    else:
        assert parse_json(printed.encode()) == value


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("raw\ttab\nline\0", "raw\ttab\nline\0"),
        ("half \\ud83d", "half \ufffd"),
        ("half \\ude00 other", "half \ufffd other"),
        ("two \\ud83d\\ud83d\\ude00", "two \ufffd\U0001f600"),
        ("C:\\path \\u12 \\'", "C:\\path \\u12 \\'"),
        ('good \\u00fc \\\\ \\/ \\n \\" nan,}', 'good ü \\ / \n " nan,}'),
    ],
)
def test_r20_a_damaged_text_costs_a_character(printed: str, text: str) -> None:
    """Raw control characters, half an emoji and escapes that JSON does not know."""
    assert parse_json(f'{{"label": "{printed}", "v": -}}'.encode()) == {"label": text, "v": None}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict | list))


@given(value=JSON, indent=st.booleans())
def test_r20_good_json_is_not_changed_by_the_repair(value: object, indent: bool) -> None:  # noqa: FBT001 - drawn
    """What is JSON reads the same with and without it."""
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None)
    assert orjson.loads(repair(body.decode())) == orjson.loads(body)


@given(
    records=st.dictionaries(
        st.integers(0, 99).map(str),
        st.fixed_dictionaries({"v": st.integers() | st.text(), "t": st.floats(0, 1e12)}),
        min_size=2,
    ),
    damage=st.text(st.characters(exclude_characters='"{}[]:,\\', exclude_categories=["Cs"])),
    data=st.data(),
)
def test_r20_the_neighbours_of_a_damaged_value_survive(
    records: dict[str, dict[str, object]], damage: str, data: st.DataObject
) -> None:
    """Whatever is printed for one value that is no string: all other records are read as they are."""
    bad = data.draw(st.sampled_from(sorted(records)))
    pieces = [
        f'"{key}":{{"v":{damage if key == bad else orjson.dumps(record["v"] if isinstance(record["v"], str) else 7).decode()},"t":1}}'
        for key, record in records.items()
    ]
    body = ("{" + ",".join(pieces) + "}").encode()
    found = parse_json(body)
    assert isinstance(found, dict)
    assert found.keys() == records.keys()
    for key, record in records.items():
        assert found[key]["t"] == 1
        if key != bad:
            assert found[key]["v"] == (record["v"] if isinstance(record["v"], str) else 7)


@pytest.mark.parametrize("charset", ["iso-8859-1", "ISO-8859-15", "latin1", "windows-1252"])
def test_r20_a_label_in_the_charset_that_is_declared(charset: str) -> None:
    """It comes out right; where the body is UTF-8 after all, that counts."""
    body = '{"label": "Küche"}'
    assert parse_json(as_utf8(body.encode(charset), charset)) == {"label": "Küche"}
    assert parse_json(as_utf8(body.encode(), charset)) == {"label": "Küche"}


@pytest.mark.parametrize("charset", [None, "utf-8", "martian", "punycode", "zlib", "\0"])
def test_r20_a_charset_that_does_not_help(charset: str | None) -> None:
    """A wrong, unknown or strange one costs one character, as if there were none."""
    body = '{"label": "Küche"}'.encode("latin-1")
    assert parse_json(as_utf8(body, charset)) == {"label": "K\ufffdche"}
