"""Writes docs/requirements.md: which tests show each of the requirements that this integration has to meet.

A test names its requirement: `test_r09_a_void_token_costs_one_login`, or several: `test_r09_r10_…`.
"""

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import sys
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "requirements.md"
_NUMBERS: Final = re.compile(r"test_((?:r\d+_)+)")

#: Number: what it is called, and what must hold, in one sentence.
REQUIREMENTS: Final = {
    1: ("Counter guard", "A wrong reading never shows; a real reset does; no counter is frozen for ever."),
    2: ("Restart", "The last good reading is there before the first poll, and a first reading of 0 adds nothing."),
    3: ("Gap repair", "What a meter counted while nobody looked is booked into the hours in which it was counted."),
    4: ("Import", "The time before Home Assistant can be imported, as often as wanted, with the same result."),
    5: ("Stale sub-meter", "A meter that has fallen silent shows as such; its counters and all other loads stay."),
    6: (
        "Signs and classes",
        "Every quantity has a unit and classes that Home Assistant accepts, and all its decimals.",
    ),
    7: ("One login a token", "A day takes at most 60 logins, whatever the gateway's clock says."),
    8: ("No lock-out", "A refused login is not repeated by itself, and a locked account is left alone."),
    9: ("A 401 is not a wrong password", "Reboots and updates of the gateway ask nobody for a password."),
    10: ("Short failures", "One or two failed polls change nothing; a long outage takes two lines in the log."),
    11: ("Polite", "One request at a time, no more than needed, and fewer where the gateway struggles."),
    12: ("Start-up", "A large, slow or absent gateway neither delays nor breaks the start."),
    13: ("TLS", "Nothing is sent before the certificate is trusted, by an authority or by its pin."),
    14: ("Secrets", "Log and diagnostics name nobody, and a hostile answer does no harm."),
    15: ("Errors that help", "Every cause of a failed set-up has a sentence of its own, and what was typed stays."),
    16: ("Moves", "A gateway may get another address; another gateway at its address is refused."),
    17: ("New loads", "What is added to the gateway appears by itself, or at the press of a button."),
    18: ("Removed loads", "Nothing is deleted unasked, and only what is gone can be."),
    19: ("Identity", "Names may change or be there twice; entities stay who they are."),
    20: (
        "One bad record",
        "What is wrong with one record harms no other, is told once, and stands in the diagnostics.",
    ),
    21: ("Recorder budget", "Noisy values do not fill the database, and a load has few enabled entities by default."),
    22: ("Hierarchy", "Gateway, devices and loads hang together from the start."),
    23: ("Languages", "Seven languages with the same texts; entity IDs do not depend on them."),
    24: ("Quality scale", "Every rule of Home Assistant's quality scale is met, or exempt for a reason."),
    25: ("Upgrade", "What an earlier version stored still loads, with the same entities."),
    26: ("Identification", "What a code measures is found out from physics, and what is called certain is right."),
    27: ("Confirmation", "One form, in which only what is certain is chosen already."),
    28: ("Unknown codes", "A code without a name has no unit, and gets one later in place."),
}


@dataclass(frozen=True, order=True)
class Evidence:
    """A test that shows something of a requirement."""

    file: str
    name: str
    shows: str


def evidence(root: Path) -> dict[int, list[Evidence]]:
    """Return the tests below a folder by the requirement that their names carry, in order."""
    found: defaultdict[int, list[Evidence]] = defaultdict(list)
    for path in sorted(root.rglob("test_*.py")):
        for test in _tests(ast.parse(path.read_text(encoding="utf-8"))):
            if (match := _NUMBERS.match(test.name)) is None:
                continue
            shows = (ast.get_docstring(test) or "").partition("\n")[0]
            for number in re.findall(r"\d+", match[1]):
                found[int(number)].append(Evidence(path.relative_to(root).as_posix(), test.name, shows))
    return {number: sorted(tests) for number, tests in sorted(found.items())}


def _tests(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the test functions of a module, those in classes too."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def page(found: dict[int, list[Evidence]]) -> str:
    """Return the page: a table of all requirements, and the tests of each."""
    lines = [
        "# What must hold, and what shows it",
        "",
        "Each behaviour below is shown by tests, most of them against a simulated gateway over real HTTPS, with a fixed clock and",
        "Home Assistant's own recorder. The names of the tests carry the number; `scripts/requirements` makes this page from them, and a",
        "test fails where it is out of date.",
        "",
        "| | Requirement | Tests |",
        "| --- | --- | --- |",
    ]
    for number, (title, sentence) in REQUIREMENTS.items():
        anchor = f"r{number}-{re.sub(r'[^a-z0-9]+', '-', title.lower())}"
        lines.append(f"| R{number} | [{title}](#{anchor}). {sentence} | {len(found.get(number, []))} |")
    for number, (title, _) in REQUIREMENTS.items():
        lines += ["", f"## R{number} {title}", "", "| What is shown | Test |", "| --- | --- |"]
        for test in found.get(number, []):
            shows = test.shows.replace("|", "\\|").replace("<", "&lt;")
            lines.append(f"| {shows} | [{test.name}](../tests/{test.file}) |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or only check it; the exit code is 1 where it is out of date or a requirement has no test."""
    parser = argparse.ArgumentParser(prog="scripts/requirements", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if the page is out of date")
    options = parser.parse_args(arguments)
    found = evidence(ROOT / "tests")
    text = page(found)
    without = [f"R{number}" for number in REQUIREMENTS if not found.get(number)]
    if without:
        print(f"[requirements] no test carries {', '.join(without)}", file=sys.stderr)
    if strangers := [f"R{number}" for number in found if number not in REQUIREMENTS]:
        print(f"[requirements] there is no {', '.join(strangers)}", file=sys.stderr)
    current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if not current and options.check:
        print("[requirements] docs/requirements.md is out of date; run scripts/requirements", file=sys.stderr)
    elif not current:
        PAGE.write_text(text, encoding="utf-8")
    return int(bool(without or strangers) or (options.check and not current))


if __name__ == "__main__":
    sys.exit(main())
