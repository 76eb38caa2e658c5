"""What an answer repeats is not read anew, and what is read is what a fresh reader would read."""

from collections.abc import Mapping
import json

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError, Records, Sample, SampleMemory
from custom_components.carlo_gavazzi_ems.api.records import parse_map, parse_sample

T = 1_735_689_600_000


def body(records: Mapping[str, object]) -> bytes:
    """Return records as an answer."""
    return json.dumps({"realtime": records}).encode()


def record(uid: int, value: object, stamp: object = T, **more: object) -> dict[str, object]:
    """Return one record."""
    return {"uid": uid, "si": 29, "v": value, "t": stamp, "s": 1, "r": 0, **more}


def test_the_same_bytes_are_the_same_object() -> None:
    """A body that repeats the last one brings nothing, not even a time."""
    memory = SampleMemory()
    first = memory.read(body({"1": record(1, 230.4)}), 0)
    assert memory.take_renewed() == {1}
    assert memory.read(body({"1": record(1, 230.4)}), 0) is first
    assert memory.take_renewed() is None


def test_a_new_time_moves_the_sample_on() -> None:
    """Where only times are new, samples and page stay the same objects."""
    memory = SampleMemory()
    first = memory.read(body({"1": record(1, 230.4), "2": record(2, 0)}), 0)
    memory.take_renewed()
    kept = dict(first)
    second = memory.read(body({"1": record(1, 230.4, T + 1000), "2": record(2, 0, None)}), 0)
    assert second is first
    assert all(second[uid] is kept[uid] for uid in (1, 2))
    assert (second[1].timestamp, second[2].timestamp) == (T / 1000 + 1, None)
    assert memory.take_renewed() == set()


def test_a_new_value_is_a_new_sample() -> None:
    """What was handed out before keeps its values."""
    memory = SampleMemory()
    first = memory.read(body({"1": record(1, 230.4), "2": record(2, 5)}), 0)
    memory.take_renewed()
    second = memory.read(body({"1": record(1, 231.0), "2": record(2, 5)}), 0)
    assert (first[1].value, second[1].value) == (230.4, 231.0)
    assert second[2] is first[2]
    assert memory.take_renewed() == {1}


def test_what_is_renewed_is_not_forgotten_over_a_failed_poll() -> None:
    """Two answers are read before anybody asks what is new."""
    memory = SampleMemory()
    memory.read(body({"1": record(1, 1.0), "2": record(2, 1.0)}), 0)
    memory.take_renewed()
    memory.read(body({"1": record(1, 2.0), "2": record(2, 1.0)}), 0)
    memory.read(body({"1": record(1, 2.0, T + 1), "2": record(2, 1.0, T + 1)}), 0)
    assert memory.take_renewed() == {1}


def test_r20_a_record_that_turns_bad_is_left_out_and_heals() -> None:
    """It is named while it is bad, its neighbour lives, and it is new when it is back."""
    memory = SampleMemory()
    memory.read(body({"1": record(1, 1.0), "2": record(2, 1.0)}), 0)
    for spoiled in (record(1, []), record(1, 1.0, "yesterday"), record(7, 1.0), "nothing"):
        bad = memory.read(body({"1": spoiled, "2": record(2, 1.0)}), 0)
        assert (list(bad), list(bad.rejected)) == ([2], ["1"])
        memory.take_renewed()
        healed = memory.read(body({"1": record(1, 1.0), "2": record(2, 1.0)}), 0)
        assert (set(healed), healed.rejected) == ({1, 2}, {})
        assert memory.take_renewed() == {1}


def test_an_answer_that_is_none_is_refused_every_time() -> None:
    """A refusal leaves what was known before."""
    memory = SampleMemory()
    first = memory.read(body({"1": record(1, 1.0)}), 0)
    for _ in range(2):
        with pytest.raises(InvalidAnswerError):
            memory.read(b"<html>", 0)
        with pytest.raises(InvalidAnswerError):
            memory.read(b"{}", 0)
    assert memory.read(body({"1": record(1, 1.0)}), 0) is first


VALUES = st.one_of(st.none(), st.integers(-5, 5), st.floats(-2, 2), st.sampled_from(["", "1.5", "x", []]))
RECORDS = st.dictionaries(
    st.sampled_from(["1", "2", "3", "x"]),
    st.builds(
        lambda value, stamp, more: record(1, value, stamp) | {"uid": None} | more,
        VALUES,
        st.sampled_from([T, T + 1000, None, "later", -1]),
        st.sampled_from([{}, {"si": 30}, {"r": "x"}, {"extra": 1}]),
    ),
)


@given(st.lists(st.tuples(RECORDS, st.integers(0, 1)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_memory_reads_what_a_fresh_reader_reads(answers: list[tuple[dict[str, object], int]]) -> None:
    """Whatever came before, on whichever page."""
    memory = SampleMemory()
    for records, page in answers:
        read = memory.read(body(records), page)
        fresh: Records[Sample] = parse_map(json.loads(body(records)), "realtime", parse_sample)
        assert dict(read) == dict(fresh)
        assert read.rejected.keys() == fresh.rejected.keys()
