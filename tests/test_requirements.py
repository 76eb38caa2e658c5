"""The page that leads from each requirement to its tests."""

from pathlib import Path

import pytest

from testbed.requirements import PAGE, REQUIREMENTS, Evidence, evidence, main, page

ROOT = Path(__file__).parents[1]


def test_every_requirement_has_a_test_and_the_page_knows_them_all() -> None:
    """No requirement is only claimed, no test carries a number that means nothing, and the page is up to date."""
    found = evidence(ROOT / "tests")
    assert not [f"R{number}" for number in REQUIREMENTS if not found.get(number)]
    assert found.keys() <= REQUIREMENTS.keys()
    assert PAGE.read_text(encoding="utf-8") == page(found), "run scripts/requirements"


def test_every_piece_of_evidence_says_what_it_shows() -> None:
    """Whoever reads the page does not have to read the code."""
    assert not [test for tests in evidence(ROOT / "tests").values() for test in tests if not test.shows]


def test_names_of_tests_are_read(tmp_path: Path) -> None:
    """One number or several, with and without a leading zero, in a class too."""
    (tmp_path / "test_it.py").write_text(
        'def test_r3_a(): "A."\nclass TestIt:\n    async def test_r09_r10_b(self): "B."\ndef test_rapid(): "C."\n'
    )
    both = Evidence("test_it.py", "test_r09_r10_b", "B.")
    assert evidence(tmp_path) == {3: [Evidence("test_it.py", "test_r3_a", "A.")], 9: [both], 10: [both]}


def test_a_page_that_is_out_of_date(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told by `--check`, and mended without it."""
    monkeypatch.setattr("testbed.requirements.ROOT", tmp_path)
    monkeypatch.setattr("testbed.requirements.PAGE", tmp_path / "page.md")
    (tmp_path / "tests").mkdir()
    tests = "".join(f"def test_r{number:02d}_a(): ...\n" for number in REQUIREMENTS)
    (tmp_path / "tests" / "test_it.py").write_text(tests)
    assert main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_what_has_no_test_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A requirement without a test, and a test without a requirement, both fail."""
    monkeypatch.setattr("testbed.requirements.ROOT", tmp_path)
    monkeypatch.setattr("testbed.requirements.PAGE", tmp_path / "page.md")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text("def test_r99_a(): ...\n")
    assert main([]) == 1
    told = capsys.readouterr().err
    assert "no test carries R1, R2" in told
    assert "there is no R99" in told
