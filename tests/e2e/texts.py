"""The texts of a page, and errors in them."""

from collections.abc import Iterable
import re
from typing import Final

from playwright.async_api import Locator, Page

#: All visible text, through shadow trees and slots, with the labels for screen readers.
_READ: Final = """root => {
    const parts = [];
    const visit = node => {
        if (node.nodeType === Node.TEXT_NODE) { parts.push(node.textContent.trim()); return; }
        if (node.nodeType !== Node.ELEMENT_NODE || ['STYLE', 'SCRIPT', 'svg'].includes(node.nodeName)) return;
        const style = getComputedStyle(node);
        if (style.display === 'none' || style.visibility === 'hidden') return;
        for (const name of ['aria-label', 'placeholder', 'title'])
            if (node.getAttribute(name)) parts.push(node.getAttribute(name));
        const inside = node.shadowRoot ? node.shadowRoot.childNodes
            : node.nodeName === 'SLOT' && node.assignedNodes().length ? node.assignedNodes() : node.childNodes;
        inside.forEach(visit);
    };
    visit(root);
    return parts.filter(Boolean);
}"""
_BAD: Final = {
    "a translation key": re.compile(r"\b(component|ui|state|entity)\.[a-z_]+\.[a-z_.]+"),
    "a name from the code": re.compile(r"\b[a-z]+[0-9]*(_[a-z0-9]+)+\b"),
    "a placeholder": re.compile(r"\{[a-z_0-9]+\}"),
    "no text": re.compile(r"\b(undefined|null|NaN|Infinity)\b|\[object Object\]"),
    "a failed translation": re.compile(r"(?i)translation (error|missing)|formatjs"),
}
#: Not an error although it looks like an identifier: the example in the dialog of the table.
_MEANT: Final = ("active_power/kW",)


async def read(where: Page | Locator) -> list[str]:
    """Return the texts of a page or a part of it, in order."""
    root = where.locator("home-assistant") if isinstance(where, Page) else where
    texts: list[str] = await root.evaluate(_READ)
    return texts


def blunders(texts: Iterable[str]) -> list[str]:
    """Return the errors in texts."""
    found = []
    for text in texts:
        plain = text
        for meant in _MEANT:
            plain = plain.replace(meant, "")
        found += [f"{what}: {text[:120]!r}" for what, pattern in _BAD.items() if pattern.search(plain)]
    return found


async def is_well_written(where: Page | Locator) -> None:
    """Fail if a text has errors."""
    wrong = blunders(await read(where))
    assert not wrong, wrong
