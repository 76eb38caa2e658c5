"""One Home Assistant, one gateway and one browser for all tests; each sets up the entry if it is missing."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request
import pytest
import pytest_asyncio

from testbed import DOMAIN
from testbed.gateway import GatewayAccess

from .browser import DESKTOP, browser, go
from .pictures import Pictures
from .world import World, simulated, world as start_world

#: Order of the files: the first sets up the gateway for the others.
ORDER = ("test_set_up", "test_options", "test_devices", "test_languages", "test_living", "test_peaks", "test_energy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option that writes the documentation's screenshots."""
    parser.addoption("--update-images", action="store_true", help="write the screenshots into docs/images")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests in one event loop, which the processes and the browser belong to."""
    for item in items:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        # A page may take a minute on a machine that does other things, and a test has several.
        item.add_marker(pytest.mark.timeout(600))
    items.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Home Assistant and a gateway."""
    async with start_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def newcomer(world: World) -> AsyncIterator[GatewayAccess]:
    """A second gateway with many codes; installed today, so that its short history is read fast and proves little."""
    more = ("--signals", "130", "--installed-days", "0")
    async with simulated(world.folder / "newcomer", world.shift, site="load-test", seed=2, more=more) as simulator:
        yield simulator.gateway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def context(world: World) -> AsyncIterator[BrowserContext]:
    """A browser."""
    async with browser(world) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def only_page(context: BrowserContext, world: World) -> Page:
    """The page of all tests; loading the frontend takes long."""
    page = await context.new_page()
    await go(page, world, "/config/dashboard")
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def page(only_page: Page, world: World, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """The page in its initial state; errors in the browser's console fail the test."""
    complaints: list[str] = []
    unanswered: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not is_foreign(message.text, message.location["url"]):
            complaints.append(f"console: {message.text} {message.location['url']}")

    def on_error(error: object) -> None:
        if not is_foreign(str(error), ""):
            complaints.append(f"error: {error}")

    def on_failed(request: Request) -> None:
        unanswered.append(f"{request.method} {request.url}: {request.failure}")

    await only_page.set_viewport_size(DESKTOP)
    await only_page.emulate_media(color_scheme="light", reduced_motion="reduce")
    is_open = await only_page.locator("dialog[open]").count() > 0
    await go(only_page, world, "/config/dashboard", anew=is_open)
    only_page.on("console", on_console)
    only_page.on("pageerror", on_error)
    only_page.on("requestfailed", on_failed)
    yield only_page
    only_page.remove_listener("console", on_console)
    only_page.remove_listener("pageerror", on_error)
    only_page.remove_listener("requestfailed", on_failed)
    if request.session.testsfailed:
        await only_page.screenshot(path=tmp_path / "end.png")
        # pytest shows it with a failure.
        print(f"the page at the end: {tmp_path / 'end.png'}", "not answered:", *unanswered, sep="\n")  # noqa: T201
        print("the end of Home Assistant's log:", world.home_assistant.log_tail(100), sep="\n")  # noqa: T201
    assert not complaints


#: Errors of the frontend itself: it closes its list of integrations before all its requests are answered, and ends
#: subscriptions of before a restart. For a rejected promise the console has an object and a text with `rejected`.
FRONTENDS_OWN: Final = (
    "disconnected",
    'rejected: "disconnected"',
    'rejected: {"code":"not_found","message":"Subscription not found."}',
    'rejected: {"type":"result","success":false,"error":{"code":3,"message":"Connection lost"}}',
    "Object",
)


def is_foreign(text: str, url: str) -> bool:
    """Return whether an error in the console is not the integration's, such as missing icons of other brands."""
    return ("/api/brands/" in url and DOMAIN not in url) or text in FRONTENDS_OWN


@pytest.fixture
def pictures(tmp_path: Path, request: pytest.FixtureRequest) -> Pictures:
    """The screenshots of a test."""
    return Pictures(tmp_path / "images", update=request.config.getoption("--update-images"))


def translated() -> Iterable[str]:
    """Return the languages that the integration speaks."""
    folder = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations"
    return sorted(path.stem for path in folder.glob("*.json"))
