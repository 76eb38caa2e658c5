"""Finds the integration's warnings and errors in Home Assistant's log."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final, override

from . import DOMAIN, ROOT
from .errors import HarnessError

RECORD: Final = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ (?P<level>[A-Z]+) \((?P<thread>[^)]*)\) \[(?P<logger>[^\]]*)\] (?P<text>.*)$"
)
SERIOUS: Final = frozenset({"WARNING", "ERROR", "CRITICAL"})
#: Home Assistant's warning about every custom integration.
EXPECTED: Final = re.compile(rf"We found a custom integration {DOMAIN} which has not been tested by Home Assistant")
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record with all its lines."""

    level: str
    logger: str
    text: str
    """The message and, after line breaks, the traceback."""

    @override
    def __str__(self) -> str:
        """Return a line for the report."""
        return f"{self.level} [{self.logger}] {self.text}"

    def is_ours(self, elsewhere: Iterable[str] = ()) -> bool:
        """Return whether it is a warning or an error of the integration.

        Names of the folders `elsewhere`, such as the project's, do not count as a mention.
        """
        if self.level not in SERIOUS or EXPECTED.search(self.text):
            return False
        text = self.text
        for folder in elsewhere:
            text = text.replace(folder, "")
        return DOMAIN in self.logger or DOMAIN in text


def records(lines: Iterable[str]) -> Iterator[LogRecord]:
    """Split a log into records; lines before the first are dropped."""
    current: list[str] = []
    level = logger = ""
    for raw in lines:
        line = COLOUR.sub("", raw.rstrip("\n"))
        if match := RECORD.match(line):
            if current:
                yield LogRecord(level, logger, "\n".join(current))
            level, logger, current = match["level"], match["logger"], [match["text"]]
        elif current:
            current.append(line)
    if current:
        yield LogRecord(level, logger, "\n".join(current))


def our_problems(log: Path) -> list[LogRecord]:
    """Return the warnings and errors of the integration in a log of Home Assistant.

    Raises HarnessError if there is no such file.
    """
    if not log.exists():
        raise HarnessError(f"Home Assistant wrote no log to {log}.")
    # The project's folder may be named like the integration, and any traceback shows its path.
    folders = (str(log.parent), str(log.parent.resolve()), str(ROOT))
    with log.open(encoding="utf-8", errors="replace") as lines:
        return [record for record in records(lines) if record.is_ours(folders)]
