"""The system's Chromium, logged in, with Home Assistant's date."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import shutil
from typing import Final

from playwright.async_api import BrowserContext, Page, ViewportSize, async_playwright, expect

from testbed.errors import HarnessError

from .world import World

#: As in scripts/bootstrap.py, which installs the first if none is found.
EXECUTABLES: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: Final = ViewportSize(width=1280, height=900)
PHONE: Final = ViewportSize(width=390, height=844)
#: Timeout in milliseconds of every step on a busy machine; the longest is the identification of codes.
PATIENCE: Final = 180_000
#: Shifts the page's date, not its timers; the last script loaded counts.
_CALENDAR: Final = """(() => {
    const Real = globalThis.RealDate ??= Date, shift = %d;
    globalThis.Date = class extends Real {
        constructor(...given) { if (given.length) super(...given); else super(Real.now() + shift); }
        static now() { return Real.now() + shift; }
    };
})();"""
_LOGIN: Final = "if (location.protocol !== 'about:' && !localStorage.hassTokens) localStorage.hassTokens = %s;"
#: Logs the reason of a rejected promise; Chromium only logs that it was an object.
_REJECTED: Final = """addEventListener('unhandledrejection', event => {
    if (!(event.reason instanceof Error)) console.error(`rejected: ${JSON.stringify(event.reason)}`);
});"""
#: Navigates as the frontend does, without a reload.
_GO: Final = """path => {
    history.pushState(null, '', path);
    window.dispatchEvent(new CustomEvent('location-changed', {detail: {replace: false}}));
}"""


def find_chromium() -> str:
    """Return the path of the system's Chromium; HarnessError if there is none."""
    if (found := next(filter(None, map(shutil.which, EXECUTABLES)), None)) is None:
        raise HarnessError("Chromium is missing; scripts/setup --e2e installs it.")
    return found


@asynccontextmanager
async def browser(world: World) -> AsyncIterator[BrowserContext]:
    """Start Chromium, and end it afterwards."""
    executable = find_chromium()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=[*FLAGS])
        context = await chromium.new_context(
            viewport=DESKTOP,
            locale="en-GB",
            timezone_id="Europe/Rome",
            reduced_motion="reduce",
            # The service worker would prefetch the whole frontend.
            service_workers="block",
        )
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        tokens = json.dumps(json.dumps(await world.tokens()))
        await context.add_init_script(_LOGIN % tokens)
        await context.add_init_script(_REJECTED)
        await move_calendar(context, world)
        try:
            yield context
        finally:
            await chromium.close()


async def move_calendar(context: BrowserContext, world: World) -> None:
    """Give pages that are loaded from now on Home Assistant's date."""
    await context.add_init_script(_CALENDAR % round(world.shift.seconds * 1000))


async def go(page: Page, world: World, path: str, *, anew: bool = False) -> None:
    """Open a page of the frontend; load everything only for the first page, or with `anew`."""
    if anew or not page.url.startswith(world.url):
        await page.goto(f"{world.url}{path}", wait_until="commit")
    else:
        await page.evaluate(_GO, path)
    await page.locator("home-assistant-main").wait_for()
