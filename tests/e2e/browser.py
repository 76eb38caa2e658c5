"""The system's Chromium, logged in, on the same day as Home Assistant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import shutil
from typing import Final

from playwright.async_api import BrowserContext, Page, ViewportSize, async_playwright, expect

from testbed.errors import HarnessError

from .world import World

#: As scripts/bootstrap.py looks for them before it installs the first.
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
#: Milliseconds that anything may take on a machine that does other things besides; reading a day of history and
#: thinking about it are the longest.
PATIENCE: Final = 180_000
#: The page's calendar is moved, its timers are not; what is loaded last counts.
_CALENDAR: Final = """(() => {
    const Real = globalThis.RealDate ??= Date, shift = %d;
    globalThis.Date = class extends Real {
        constructor(...given) { if (given.length) super(...given); else super(Real.now() + shift); }
        static now() { return Real.now() + shift; }
    };
})();"""
_LOGIN: Final = "if (location.protocol !== 'about:' && !localStorage.hassTokens) localStorage.hassTokens = %s;"
#: As the frontend itself goes to a page: without loading everything anew.
_GO: Final = """path => {
    history.pushState(null, '', path);
    window.dispatchEvent(new CustomEvent('location-changed', {detail: {replace: false}}));
}"""


def find_chromium() -> str:
    """Return the path of the system's Chromium; raises HarnessError where there is none."""
    if (found := next(filter(None, map(shutil.which, EXECUTABLES)), None)) is None:
        raise HarnessError("Chromium is missing; scripts/setup --e2e installs it.")
    return found


@asynccontextmanager
async def browser(world: World) -> AsyncIterator[BrowserContext]:
    """Start Chromium, and end it."""
    executable = find_chromium()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=[*FLAGS])
        context = await chromium.new_context(
            viewport=DESKTOP,
            locale="en-GB",
            timezone_id="Europe/Rome",
            reduced_motion="reduce",
            # It would fetch the whole frontend in advance.
            service_workers="block",
        )
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        tokens = json.dumps(json.dumps(await world.tokens()))
        await context.add_init_script(_LOGIN % tokens)
        await move_calendar(context, world)
        try:
            yield context
        finally:
            await chromium.close()


async def move_calendar(context: BrowserContext, world: World) -> None:
    """Let pages that are loaded from now on be on Home Assistant's day."""
    await context.add_init_script(_CALENDAR % round(world.shift.seconds * 1000))


async def go(page: Page, world: World, path: str, *, anew: bool = False) -> None:
    """Go to a page of the frontend, by a full load only where it is the first or has to be `anew`."""
    if anew or not page.url.startswith(world.url):
        await page.goto(f"{world.url}{path}", wait_until="commit")
    else:
        await page.evaluate(_GO, path)
    await page.locator("home-assistant-main").wait_for()
