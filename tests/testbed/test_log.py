"""Which log lines count as errors of the integration."""

from pathlib import Path

import pytest

from testbed import ROOT
from testbed.errors import HarnessError
from testbed.log import our_problems, records

EXPECTED = (
    "2026-11-23 16:46:09.475 WARNING (SyncWorker_0) [homeassistant.loader] We found a custom integration "
    "carlo_gavazzi_ems which has not been tested by Home Assistant. This component might cause stability problems\n"
)
OTHERS = (
    "2026-11-23 16:46:09.681 ERROR (MainThread) [haffmpeg.core] FFmpeg fails\n"
    "Traceback (most recent call last):\n"
    f'  File "{ROOT}/.venv/lib/python3.14/site-packages/haffmpeg/core.py", line 130, in open\n'
    "FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'\n"
)


def judge(tmp_path: Path, text: str) -> list[str]:
    """Return the problems in a log with this text."""
    log = tmp_path / "home-assistant.log"
    log.write_text(text, encoding="utf-8")
    return [str(record) for record in our_problems(log)]


@pytest.mark.parametrize(
    "harmless",
    [
        EXPECTED,
        OTHERS,
        "2026-11-23 16:46:09.1 INFO (MainThread) [custom_components.carlo_gavazzi_ems] The gateway answers again\n",
        "2026-11-23 16:46:09.1 DEBUG (MainThread) [custom_components.carlo_gavazzi_ems.api] GET /v1/signals\n",
        "a line before any record, of carlo_gavazzi_ems\n",
        "",
    ],
)
def test_harmless(tmp_path: Path, harmless: str) -> None:
    """What is expected, somebody else's, or no warning does not count."""
    assert judge(tmp_path, harmless) == []


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 16:46:09.1 WARNING (MainThread) [custom_components.carlo_gavazzi_ems.coordinator] No answer",
        "2026-11-23 16:46:09.1 ERROR (MainThread) [custom_components.carlo_gavazzi_ems] Unexpected",
        "2026-11-23 16:46:09.1 CRITICAL (MainThread) [carlo_gavazzi_ems] Unexpected",
        (
            "2026-11-23 16:46:09.1 WARNING (MainThread) [homeassistant.helpers.frame] Detected that custom integration "
            "'carlo_gavazzi_ems' passes via_device, which will stop working in Home Assistant 2027.8"
        ),
        (
            "\x1b[33m2026-11-23 16:46:09.1 WARNING (MainThread) [homeassistant.components.sensor] Updating "
            "carlo_gavazzi_ems sensor took longer than the scheduled update interval\x1b[0m"
        ),
    ],
)
def test_ours(tmp_path: Path, line: str) -> None:
    """A warning of ours counts, and so does one of Home Assistant that names the integration."""
    assert len(judge(tmp_path, f"{EXPECTED}{OTHERS}{line}\n{OTHERS}")) == 1


def test_traceback_belongs_to_its_record(tmp_path: Path) -> None:
    """An error of Home Assistant is ours when its traceback goes through the integration."""
    (problem,) = judge(
        tmp_path,
        OTHERS + "2026-11-23 16:46:09.1 ERROR (MainThread) [homeassistant] Error doing job: Task exception was never "
        "retrieved\nTraceback (most recent call last):\n"
        f'  File "{tmp_path}/custom_components/carlo_gavazzi_ems/coordinator.py", line 1, in poll\n'
        "KeyError: 'v'\n" + OTHERS,
    )
    assert problem.startswith("ERROR [homeassistant] Error doing job")
    assert problem.endswith("KeyError: 'v'")


def test_folders_called_like_the_integration(tmp_path: Path) -> None:
    """A path is no mention: a clone is often called like the integration."""
    folder = tmp_path / "carlo_gavazzi_ems"
    folder.mkdir()
    path = f'  File "{folder}/deps/other.py", line 1\n'
    assert judge(folder, f"2026-11-23 16:46:09.1 ERROR (MainThread) [other] Failed\n{path}") == []


def test_no_log(tmp_path: Path) -> None:
    """Where nothing was logged nothing can be judged, least of all as right."""
    with pytest.raises(HarnessError, match="wrote no log"):
        our_problems(tmp_path / "home-assistant.log")


def test_records() -> None:
    """Every line is in exactly one record."""
    found = list(records((EXPECTED + OTHERS).splitlines(keepends=True)))
    assert [(record.level, record.logger) for record in found] == [
        ("WARNING", "homeassistant.loader"),
        ("ERROR", "haffmpeg.core"),
    ]
    assert found[1].text.count("\n") == 3
