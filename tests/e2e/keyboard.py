"""Moves the focus with the Tab key."""

from typing import Final

from playwright.async_api import Locator, Page

#: Texts and labels of the focused element, through shadow trees.
_FOCUS: Final = """() => {
    let element = document.activeElement;
    const words = [];
    while (element) {
        words.push(element.getAttribute('aria-label') || '', element.shadowRoot ? '' : element.textContent.trim());
        if (!element.shadowRoot?.activeElement || element.localName === 'ha-button') words.push(element.innerText?.trim());
        element = element.shadowRoot?.activeElement;
    }
    return words.filter(Boolean).join(' | ');
}"""


async def focus(page: Page) -> str:
    """Return the texts of the focused element."""
    words: str = await page.evaluate(_FOCUS)
    return words


async def tab_to(page: Page, text: str, limit: int = 200) -> None:
    """Press Tab until an element with this text has the focus."""
    for _ in range(limit):
        if text in await focus(page):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {text!r}; it is at {await focus(page)}")


async def tab_into(page: Page, field: Locator, limit: int = 200) -> None:
    """Press Tab until a field has the focus."""
    for _ in range(limit):
        if await field.evaluate("field => field.getRootNode().activeElement === field"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach the field; it is at {await focus(page)}")
