"""Texts of the gateway are shown without markup, and remain readable."""

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped

from .hostile import HOSTILE, is_plain


@pytest.mark.parametrize(
    "label",
    [
        "Heat pump",
        "Heating & cooling",
        "Load #2",
        "Küche/Bad (2. OG)",
        "sensor.heat_pump_energy",
        "CN=ems.local,O=C. G.",
    ],
)
def test_an_ordinary_name_stays_as_it_is(label: str) -> None:
    """Names of loads, entity ids and subjects of certificates hold nothing that a page could take for markup."""
    assert escaped(label) == label


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[click](http://x.example)", "(click)(http: //x.example)"),
        ("<b>a</b>", "(b)a(/b)"),
        ("**a** `b`", "··a·· 'b'"),
        ("__a__ b_c", "a b_c"),
        ("www.x.example me@x.example", "www. x.example me @ x.example"),
        ("&lt;b&gt;", "& lt;b& gt;"),
        ("# a", "a"),
        ("- a", "a"),
        ("1. a", "1.\N{NO-BREAK SPACE}a"),
        ("a\r\n\tb", "a b"),
        ("a\u202eb\u200fc\x00d", "abcd"),
        ("---", ""),
        ("\u200b", ""),
    ],
)
def test_markup_is_shown_and_not_followed(text: str, shown: str) -> None:
    """Every kind of markup, link, reference and control character has its own way to become text."""
    assert escaped(text) == shown


def test_a_long_text_is_cut() -> None:
    """The limit counts the mark that shows the cut."""
    assert escaped("x" * 10_000, 40) == "x" * 39 + "…"
    assert escaped("x" * 40, 40) == "x" * 40


def test_all_at_once() -> None:
    """The text that the tests of dialogs and repairs use."""
    assert not is_plain(HOSTILE)
    assert is_plain(escaped(HOSTILE))


@given(st.text(st.sampled_from("ab1_*[]()<>`~|\\#-+=.@&;:/w \n\r\t\u202e\u200d\u2028\x00é"), max_size=60))
def test_nothing_gets_through(text: str) -> None:
    """Any mixture of special characters."""
    shown = escaped(text)
    assert shown.isprintable() or "\N{NO-BREAK SPACE}" in shown
    assert not set(shown) & set("<>[]`*~|\\\n\u202e")
    assert "://" not in shown
    assert not shown.startswith(("# ", "- ", "+ "))
    assert shown == shown.strip()


def test_bullets() -> None:
    """A dash stands for an empty list."""
    assert bullets(["a", "b"]) == "- a\n- b"
    assert bullets([]) == "—"
