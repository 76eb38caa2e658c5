"""The form of a text: what it reads is what a parser reads, and at any doubt it reads nothing."""

from collections.abc import Callable, Mapping
import json
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import InvalidAnswerError, SampleMemory, Samples
from custom_components.carlo_gavazzi_ems.api.jsontext import parse_json
from custom_components.carlo_gavazzi_ems.api.layout import Filled, Layout
from custom_components.carlo_gavazzi_ems.api.records import parse_map, parse_sample

T: Final = 1_735_689_600_000
type Print = Callable[[object], bytes]

PRINTS: Final[Mapping[str, Print]] = {
    "tight": lambda answer: json.dumps(answer, separators=(",", ":")).encode(),
    "spaced": lambda answer: json.dumps(answer).encode(),
    "indented": lambda answer: json.dumps(answer, indent=2).encode(),
}


def record(uid: int, value: object, stamp: object = T, **more: object) -> dict[str, object]:
    """Return one record."""
    return {"uid": uid, "si": 29, "v": value, "t": stamp, "s": 1, "r": 0, **more}


def answer(*records: Mapping[str, object]) -> dict[str, object]:
    """Return records as an answer."""
    return {"realtime": {str(one["uid"]): one for one in records}}


def tight(*records: Mapping[str, object]) -> bytes:
    """Return records as an answer is printed."""
    return PRINTS["tight"](answer(*records))


def layout_of(body: bytes, records: int) -> Layout:
    """Return the form of a text that has one."""
    layout = Layout.of(body, records)
    assert layout is not None
    return layout


def read(layout: Layout, body: bytes) -> Filled:
    """Return what is in the blanks of a text that has this form."""
    filled = layout.read(body)
    assert filled is not None
    return filled


@pytest.mark.parametrize("name", PRINTS)
@pytest.mark.parametrize("order", [("uid", "si", "v", "t", "s", "r"), ("t", "uid", "v", "si"), ("v", "t", "uid", "si")])
def test_times_and_values_are_read_however_they_are_printed(name: str, order: tuple[str, ...]) -> None:
    """With and without blanks, in any order of the fields, with a time or a value that is null."""

    def text(*records: dict[str, object]) -> bytes:
        return PRINTS[name](answer(*({key: one[key] for key in order} for one in records)))

    layout = layout_of(text(record(1, 230.4), record(2, None), record(3, -5, None)), 3)
    filled = read(layout, text(record(1, 230.4, T + 1000), record(2, 7.25, T + 2000), record(3, 0, None)))
    assert filled.times.column == [T / 1000 + 1, T / 1000 + 2, None]
    assert filled.times.distinct == {T / 1000 + 1, T / 1000 + 2, None}
    assert filled.values == {1: 7.25, 2: 0}
    # Against the latest text, not the first one.
    assert read(layout, text(record(1, None, T), record(2, 7.25), record(3, 0, None))).values == {0: None}


def test_with_nothing_but_new_times_it_goes_on() -> None:
    """The quickest way, which begins with the second such text, and ends with the first value that is another."""
    layout = layout_of(tight(record(1, 1.5), record(2, 2.5)), 2)
    for passed in range(1, 5):
        filled = read(layout, tight(record(1, 1.5, T + passed), record(2, 2.5, T + 2 * passed)))
        assert (filled.times.column, filled.values) == ([(T + passed) / 1000, (T + 2 * passed) / 1000], {})
    assert read(layout, tight(record(1, 1.5), record(2, 2.25))).values == {1: 2.25}
    assert read(layout, tight(record(1, 1.5), record(2, 2.5))).values == {1: 2.5}
    assert layout.read(tight(record(1, 1.5), record(2, 2.5)).replace(b"1735689600000", b"173568960000x")) is None


