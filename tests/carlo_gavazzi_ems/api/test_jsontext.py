"""JSON as small gateways print it."""

import contextlib

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError
from custom_components.carlo_gavazzi_ems.api.jsontext import parse_json


@pytest.mark.parametrize("printed", ["NaN", "nan", "-nan", "nan(0x8000)", "Infinity", "-inf", "+Inf", "INFINITY"])
def test_r20_a_bare_not_a_number_is_a_missing_value(printed: str) -> None:
    """What printf makes of a number that is none harms only that one value."""
    body = f'{{"v": {printed}, "list": [1,{printed}], "label": "{printed} \\" nan, inf", "t": 5}}'.encode()
    assert parse_json(body) == {"v": None, "list": [1, None], "label": f'{printed} " nan, inf', "t": 5}


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
        b'{"v": 1e999}',
    ],
)
def test_r14_what_is_no_json_is_a_clear_error(body: bytes) -> None:
    """HTML, half a body and a nest without end are refused, quickly and without a traceback."""
    with pytest.raises(InvalidAnswerError):
        parse_json(body)


def test_r20_bytes_that_are_no_utf8_cost_one_character() -> None:
    """A label in another encoding, or a byte order mark, does not cost the whole answer."""
    assert parse_json(b'\xef\xbb\xbf{"label": "K\xfcche"}') == {"label": "K\ufffdche"}


@given(body=st.binary(max_size=200))
def test_r20_any_bytes_are_json_or_refused(body: bytes) -> None:
    """No body raises anything but the client's own error."""
    with contextlib.suppress(InvalidAnswerError):
        parse_json(body)
