"""Screenshots, taken by the tests, also for the documentation."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page

from testbed import ROOT

FOLDER: Final = ROOT / "docs" / "images"
#: Bytes that a picture may have at most.
LIMIT: Final = 150_000
_COLOURS: Final = 200


class Pictures:
    """Takes the screenshots of a test."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        """Write to the folder of the test, and with `update` to docs/images too."""
        self._folders = [folder, FOLDER] if update else [folder]

    async def take(self, page: Page, name: str, *, keep: bool = True) -> None:
        """Take a screenshot; without `keep` it is not for the documentation."""
        content = small(await page.screenshot(animations="disabled", caret="hide"))
        assert len(content) <= LIMIT, f"{name} has {len(content)} bytes"
        for folder in self._folders if keep else self._folders[:1]:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(content)


def small(png: bytes) -> bytes:
    """Return a picture with fewer colours, a third of the size."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