def test_records_of_one_time_may_part_and_meet_again() -> None:
    """A load has one time, until one of its values is sampled later; that is read as well, and so is what comes then."""
    layout = layout_of(tight(*(record(uid, 1.5) for uid in range(1, 6))), 5)
    for passed in (
        (0, 0, 0, 0, 0),
        (1, 1, 2, 1, 1),
        (3, 3, 3, 3, 3),
        (3, 3, 3, 3, 3),
        (4, 5, 6, 5, 4),
        (7, 7, 7, 7, 8),
    ):
        body = tight(*(record(uid, 1.5, T + more * 1000) for uid, more in enumerate(passed, 1)))
        filled = read(layout, body)
        assert (filled.times.column, filled.values) == ([T / 1000 + more for more in passed], {})
        assert filled.times.distinct == {T / 1000 + more for more in passed}
    assert read(layout, tight(*(record(uid, uid / 2, T + uid) for uid in range(1, 6)))).values == {
        0: 0.5, 1: 1.0, 3: 2.0, 4: 2.5
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"realtime":{}}', id="empty"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(tight(record(1, 1.5, float(T))), id="a time with decimals"),
        pytest.param(tight(record(1, 1.5, str(T))), id="a time in quotes"),
        pytest.param(tight(record(1, "1.5")), id="a value in quotes"),
        pytest.param(tight({"uid": 1, "v": 1.5}, record(2, 1.5)), id="a record without a time"),
        pytest.param(tight({"uid": 1, "t": T}, record(2, 1.5)), id="a record without a value"),
        pytest.param(tight(record(1, 1.5, v2={"t": 5})), id="a nested time"),
        pytest.param(tight({"uid": 1, "v": 1.5, 'x"t': 7, "x": {}}, record(2, 1.5)), id="a key that ends like one"),
        pytest.param(b'{"t":1,' + tight(record(1, 1.5))[1:], id="a time beside the records"),
        pytest.param(
            tight(record(1, 1.5, T), record(2, 1.5, 7))
            .replace(b'"t":1', b'"t":9,"t":1')
            .replace(b'"t":7', b'"\\u0074":7'),
            id="as many times as records, but not theirs",
        ),
        pytest.param(tight(record(1, 1.5)).replace(b'"t":', b'"t":1,"t":'), id="a time given twice"),
        pytest.param(tight(record(1, 1.5), record(2, 1.5)).replace(b'"2":', b'"1":'), id="a record given twice"),
    ],
)
def test_what_is_irregular_has_no_form(body: bytes) -> None:
    """Nothing is concluded from how a text looks."""
    assert Layout.of(body, body.count(b'"uid"')) is None


OTHERWISE: Final = {
    "another UID": (b'"uid":2', b'"uid":3'),
    "another key": (b'"2":', b'"3":'),
    "another code": (b'"si":29,"v":2', b'"si":30,"v":2'),
    "another status": (b'"s":1', b'"s":2'),
    "a value in quotes": (b'"v":2.5', b'"v":"2.5"'),
    "a value that is a list": (b'"v":2.5', b'"v":[2.5]'),
    "a value that is true": (b'"v":2.5', b'"v":true'),
    "no value": (b'"v":2.5', b'"v":'),
    "two values": (b'"v":2.5', b'"v":2.5,3'),
    "a value that C prints": (b'"v":2.5', b'"v":nan'),
    "a value and more": (b'"v":2.5', b'"v":2.5,"x":1'),
    "a value that ends the record": (b'"v":2.5', b'"v":2.5},"9":{"uid":9,"v":1'),
    "a value in two halves": (b'"v":1.5,"t":', b'"v":1,"t":'),
    "a value too large for any": (b'"v":2.5', b'"v":1e999'),
    "a time with a zero in front": (b'"t":17', b'"t":07'),
    "a time with fewer digits": (b'"t":17', b'"t":1'),
    "a time with more digits": (b'"t":17', b'"t":171'),
    "a time with a sign": (b'"t":1735', b'"t":-735'),
    "a time with a blank": (b'"t":1735', b'"t":1 35'),
    "digits of another script": (b'"t":1735689600000', '"t":17356896\N{ARABIC-INDIC DIGIT ONE}00'.encode()),
    "a time beyond all dates": (b'"t":1735689600000', b'"t":999999999999999'),
    "one record more": (b"}}}", b'},"7":{"uid":7,"v":1,"t":1735689600000}}}'),
    "a text that goes on": (b"}}}", b"}}} "),
    "a text that ends": (b"}}}", b"}}"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_text_that_is_otherwise_in_anything_else_is_not_read(name: str) -> None:
    """It is left to the parser; what was known before serves on."""
    body = tight(record(1, 1.5), record(2, 2.5))
    old, new = OTHERWISE[name]
    changed = body.replace(old, new)
    assert changed != body
    for warm_up in (0, 2):
        layout = layout_of(body, 2)
        for passed in range(warm_up):
            read(layout, tight(record(1, 1.5, T + passed), record(2, 2.5, T + passed)))
        if name == "a value in two halves":
            assert read(layout, changed).values == {0: 1}
        else:
            assert layout.read(changed) is None
            assert read(layout, tight(record(1, 1.5), record(2, 3.5))).values == {1: 3.5}


def test_a_hostile_text_of_marks_is_not_cut_into_millions_of_pieces() -> None:
    """A piece more than there should be is enough to know."""
    layout = layout_of(tight(record(1, 1.5)), 1)
    assert layout.read(b'"t":' * 1_000_000) is None


def test_a_number_that_is_none_is_a_blank_too() -> None:
    """As long as it stays: firmware in C prints nan for a meter that does not answer, perhaps for weeks."""
    body = tight(record(1, 1.5), record(2, 2.5)).replace(b"2.5", b"-nan")
    layout = layout_of(body, 2)
    assert read(layout, body.replace(b"1.5", b"1.75")).values == {0: 1.75}
    assert read(layout, body.replace(b"-nan", b"4")).values == {0: 1.5, 1: 4}
    assert layout.read(body) is None


FRAGMENTS: Final = (
    b'"t":', b'"v":', b"1735689600000", b"1735689601000", b"230.4", b"null", b"nan(1,2)", b"nan", b"true", b'"', b"\\",
    b",", b":", b"{", b"}", b"[", b"]", b"0", b"-", b"e9", b".5", b" ", b'"1":{"uid":1,', b"\xff", b"\\u0074",
)  # fmt: skip
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-5, 5), st.floats(-2, 2)), st.sampled_from([T, T + 1000, T + 10**6, 0, None])
    ),
    min_size=1,
    max_size=4,
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 14), st.sampled_from(FRAGMENTS)), max_size=3)


