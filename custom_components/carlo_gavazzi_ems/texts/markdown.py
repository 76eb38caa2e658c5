"""Names that come from elsewhere, in a text that is rendered as Markdown."""

import re
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~!&])")
_BLANK: Final = re.compile(r"\s+")


def escaped(text: str) -> str:
    """Return a text that is shown as it stands, on one line, whatever is in it."""
    return _SPECIAL.sub(r"\\\1", _BLANK.sub(" ", text).strip())


def bullets(lines: list[str]) -> str:
    """Return lines as a list, a dash where there are none."""
    return "\n".join(f"- {line}" for line in lines) or "—"
