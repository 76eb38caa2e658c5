"""Pictures for the README and the documents: taken by the tests, small enough to be kept."""

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
    """Takes a picture of every page that a test shows; keeps them where a person asked for it."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        """Keep pictures in the folder of the test, and with `update` in docs/images too."""
        self._folders = [folder, FOLDER] if update else [folder]

    async def take(self, page: Page, name: str, *, keep: bool = True) -> None:
        """Take a picture of what is to be seen now; without `keep` it is only for whoever looks at this run."""
        content = small(await page.screenshot(animations="disabled", caret="hide"))
        assert len(content) <= LIMIT, f"{name} has {len(content)} bytes"
        for folder in self._folders if keep else self._folders[:1]:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(content)


def small(png: bytes) -> bytes:
    """Return a picture with few colours: an interface needs no more, and the file is a third."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
