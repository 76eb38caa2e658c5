"""What is removed from raw answers of any shape."""

import json
import re
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import Answer
from custom_components.carlo_gavazzi_ems.reporting.redaction import REDACTED, Redactor

SERIAL = "BX1234567890"


def redacted(body: object, *secrets: str) -> Any:
    """Return a body after redaction."""
    answer = Answer(path="/v1/loads", query={"page": "1"}, body=json.dumps(body).encode())
    return Redactor([SERIAL, *secrets]).answer(answer)["body"]


def test_r14_what_a_person_may_have_typed_is_replaced() -> None:
    """The same text gets the same replacement, so that equal labels stay equal."""
    loads = {str(uid): {"uid": uid, "label": label} for uid, label in ((1, "Anna"), (2, "Ben"), (3, "Anna"))}
    found = redacted({"loads": loads})["loads"]
    assert found["1"]["label"] == found["3"]["label"] != found["2"]["label"]
    assert [found[key]["uid"] for key in "123"] == [1, 2, 3]


def test_r14_settings_keep_their_form_only() -> None:
    """No field of a load's settings is documented: texts, numbers and names are replaced, the same by the same."""
    settings_of = {"host": "192.168.7.9", "port": 502, "id": 49123456789, "list": ["10.1.1.1", 3], "on": True}
    found = redacted({"tcp": settings_of, "rtu": settings_of})
    assert found["tcp"] == found["rtu"]
    host, port, number, listed, switch = found["tcp"].values()
    assert re.fullmatch(r"Text \d", host)
    assert (port, number, switch) == (0, 0, True)
    assert listed[0] not in {"10.1.1.1", host}
    assert listed[1] == 0
    assert all(re.fullmatch(r"Text \d", key) for key in found["tcp"])


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("tz", "+01:00 Anna"),
        ("tz", "Europe/Zurich"),
        ("tz", "+01:00 CET, Anna's flat"),
        ("date", "2025-01-01 00:00:00 Anna"),
        ("partNumber", "Anna"),
        ("partNumber", "Flat 3"),
        ("partNumber", "00-19-EE-01-02-03"),
        ("partNumber", "0019ee010203"),
        ("fw", "192.168.1.5"),
        ("system", "a1" * 30),
        ("si", "4711123456"),
        ("v", "eyJhbGciOi.J9"),
        ("other", "eyJhbGciOi.J9"),
        ("uid", "Anna"),
    ],
)
def test_r14_a_known_field_with_a_text_of_another_shape(field: str, text: str) -> None:
    """A time zone with a name, a MAC or an IP address in place of a type, a token in a number."""
    assert re.fullmatch(r"Text \d+", next(iter(redacted({field: text}).values())))


@pytest.mark.parametrize("number", [4711, 8053, 49123456789, -1.5])
def test_r14_a_number_of_a_field_that_nobody_knows(number: float) -> None:
    """A house number, a postal code, a telephone number."""
    assert list(redacted({"floor": number}).values()) == [0]


def test_r14_a_serial_number_in_the_place_of_a_uid() -> None:
    """Large UIDs are replaced, by the same number wherever they stand, so that a test can follow them."""
    record = {"uid": 4711123456, "lid": 59, "did": 4711123456}
    found = redacted({"signals": {"4711123456": record, "59": {"uid": "59"}}})["signals"]
    assert found == {"100000": {"uid": 100000, "lid": 59, "did": 100000}, "59": {"uid": "59"}}


def test_r14_a_secret_number() -> None:
    """A serial number of digits that is printed as a number, or in a query."""
    redactor = Redactor(["4711123456"])
    answer = Answer(path="/v1/signals", query={"uids": "1,4711123456"}, body=b'{"realtime":{"1":{"v":4711123456}}}')
    assert "4711123456" not in json.dumps(redactor.answer(answer))
    assert redactor.scrub({"4711123456": [4711123456, True]}) == {REDACTED: [0, True]}


def test_what_a_test_needs_stays() -> None:
    """Values and stamps as printed, also where a number is printed as a text, and what a maker chooses."""
    kept = {"v": "230.40", "t": 1735689660000, "si": 29, "partNumber": "EMS10AV5S1X", "system": "3PN", "max": None}
    assert redacted({"realtime": {"7": kept}}) == {"realtime": {"7": kept}}
    assert redacted({"sn": SERIAL}) == {"sn": "SERIAL"}
    assert redacted({"mac": "00:19:EE:01:02:03"}) == {"mac": "00:00:00:00:00:00"}


@pytest.mark.parametrize("text", [f"EM {SERIAL}", SERIAL.lower(), "admin", "by admin!"])
def test_r14_a_secret_in_a_text_that_stays(text: str) -> None:
    """Also where a maker's text would be kept, a secret is not."""
    found = redacted({"partNumber": text}, "admin")["partNumber"]
    assert REDACTED in found or re.fullmatch(r"Text \d", found)
    assert SERIAL.lower() not in found.lower()
    assert "admin" not in found


def test_a_short_secret_does_not_spoil_words() -> None:
    """A user name `api` is not removed from inside the word `rapid`."""
    assert Redactor(["api"]).scrub("rapid api") == f"rapid {REDACTED}"


def test_r14_a_name_in_the_place_of_a_uid() -> None:
    """The keys of a map may be data too."""
    (key,) = redacted({"loads": {"Anna's flat": {}}})["loads"]
    assert key.startswith("Text")
    (key,) = redacted({SERIAL: 1})
    assert key.startswith("Text")


def test_what_is_no_json_is_only_described() -> None:
    """A web page may contain anything."""
    found = Redactor([]).answer(Answer(path="/ver", body=b"<html>Anna</html>"))
    assert found["bytes"] == 17
    assert "Anna" not in json.dumps(found)


PERSONAL = "Müller 4711 Gasse"
NESTED = st.recursive(
    st.sampled_from([PERSONAL, SERIAL, 5, 1.5, None, True, 123456789]),
    # In capitals, so that no key is a field of the API document: some of those keep large numbers as times.
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8).map(str.upper) | st.just(PERSONAL), inner)
    ),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(body=NESTED)
def test_r14_wherever_it_stands(body: object) -> None:
    """A personal text is removed at any depth."""
    text = json.dumps(redacted(body), ensure_ascii=False)
    assert PERSONAL not in text
    assert SERIAL not in text
    assert "123456789" not in text.replace(SERIAL, "")
