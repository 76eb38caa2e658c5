"""Serious and critical accessibility violations in a dialog, found by axe-core."""

from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
import re
from typing import Final, Self

from awesomeversion import AwesomeVersion
from playwright.async_api import Page

from .dialog import settled

DIALOG: Final = "dialog-data-entry-flow"
#: Violations in the dialogs of Home Assistant 2026.10, mended in 2026.11.
_UNTIL_2026_10: Final = frozenset(
    {
        # A chosen item has the role of a list item without a list.
        ("aria-required-parent", "button.listitem"),
        # The button that clears a choice has no name.
        ("button-name", "button.button"),
        # The name of a switch is on its parent.
        ("aria-prohibited-attr", "ha-switch"),
        ("label", "input.switch"),
        ("label-title-only", "input.switch"),
    }
)
#: Violations in every dialog of Home Assistant's frontend; a test shows each in a dialog that is not the integration's.
FRONTENDS_OWN: Final = frozenset(
    {
        # The label of the focused field has the theme's primary colour on light grey.
        ("color-contrast", "label"),
    }
) | (_UNTIL_2026_10 if AwesomeVersion(version("homeassistant")) < "2026.11.0" else frozenset())
#: Elements of the frontend itself: the line with a repair's severity, and the body of a dialog, which the keyboard does not scroll.
FRONTENDS_ELEMENTS: Final = ("dialog-repairs-issue-subtitle ", "ha-dialog .body.ha-scrollbar")
_SCRIPT: Final = files("axe_playwright_python").joinpath("axe.min.js")
_RUN: Final = """async selector => {
    const context = {fromShadowDom: ['home-assistant', selector]};
    const {violations} = await axe.run({include: [context]}, {resultTypes: ['violations']});
    return violations.filter(one => ['serious', 'critical'].includes(one.impact)).flatMap(one => one.nodes.map(node =>
        ({rule: one.id, impact: one.impact, target: node.target.flat().slice(-2).join(' '), html: node.html})));
}"""


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One element that breaks one rule."""

    rule: str
    target: str
    html: str

    @property
    def kind(self) -> tuple[str, str]:
        """Return the rule and the element with its role, such as `label` or `input.switch`."""
        element = self.html.removeprefix("<").replace(">", " ").split()[0]
        role = re.search(r'^<[^>]* role="(\w+)"', self.html)
        return self.rule, f"{element}.{role[1]}" if role else element

    @property
    def is_ours(self) -> bool:
        """Return whether it is not one of the frontend's own violations."""
        return self.kind not in FRONTENDS_OWN and not self.target.startswith(FRONTENDS_ELEMENTS)

    @classmethod
    def of(cls, found: dict[str, str]) -> Self:
        """Return a violation from axe's report."""
        return cls(found["rule"], found["target"], found["html"][:200])


async def violations(page: Page, selector: str = DIALOG) -> list[Violation]:
    """Return the serious and critical violations within an element below the frontend's root."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_SCRIPT.read_text(encoding="utf-8"))
    await settled(page)  # a colour in transition must not be measured
    return sorted(Violation.of(one) for one in await page.evaluate(_RUN, selector))