@given(st.lists(st.tuples(ROWS, EDITS), min_size=2, max_size=6), st.sampled_from(sorted(PRINTS)))
@settings(max_examples=300, deadline=None)
def test_what_is_read_is_what_a_parser_reads(
    answers: list[tuple[list[tuple[float | None, int | None]], list[tuple[float, int, bytes]]]], name: str
) -> None:
    """Of good texts and mutilated ones, in whatever order they come: the same samples, or the same refusal."""
    memory = SampleMemory()
    for rows, edits in answers:
        body = PRINTS[name](answer(*(record(uid, value, stamp) for uid, (value, stamp) in enumerate(rows, 1))))
        # First as it is, so that there is a form to be misled.
        for text in (body, _edited(body, edits)):
            try:
                fresh = parse_map(parse_json(text), "realtime", parse_sample)
            except InvalidAnswerError:
                with pytest.raises(InvalidAnswerError):
                    memory.read(text, 0)
                continue
            found = memory.read(text, 0)
            assert dict(found) == dict(fresh)
            assert found.rejected == fresh.rejected
            assert found.times is None or found.times.column == [sample.timestamp for sample in fresh.values()]


def _edited(body: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Put fragments in place of some bytes of a text."""
    for place, length, fragment in edits:
        at = int(place * len(body))
        body = body[:at] + fragment + body[at + length :]
    return body


def test_the_form_is_what_serves_and_not_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the third answer on, for as long as nothing but times and values change."""
    parsed: list[bytes] = []

    def spy(body: bytes) -> object:
        parsed.append(body)
        return parse_json(body)

    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.api.samples.parse_json", spy)
    memory = SampleMemory()
    for number in range(6):
        memory.read(tight(record(1, 230.4, T + number), record(2, number / 8, T + number)), 0)
    assert len(parsed) == 2
    memory.read(tight(record(1, 230.4, T + 9), record(2, 1.0, T + 9, s=7)), 0)
    assert len(parsed) == 3
    memory.read(tight(record(1, 230.5, T + 10), record(2, 1.0, T + 10, s=7)), 0)
    assert len(parsed) == 3


def test_pages_are_joined_with_their_times() -> None:
    """As long as each signal is on one page, and each page has a form."""
    memory, pages = SampleMemory(), (1, 2)

    def joined(passed: int) -> Samples:
        return memory.read(tight(record(1, 1.5, T)), 0).joined(
            [memory.read(tight(record(page, 1.5, T + page * passed)), page) for page in pages]
        )

    for passed in (1000, 2000):
        assert joined(passed).times is None
    times = joined(3000).times
    assert times is not None
    assert times.column == [T / 1000 + 3, T / 1000 + 6]


def test_samples_move_on_together_and_each_by_itself() -> None:
    """By the form, by the parser, and by neither where the sample has been replaced by another."""
    memory = SampleMemory()
    for passed in range(3):
        first = memory.read(tight(record(1, 1.5, T + passed * 1000), record(2, 2.5, T)), 0)
    still, old = first[1], first[2]
    assert (still.timestamp, old.timestamp) == (T / 1000 + 2, T / 1000)
    second = memory.read(tight(record(1, 1.5, T + 4000), record(2, 3.5, T + 5000)), 0)
    assert second[1] is still
    assert (still.timestamp, second[2].timestamp) == (T / 1000 + 4, T / 1000 + 5)
    assert (old.value, second[2].value) == (2.5, 3.5)
    # Another status: the parser reads this, and one record more, at the place where the first one was.
    third = memory.read(tight(record(3, 7.5, T), record(1, 1.5, T + 6000), record(2, 3.5, T + 7000, s=9)), 0)
    assert third[1] is still
    assert [sample.timestamp for sample in third.values()] == [T / 1000, T / 1000 + 6, T / 1000 + 7]
    assert second[2].timestamp == T / 1000 + 5


def test_what_is_there_is_not_looked_up_twice_and_never_taken_for_granted() -> None:
    """The same set is known to be there in what follows with the same signals, and in nothing else."""
    memory, wanted = SampleMemory(), frozenset({1, 2})
    for passed in range(3):
        samples = memory.read(tight(record(1, passed, T + passed), record(2, 2.5, T + passed)), 0)
        assert samples.has(wanted)
        assert not samples.has(frozenset({1, 3}))
        assert samples.has(wanted)
        assert samples.uids == [1, 2]
    fewer = memory.read(tight(record(1, 1.5), record(4, 1.5)), 0)
    assert not fewer.has(wanted)
    assert fewer.uids == [1, 4]
    everything = fewer.joined([fewer, samples])
    assert everything.has(wanted)
    assert everything.uids == [1, 4, 2]
