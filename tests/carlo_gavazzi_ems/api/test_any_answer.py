"""Any JSON is read or refused."""

from collections.abc import Callable
import contextlib
from datetime import UTC
import json
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    EmsError,
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

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["uid", "si", "v", "t", "p", "min", "max", "label", "enable", "lid", "did", "history", "1", "x"]
            )
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


WHOLE_ANSWERS: dict[str, Callable[[object], object]] = {
    "ver": parse_version,
    "text": lambda payload: parse_text(payload, "label"),
    "date": parse_date,
    "devices": lambda payload: parse_map(payload, "history", parse_device),
    "loads": lambda payload: parse_map(payload, "history", parse_load),
    "signals": lambda payload: parse_map(payload, "history", parse_signal),
    "realtime": lambda payload: parse_map(payload, "history", parse_sample),
    "last_history": lambda payload: parse_map(payload, "history", parse_history_row),
    "history": parse_history,
    "signal_history": lambda payload: parse_history(payload, 3),
}


@pytest.mark.parametrize("name", WHOLE_ANSWERS)
@given(payload=ANYTHING | st.dictionaries(st.just("history"), ANYTHING | st.dictionaries(st.just("1"), ANYTHING)))
def test_r20_no_answer_raises_anything_unforeseen(name: str, payload: object) -> None:
    """Whatever JSON comes, it is read or refused with an error of this client."""
    with contextlib.suppress(EmsError):
        WHOLE_ANSWERS[name](payload)


@given(record=st.dictionaries(st.sampled_from(["uid", "si", "v", "t", "s", "r"]), ANYTHING))
def test_r20_what_is_read_is_finite(record: dict[str, object]) -> None:
    """A value is a finite number or none, and a time is a date or none."""
    for sample in parse_map({"realtime": {"1": record}}, "realtime", parse_sample).values():
        assert sample.value is None or math.isfinite(sample.value)
        assert sample.time is None or sample.time.tzinfo is UTC


@given(payload=st.lists(ANYTHING, max_size=3))
def test_json_that_python_prints_is_read_back(payload: object) -> None:
    """NaN and infinities, as C and Python print them, read as null; everything else as it was."""

    def nulled(value: object) -> object:
        match value:
            case float() if not math.isfinite(value):
                return None
            case list():
                return [nulled(item) for item in value]
            case dict():
                return {key: nulled(item) for key, item in value.items()}
        return value

    body = json.dumps(payload, ensure_ascii=False).encode(errors="replace")
    expected = json.loads(
        json.dumps(nulled(payload), ensure_ascii=False).encode(errors="replace"), parse_int=_as_orjson
    )
    assert parse_json(body) == expected


def _as_orjson(text: str) -> float:
    """Return a whole number as orjson reads it: beyond 64 bits it is a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)
