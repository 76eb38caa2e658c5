"""Realtime values: the same page is not parsed twice, and values are as printed."""

from collections.abc import Mapping
import json

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError, Sample, SampleMemory, Samples
from custom_components.carlo_gavazzi_ems.api.jsontext import parse_json
from custom_components.carlo_gavazzi_ems.api.records import parse_map, parse_sample

T = 1_735_689_600_000


def body(records: Mapping[str, object]) -> bytes:
    """Return records as an answer."""
    return json.dumps({"realtime": records}).encode()


def record(number: int, value: object, stamp: object = T, **more: object) -> dict[str, object]:
    """Return one record."""
    return {"uid": number, "si": 29, "v": value, "t": stamp, "s": 1, "r": 0, **more}


def test_the_same_bytes_are_the_same_object() -> None:
    """A page is read again only where its body is another; each page for itself."""
    memory = SampleMemory()
    first, other = memory.read("/1", body({"1": record(1, 230.4)})), memory.read("/2", body({"2": record(2, 5)}))
    assert memory.read("/1", body({"1": record(1, 230.4)})) is first
    assert memory.read("/2", body({"2": record(2, 5)})) is other
    new = memory.read("/1", body({"1": record(1, 230.4, T + 1000)}))
    assert (first[1].timestamp, new[1].timestamp) == (T / 1000, T / 1000 + 1)


def test_an_answer_that_is_none_is_refused_every_time() -> None:
    """A refusal leaves what was known before."""
    memory = SampleMemory()
    first = memory.read("/1", body({"1": record(1, 1.0)}))
    for _ in range(2):
        with pytest.raises(InvalidAnswerError):
            memory.read("/1", b"<html>")
        with pytest.raises(InvalidAnswerError):
            memory.read("/1", b"{}")
    assert memory.read("/1", body({"1": record(1, 1.0)})) is first


def test_pages_are_put_together() -> None:
    """Values, times and what was left out of each; the pages stay what they are."""
    first, second = Samples(body({"1": record(1, 1.0), "2": record(2, 2)})), Samples(body({"3": "bad", "4": {"v": 4}}))
    both = first.copy()
    both.add(second)
    assert dict(both) == {
        1: Sample(1, 29, 1.0, T / 1000, 1, 0),
        2: Sample(2, 29, 2, T / 1000, 1, 0),
        4: Sample(4, None, 4, None),
    }
    assert both.rejected.keys() == {"3"}
    assert (list(first), first.rejected, list(second)) == ([1, 2], {}, [4])
    assert both.has(frozenset({1, 4}))
    assert both.has(frozenset({1, 4}))
    assert not both.has(frozenset({1, 3}))


def test_an_answer_repeats_another_where_values_times_and_bad_records_are_the_same() -> None:
    """However it is printed."""
    one = Samples(body({"1": record(1, 1.0)}))
    assert one.repeats(Samples(body({"1": record(1, 1)})))
    for other in (record(1, 2.0), record(1, 1.0, T + 1), record(1, None), "bad"):
        assert not one.repeats(Samples(body({"1": other})))
    assert not one.repeats(Samples(body({"1": record(1, 1.0), "2": []})))


def test_r20_fields_that_decide_nothing_never_cost_a_record() -> None:
    """The meaning of `s` and `r` is not known, and the code stands in the list of signals."""
    samples = Samples(body({"1": record(1, 1.0) | {"si": "x", "s": [], "r": 2**70}}))
    assert (samples.rejected, dict(samples)) == ({}, {1: Sample(1, None, 1.0, T / 1000)})


VALUES = st.one_of(st.none(), st.integers(-5, 5), st.floats(-2, 2), st.sampled_from(["", "1.5", "x", [], True]))
RECORDS: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["1", "2", "3", "02", "x", "-1"]),
    st.builds(
        lambda value, stamp, uid, more: record(1, value, stamp) | {"uid": uid} | more,
        VALUES,
        st.sampled_from([T, T + 1000, None, "later", -1, {}]),
        st.sampled_from([None, 1, 2, "1", -1, 1.0]),
        st.sampled_from([{}, {"si": 30}, {"r": "x"}, {"extra": 1}]),
    )
    | st.sampled_from([None, [], "text", {}]),
)
COMPLETE = st.dictionaries(st.integers(0, 2**63 - 1), st.tuples(st.none() | st.floats(-2, 2), st.sampled_from([T, 60])))


@given(RECORDS | COMPLETE.map(lambda found: {str(uid): record(uid, *rest) for uid, rest in found.items()}))
@settings(max_examples=300, deadline=None)
def test_complete_records_are_what_the_full_checks_read(records: dict[str, object]) -> None:
    """Whether all records of a page are complete or not."""
    samples = Samples(body(records))
    each = parse_map(parse_json(body(records)), "realtime", parse_sample)
    assert dict(samples) == dict(each)
    assert samples.numbers == {uid: sample.value for uid, sample in each.items()}
    assert samples.times == {uid: sample.timestamp for uid, sample in each.items()}
    assert samples.rejected == each.rejected


@pytest.mark.parametrize(
    "entries",
    [
        {"1": record(1, 1, uid=True)},
        {"True": record(1, 1, uid=True)},
        {"1.0": record(1, 1, uid=1.0)},
        {"1": record(1, 1, v=True)},
        {"-1": record(-1, 1)},
        {str(2**63): record(2**63, 1)},
    ],
)
def test_r20_what_only_looks_complete(entries: dict[str, object]) -> None:
    """True is no number, and not every whole number is a UID."""
    samples = Samples(body(entries))
    assert (len(samples), len(samples.rejected)) == (0, 1)
