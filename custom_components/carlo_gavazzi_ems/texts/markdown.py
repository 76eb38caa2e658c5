"""Makes text from a gateway or its certificate safe for pages that render Markdown and for titles that do not."""

import re
from typing import Final
import unicodedata

#: Characters of an escaped text. The subject of a certificate rarely has more than 100.
MAX_LENGTH: Final = 120
#: Characters that begin Markdown or HTML anywhere in a line, and what is shown instead. A backslash in front of them
#: would show in the titles of repairs, which are plain text.
_LOOK_ALIKES: Final = str.maketrans(
    {"<": "(", ">": ")", "[": "(", "]": ")", "`": "'", "*": "·", "~": "-", "|": "/", "\\": "/"}
)
_RULES: Final = (
    # Emphasis; an underscore inside a word is none.
    (re.compile(r"(?<![^\W_])_+|_+(?![^\W_])"), " "),
    # Web and mail addresses, which a page turns into links by itself.
    (re.compile(r"://"), ": //"),
    (re.compile(r"\b(www\.)(?=\S)", re.IGNORECASE), r"\1 "),
    (re.compile(r"(?<=\S)@(?=\S)"), " @ "),
    # Character references such as `&lt;`.
    (re.compile(r"&(?=[#\w])"), "& "),
    # Headings, bullets and rules at the beginning of a line.
    (re.compile(r"^(?:[-+#=]+(?:\s+|$))+"), ""),
    # A numbered list at the beginning of a line: a no-break space does not begin one.
    (re.compile(r"^(\d+[.)])\s+"), "\\1\N{NO-BREAK SPACE}"),
)
_BLANK: Final = re.compile(r"\s+")
#: Unicode categories without a glyph: control characters, marks of text direction, surrogates, unassigned.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co"})


def escaped(text: str, limit: int = MAX_LENGTH) -> str:
    """Return a text as one line of plain text: no markup, link, HTML, control character or mark of text direction.

    A text of more than `limit` characters is cut and ends with `…`.
    """
    # A very long text is cut first, to limit the work. No label is that long, even with characters that are removed.
    visible = _BLANK.sub(" ", text[: 4 * limit])
    visible = "".join(char for char in visible if unicodedata.category(char) not in _INVISIBLE)
    found = visible.translate(_LOOK_ALIKES).strip()
    for pattern, replacement in _RULES:
        found = pattern.sub(replacement, found).strip(" ")
    found = re.sub(" {2,}", " ", found)
    return found if len(found) <= limit else f"{found[: limit - 1].rstrip()}…"


def bullets(lines: list[str]) -> str:
    """Return lines as a Markdown list, or a dash if there are none."""
    return "\n".join(f"- {line}" for line in lines) or "—"
