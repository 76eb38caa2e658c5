"""Compares docs/requirements.md with the tests, and lists every test by the requirement that it shows.

The page has one test for each requirement. A test names its requirement: `test_r09_a_void_token_costs_one_login`, or
several: `test_r09_r10_…`.
"""

import argparse
import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import sys
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "requirements.md"
#: Stands in the page instead of a test, as long as no test names the requirement.
NOT_YET: Final = "not yet"
_NUMBERS: Final = re.compile(r"test_((?:r\d+_)+)")
_ROW: Final = re.compile(r"^\| R(\d+) \| (.+) \| `?([^|`]+)`? \|$", re.MULTILINE)


@dataclass(frozen=True)
class Requirement:
    """A row of the page."""

    number: int
    text: str
    test: str
    """The name of the test that shows it best, or NOT_YET."""


@dataclass(frozen=True, order=True)
class Evidence:
    """A test that shows something of a requirement."""

    file: str
    name: str
    shows: str


def table(page: str) -> list[Requirement]:
    """Return the rows of the page."""
    return [Requirement(int(number), text, test) for number, text, test in _ROW.findall(page)]


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


def problems(rows: Sequence[Requirement], found: Mapping[int, Sequence[Evidence]]) -> list[str]:
    """Return what is wrong with the page: each number once, from 1 on without a gap, each with a test that names it."""
    numbers = Counter(row.number for row in rows)
    last = max([*numbers, *found], default=0)
    wrong = [f"R{number} is there {count} times" for number, count in numbers.items() if count > 1]
    wrong += [f"R{number} is missing" for number in range(1, last + 1) if number not in numbers]
    for row in rows:
        names = {test.name for test in found.get(row.number, [])}
        if row.test == NOT_YET:
            if names:
                wrong.append(f"R{row.number} says {NOT_YET!r}, but there is {min(names)}")
        elif row.test not in names:
            wrong.append(f"R{row.number}: no test {row.test} carries the number")
    return wrong


def listing(rows: Sequence[Requirement], found: Mapping[int, Sequence[Evidence]]) -> str:
    """Return all tests by requirement, as a page."""
    lines = ["# Every test by the requirement that it shows"]
    for row in rows:
        lines += ["", f"## R{row.number}", "", row.text, ""]
        lines += [f"- {test.shows} (`{test.file}`, `{test.name}`)" for test in found.get(row.number, [])] or [NOT_YET]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the list of all tests, and what is wrong with the page; the exit code is 1 where anything is."""
    parser = argparse.ArgumentParser(prog="scripts/requirements", description=__doc__.partition("\n")[0])
    parser.parse_args(arguments)
    rows, found = table(PAGE.read_text(encoding="utf-8")), evidence(ROOT / "tests")
    print(listing(rows, found), end="")
    wrong = problems(rows, found)
    for problem in wrong:
        print(f"[requirements] docs/requirements.md: {problem}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
