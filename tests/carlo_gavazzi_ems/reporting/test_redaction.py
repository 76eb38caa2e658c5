"""What is taken out of raw answers, whatever shape they have."""

import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.api import Answer
from custom_components.carlo_gavazzi_ems.reporting.redaction import REDACTED, Redactor

SERIAL = "BX1234567890"


def redacted(body: object, *secrets: str) -> Any:
    """Return what is left of a body."""
    answer = Answer(path="/v1/loads", query={"page": "1"}, body=json.dumps(body).encode())
    return Redactor([SERIAL, *secrets]).answer(answer)["body"]


def test_r14_what_a_person_may_have_typed_is_replaced() -> None:
    """The same text by the same stand-in, so that two loads of one name stay two loads of one name."""
    loads = {str(uid): {"uid": uid, "label": label} for uid, label in ((1, "Anna"), (2, "Ben"), (3, "Anna"))}
    found = redacted({"loads": loads})["loads"]
    assert found["1"]["label"] == found["3"]["label"] != found["2"]["label"]
    assert [found[key]["uid"] for key in "123"] == [1, 2, 3]


def test_r14_settings_keep_their_form() -> None:
    """An address in a load's settings is gone, its name and small numbers are there."""
    settings_of = {"host": "192.168.7.9", "port": 502, "id": 49123456789, "list": ["10.1.1.1", 3], "on": True}
    found = redacted({"tcp": settings_of})["tcp"]
    assert "192" not in found["host"]
    assert found["list"][0] not in {"10.1.1.1", found["host"]}
    assert found | {"host": "", "list": []} == {"host": "", "port": 502, "id": 0, "list": [], "on": True}


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
    assert REDACTED in found
    assert SERIAL.lower() not in found.lower()
    assert "admin" not in found


def test_a_short_secret_does_not_spoil_words() -> None:
    """A user called `api` takes nothing away from a rapid answer."""
    assert Redactor(["api"]).scrub("rapid api") == f"rapid {REDACTED}"


def test_r14_a_name_in_the_place_of_a_uid() -> None:
    """The keys of a map may be data too."""
    (key,) = redacted({"loads": {"Anna's flat": {}}})["loads"]
    assert key.startswith("Text")
    (key,) = redacted({SERIAL: 1})
    assert key.startswith("Text")


def test_what_is_no_json_is_only_described() -> None:
    """A page for people may hold anything."""
    found = Redactor([]).answer(Answer(path="/ver", body=b"<html>Anna</html>"))
    assert found["bytes"] == 17
    assert "Anna" not in json.dumps(found)


PERSONAL = "Müller 4711 Gasse"
NESTED = st.recursive(
    st.sampled_from([PERSONAL, SERIAL, 5, 1.5, None, True, 123456789]),
    # No field of the API document is written in capitals: under some of those a large number is a time.
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8).map(str.upper) | st.just(PERSONAL), inner)
    ),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(body=NESTED)
def test_r14_wherever_it_stands(body: object) -> None:
    """However deep a personal text lies, it does not come out."""
    text = json.dumps(redacted(body), ensure_ascii=False)
    assert PERSONAL not in text
    assert SERIAL not in text
    assert "123456789" not in text.replace(SERIAL, "")
