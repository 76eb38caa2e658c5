"""The page with a test for each requirement, and the list of all tests by requirement."""

from pathlib import Path

import pytest

from testbed.requirements import NOT_YET, PAGE, Evidence, Requirement, evidence, main, problems, table

ROOT = Path(__file__).parents[1]
RESTART = Evidence("test_it.py", "test_r02_a", "A.")


def test_every_requirement_has_a_test_that_shows_it() -> None:
    """No requirement is left out or only claimed, and no test carries a number that means nothing."""
    rows = table(PAGE.read_text(encoding="utf-8"))
    assert [row.number for row in rows] == list(range(1, 33))
    assert problems(rows, evidence(ROOT / "tests")) == []


def test_every_piece_of_evidence_says_what_it_shows() -> None:
    """Whoever reads the list does not have to read the code."""
    assert not [test for tests in evidence(ROOT / "tests").values() for test in tests if not test.shows]


def test_names_of_tests_are_read(tmp_path: Path) -> None:
    """One number or several, with and without a leading zero, in a class too."""
    (tmp_path / "test_it.py").write_text(
        'def test_r3_a(): "A."\nclass TestIt:\n    async def test_r09_r10_b(self): "B."\ndef test_rapid(): "C."\n'
    )
    both = Evidence("test_it.py", "test_r09_r10_b", "B.")
    assert evidence(tmp_path) == {3: [Evidence("test_it.py", "test_r3_a", "A.")], 9: [both], 10: [both]}


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("| R2 | Restart. | `test_r02_a` |", "R1 is missing"),
        ("| R1 | Guard. | not yet |", "R2 is missing"),
        ("| R1 | Guard. | not yet |\n| R2 | Restart. | not yet |", "R2 says 'not yet', but there is test_r02_a"),
        (
            "| R1 | Guard. | `test_r02_a` |\n| R2 | Restart. | `test_r02_a` |",
            "R1: no test test_r02_a carries the number",
        ),
        ("| R1 | Guard. | not yet |\n| R2 | Restart. | `test_r02_b` |", "R2: no test test_r02_b carries the number"),
        ("| R1 | A. | not yet |\n| R1 | B. | not yet |\n| R2 | C. | `test_r02_a` |", "R1 is there 2 times"),
    ],
)
def test_a_page_that_does_not_fit_the_tests(page: str, problem: str) -> None:
    """A hole, a row too many, a test that is gone, and a claim that is out of date are each named."""
    assert problems(table(page), {2: [RESTART]}) == [problem]


def test_a_page_that_fits() -> None:
    """What has no test yet may say so."""
    rows = table("| | Requirement | Shown by |\n| R1 | Guard. | not yet |\n| R2 | `I` of a page. | `test_r02_a` |")
    assert rows == [Requirement(1, "Guard.", NOT_YET), Requirement(2, "`I` of a page.", "test_r02_a")]
    assert problems(rows, {2: [RESTART]}) == []


def test_the_command_lists_and_judges(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints every test by its requirement, and fails with a sentence where the page does not fit."""
    monkeypatch.setattr("testbed.requirements.ROOT", tmp_path)
    monkeypatch.setattr("testbed.requirements.PAGE", tmp_path / "page.md")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text('def test_r02_a(): "A."\n')
    (tmp_path / "page.md").write_text("| R1 | Guard. | not yet |\n| R2 | Restart. | `test_r02_a` |\n")
    assert main([]) == 0
    printed = capsys.readouterr()
    assert "## R1\n\nGuard.\n\nnot yet\n" in printed.out
    assert "## R2\n\nRestart.\n\n- A. (`test_it.py`, `test_r02_a`)\n" in printed.out
    assert printed.err == ""
    (tmp_path / "page.md").write_text("| R1 | Guard. | not yet |\n")
    assert main([]) == 1
    assert capsys.readouterr().err == "[requirements] docs/requirements.md: R2 is missing\n"
