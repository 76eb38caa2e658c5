"""Processes with another date."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import time

import pytest

from testbed.errors import HarnessError
from testbed.shift import Shift

INSTANT = datetime(2026, 6, 17, 14, tzinfo=UTC)


def test_a_shift(tmp_path: Path) -> None:
    """It is as long as it is from now to the instant, whichever comes first, and can be moved."""
    library = tmp_path / "x86" / "libfaketime.so.1"
    library.parent.mkdir()
    library.touch()
    file = tmp_path / "clock"
    shift = Shift(INSTANT, file, [f"{tmp_path}/*/none.so", f"{tmp_path}/*/libfaketime.so.1"])
    assert shift.now() == pytest.approx(INSTANT.timestamp(), abs=60)
    assert shift.seconds == pytest.approx(INSTANT.timestamp() - time.time(), abs=60)
    assert file.read_text(encoding="ascii") == f"{shift.seconds:+.3f}s\n"
    assert shift.wrapper[:3] == ("env", f"LD_PRELOAD={library}", f"FAKETIME_TIMESTAMP_FILE={file}")
    shift.move(INSTANT + timedelta(hours=3))
    assert shift.now() == pytest.approx(INSTANT.timestamp() + 3 * 3600, abs=60)
    assert file.read_text(encoding="ascii") == f"{shift.seconds:+.3f}s\n"


def test_without_the_library(tmp_path: Path) -> None:
    """What is missing is told, and how to get it."""
    with pytest.raises(HarnessError, match="scripts/setup --fast-clock installs it"):
        Shift(INSTANT, tmp_path / "clock", [f"{tmp_path}/libfaketime.so.1"])
