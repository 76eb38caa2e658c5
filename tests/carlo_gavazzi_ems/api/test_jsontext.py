"""JSON as small gateways print it."""

import contextlib
import time
import tracemalloc

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError
from custom_components.carlo_gavazzi_ems.api.exceptions import OversizedAnswerError
from custom_components.carlo_gavazzi_ems.api.jsontext import parse_json


@pytest.mark.parametrize("printed", ["NaN", "nan", "-nan", "nan(0x8000)", "Infinity", "-inf", "+Inf", "INFINITY"])
def test_r20_a_bare_not_a_number_is_a_missing_value(printed: str) -> None:
    """What printf makes of a number that is none harms only that one value."""
    body = f'{{"v": {printed}, "list": [1,{printed}], "label": "{printed} \\" nan, inf", "t": 5}}'.encode()
    assert parse_json(body) == {"v": None, "list": [1, None], "label": f'{printed} " nan, inf', "t": 5}


@pytest.mark.parametrize("printed", ["1e999", "-1.5E+999", "9" * 400, f"-{'9' * 400}.5", "1e400"])
def test_r20_a_number_that_no_float_holds_is_a_missing_value(printed: str) -> None:
    """It is JSON all the same, and harms only that one value; the others keep every digit."""
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
        b'{"v": nano}',
        b'{"v": infinite}',
        b'{"v": nan.5}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"v": 1e999.5}',
        b'{"v": 1e9999z}',
        b'{"v": ' + b"9" * 400 + b"x}",
    ],
)
def test_r14_what_is_no_json_is_a_clear_error(body: bytes) -> None:
    """HTML, half a body and a nest without end are refused, quickly and without a traceback."""
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
        b"[" * 190_000,
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
        b'{"signals":{' + b",".join(b'"%d":{}' % uid for uid in range(200_001)) + b"}}",
        b"[" + b"[]," * 200_000 + b"[]]",
        b"[" + b"1," * 2_000_001 + b"1]",
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
