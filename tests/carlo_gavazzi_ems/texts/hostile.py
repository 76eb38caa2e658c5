"""A text with all kinds of markup, and what must remain of it."""

from typing import Final
import unicodedata

HOSTILE: Final = (
    "\x1b[31mA\r\n\x00B\u202e\u2066 [click](http://x.example) <img src=x onerror=alert(1)> `c` **b** __u__ ~~s~~ "
    "www.evil.example me@evil.example &lt;script&gt; | a \\` b\u2028# heading\n- bullet " + "x" * 5000
)


def is_plain(text: str) -> bool:
    """Return whether a text is one short line without markup."""
    return (
        len(text) <= 120
        and text.isprintable()
        and not set(text) & set("<>[]`*~|\\\u202e\u2066")
        and not any(unicodedata.category(char) in {"Cc", "Cf"} for char in text)
        and "://" not in text
        and "www.e" not in text
        and "me@" not in text
        and "&l" not in text
        and "__" not in text
    )
