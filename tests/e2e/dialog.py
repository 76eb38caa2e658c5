"""A dialog of a flow: set-up, options or repair."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from playwright.async_api import Locator, Page, expect

from .texts import read

_IS_DRAWN: Final = """() => {
    const dialog = document.querySelector('home-assistant').shadowRoot.querySelector('dialog-data-entry-flow');
    const page = dialog?.shadowRoot.querySelector('step-flow-form');
    if (!page) return Boolean(dialog);
    if (!page.step?.data_schema?.length) return page.step?.data_schema?.length === 0;
    const form = page.shadowRoot?.querySelector('ha-form'), fields = form?.shadowRoot?.querySelectorAll('ha-selector');
    // A field that appears with another one may be hidden.
    return fields && fields.length >= page.step.data_schema.filter(field => !field.visible).length
        && [...fields].every(field => field.shadowRoot?.firstElementChild?.shadowRoot?.childElementCount);
}"""

#: How often a choice in a list is tried.
_TRIES: Final = 3


class Dialog:
    """The open dialog of a flow; Playwright's selectors pierce shadow trees."""

    def __init__(self, page: Page) -> None:
        """Take the page of the dialog."""
        self.page = page
        self.root = page.locator("dialog-data-entry-flow")

    async def title(self, text: str) -> None:
        """Wait until the dialog has this title and its fields are drawn."""
        title = self.root.locator(".dialog-title").get_by_text(text, exact=True)
        await expect(title).to_be_visible()
        await self.drawn()

    async def drawn(self) -> None:
        """Wait until every field of a form is drawn; the frontend loads selectors on demand."""
        await self.page.wait_for_function(_IS_DRAWN)
        await settled(self.page)

    async def names(self) -> list[str]:
        """Return the names of the fields that are drawn, in order."""
        form = self.root.locator("ha-form").first
        await form.locator("ha-selector").first.wait_for()
        names: list[str] = await form.evaluate(
            "form => [...form.shadowRoot.querySelectorAll('ha-selector')].map(field => field.name)"
        )
        return names

    async def field(self, name: str) -> Locator:
        """Return the row of a field."""
        return self.root.locator("ha-form ha-selector").nth((await self.names()).index(name))

    async def input(self, name: str) -> Locator:
        """Return the input element of a field."""
        return (await self.field(name)).locator("input, textarea").first

    async def type(self, values: Mapping[str, str]) -> None:
        """Fill fields, replacing their text."""
        for name, value in values.items():
            await (await self.input(name)).fill(value)

    async def shown(self, name: str) -> str:
        """Return the text of a field."""
        return await (await self.input(name)).input_value()

    def button(self, text: str) -> Locator:
        """Return a button of the dialog."""
        return self.root.locator("ha-button").get_by_text(text, exact=True)

    async def submit(self) -> None:
        """Press the primary button, in any language."""
        await self.root.locator("ha-button[slot=primaryAction]").click()

    async def press(self, button: str) -> None:
        """Press a button of the dialog."""
        await self.button(button).click()

    async def close(self) -> None:
        """Press the close button, the first in any language."""
        await self.root.locator("ha-icon-button button").locator("visible=true").first.click()
        await self.closed()

    async def chosen(self, name: str) -> str:
        """Return the chosen option and the label of a list."""
        return " ".join(await read((await self.field(name)).locator("ha-picker-field")))

    async def pick(self, name: str, text: str) -> None:
        """Choose the first match of a text in a list that takes several options."""
        field = await self.field(name)
        chosen = field.get_by_text(text).filter(visible=True)
        for _ in range(_TRIES):
            await field.locator("ha-button").first.click()
            await expect(await self._find(text)).to_have_count(0)
            # On a busy machine the list may close without having taken the key.
            with suppress(AssertionError):
                await expect(chosen.first).to_be_visible(timeout=10_000)
                return
        await expect(chosen.first).to_be_visible()
        await settled(self.page)

    async def pick_one(self, name: str, text: str) -> None:
        """Choose the first match of a text in a list that takes one option."""
        await (await self.field(name)).locator("ha-picker-field").click()
        await expect(await self._find(text)).to_have_count(0)
        await settled(self.page)

    async def select(self, name: str, text: str) -> None:
        """Choose from a short list, which cannot be searched."""
        field = await self.field(name)
        await field.locator("ha-picker-field").click()
        await field.locator("ha-dropdown-item").get_by_text(text, exact=True).click()
        await expect(field.locator("ha-dropdown-item").locator("visible=true")).to_have_count(0)
        await settled(self.page)

    async def _find(self, text: str) -> Locator:
        """Search in the open list and choose the first match; return the list."""
        search = self.page.locator("ha-picker-combo-box")
        await search.locator("input").first.fill(text)
        await take_first(search, text)
        return search

    async def pick_date(self, name: str, *, months: int, day: int) -> None:
        """Choose a day in the calendar, `months` after the month shown."""
        await (await self.field(name)).locator("ha-date-input").click()
        calendar = self.page.locator("ha-dialog-date-picker")
        for _ in range(months):
            await calendar.locator("ha-icon-button-next").click()
        await calendar.locator("calendar-month").get_by_text(str(day), exact=True).click()
        await calendar.locator("ha-button").get_by_text("OK").click()
        await expect(calendar.locator("dialog[open], wa-popover[open]")).to_have_count(0)

    async def succeed(self) -> None:
        """Finish the success page, and wait until the dialog is closed."""
        await self.finish()
        await self.closed()

    async def finish(self) -> None:
        """Press Finish on the success page."""
        await self.root.locator("step-flow-create-entry").wait_for()
        await self.root.locator("ha-button").get_by_text("inish").click()

    async def choose(self, option: str) -> None:
        """Choose from a menu."""
        await (
            self.root.locator("ha-list-item, ha-list-item-button, ha-md-list-item")
            .get_by_text(option, exact=True)
            .click()
        )

    async def text(self) -> str:
        """Return the dialog's text."""
        return "\n".join(await read(self.root))

    async def closed(self) -> None:
        """Wait until no dialog is open."""
        await expect(self.root.locator("ha-dialog[open], dialog[open]")).to_have_count(0)


async def take_first(search: Locator, text: str) -> None:
    """Take the first match in a list that was searched, by keyboard."""
    await expect(search.get_by_text(text).first).to_be_visible()
    await settled(search.page)
    # From 2026.11 on the first match is active from the start, and ArrowDown leads to the second.
    if not await search.locator("[active]").get_by_text(text).count():
        await search.page.keyboard.press("ArrowDown")
    await search.page.keyboard.press("Enter")


async def settled(page: Page) -> None:
    """Wait for the end of animations: they would change screenshots and measured colours."""
    await page.evaluate(
        """async () => {
            await document.fonts.ready;
            const frame = () => new Promise(done => requestAnimationFrame(done));
            await frame(); await frame();
            const running = () => document.getAnimations().filter(one =>
                one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity);
            await Promise.race([
                (async () => { while (running().length) await Promise.allSettled(running().map(one => one.finished)); })(),
                new Promise(done => setTimeout(done, 3000)),
            ]);
            await frame();
        }"""
    )
