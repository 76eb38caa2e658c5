"""What axe-core finds in a dialog: serious and critical violations of the rules for accessibility."""

from dataclasses import dataclass
from importlib.resources import files
import re
from typing import Final, Self

from playwright.async_api import Page

from .dialog import settled

DIALOG: Final = "dialog-data-entry-flow"
#: What is wrong in every dialog of Home Assistant's frontend alike; a test shows each in a dialog of its own.
FRONTENDS_OWN: Final = frozenset(
    {
        # The label of the field that has the keyboard is in the theme's primary colour, on light grey.
        ("color-contrast", "label"),
        # What was chosen from a list is an item of a list that is not there.
        ("aria-required-parent", "button.listitem"),
        # The cross that takes a choice back has no name.
        ("button-name", "button.button"),
        # The name of a switch is on what holds the switch.
        ("aria-prohibited-attr", "ha-switch"),
        ("label", "input.switch"),
        ("label-title-only", "input.switch"),
    }
)
#: Elements that are no part of what an integration brings: the line above a repair with its severity.
FRONTENDS_ELEMENTS: Final = ("dialog-repairs-issue-subtitle ",)
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
        """The rule and the kind of element with its role, such as `label` or `input.switch`."""
        element = self.html.removeprefix("<").replace(">", " ").split()[0]
        role = re.search(r'^<[^>]* role="(\w+)"', self.html)
        return self.rule, f"{element}.{role[1]}" if role else element

    @property
    def is_ours(self) -> bool:
        """Tell whether it is none of those that the frontend brings into any dialog."""
        return self.kind not in FRONTENDS_OWN and not self.target.startswith(FRONTENDS_ELEMENTS)

    @classmethod
    def of(cls, found: dict[str, str]) -> Self:
        """Take it as axe reports it."""
        return cls(found["rule"], found["target"], found["html"][:200])


async def violations(page: Page, selector: str = DIALOG) -> list[Violation]:
    """Return the serious and critical violations within an element below the frontend's root."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_SCRIPT.read_text(encoding="utf-8"))
    await settled(page)  # a colour on its way to another is none
    return sorted(Violation.of(one) for one in await page.evaluate(_RUN, selector))
