"""The address of a gateway in all forms in which people type it."""

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.access.address import (
    InvalidHostError,
    PathError,
    PlainHttpError,
    format_address,
    parse_address,
)


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.168.1.50", "192.168.1.50", 443),
        ("  ems.local \t", "ems.local", 443),
        ("EMS", "ems", 443),
        ("https://192.168.1.50/", "192.168.1.50", 443),
        ("HTTPS://ems.local:8443/#/devices?x=1", "ems.local", 8443),
        ("ems.local:8443", "ems.local", 8443),
        ("fe80::1", "fe80::1", 443),
        ("[FE80::1]", "fe80::1", 443),
        ("[fe80::1]:8443", "fe80::1", 8443),
        ("https://[::1]:8443", "::1", 8443),
        ("gw_1.my-home.lan.", "gw_1.my-home.lan.", 443),
    ],
)
def test_r15_what_is_accepted(typed: str, host: str, port: int) -> None:
    """Blanks, URLs, ports and IPv6 are understood."""
    assert parse_address(typed) == (host, port)


@pytest.mark.parametrize(
    "typed", ["https://ems.local/ems/v1", "https://[::1]/v1", "ems.local/ui/index.html", "ems.local/?x=1"]
)
def test_r15_a_path_is_not_lost_in_silence(typed: str) -> None:
    """The API is at the root of its host; a text that names another place is refused."""
    with pytest.raises(PathError):
        parse_address(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "ems local",
        "ems:",
        "ems:x",
        "ems:0",
        "ems:65536",
        "ems:443:443",
        "ems:４４３",  # noqa: RUF001 - digits of another script are the point
        "192.168.1",
        "192.168.1.500",
        "1",
        "ftp://ems",
        "://ems",
        "user@ems",
        "[fe80::1",
        "[fe80::1]x",
        "[fe80::1]:",
        "[ems]",
        "-ems",
        "ems..local",
        "x" * 300,
        "ems;rm",
        "<b>ems</b>",
    ],
)
def test_r15_what_is_refused(typed: str) -> None:
    """Everything else is a clear error, before anything is sent."""
    with pytest.raises(InvalidHostError):
        parse_address(typed)


@pytest.mark.parametrize("typed", ["http://ems.local", "HTTP://192.168.1.50:80/"])
def test_r13_plain_http_is_refused(typed: str) -> None:
    """A password never travels in the clear."""
    with pytest.raises(PlainHttpError):
        parse_address(typed)


@given(typed=st.text(max_size=60))
def test_r15_any_text_is_an_address_or_refused(typed: str) -> None:
    """No text raises anything else; what is accepted reads back as itself."""
    try:
        host, port = parse_address(typed)
    except InvalidHostError, PathError, PlainHttpError:
        return
    assert parse_address(format_address(host, port)) == (host, port)
