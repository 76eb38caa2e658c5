"""Builds the reproducible archive that HACS installs, and the release notes."""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import re
import subprocess
import sys
from typing import Final
import zipfile

from . import DOMAIN, ROOT

INTEGRATION: Final = Path("custom_components") / DOMAIN
NAME: Final = f"{DOMAIN}.zip"
#: The earliest date of a zip entry, so that the archive does not depend on the time.
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644


class ReleaseError(Exception):
    """An error that prevents a release."""


def files(root: Path) -> list[str]:
    """Return the integration's files that git tracks, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", str(INTEGRATION)],  # noqa: S607
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(name for name in listed.split("\0") if name)


def build(root: Path, target: Path) -> None:
    """Write the archive with the integration's files at its top level, as HACS expects."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not compressed: compressors differ between machines.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in files(root):
            entry = zipfile.ZipInfo(Path(name).relative_to(INTEGRATION).as_posix(), _DATE)
            entry.external_attr = _MODE << 16
            entry.create_system = 3
            archive.writestr(entry, (root / name).read_bytes())


def version(root: Path) -> str:
    """Return the manifest's version."""
    manifest = json.loads((root / INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["version"])


def notes(root: Path, wanted: str) -> str:
    """Return the changelog's section of a version; ReleaseError if it is missing or empty."""
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(wanted)}\] - \d{{4}}-\d\d-\d\d$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |^\[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no dated section for {wanted}")
    return found[1].strip() + "\n"


def check_tag(root: Path, tag: str) -> None:
    """Raise ReleaseError unless the tag matches the manifest's version."""
    if tag != f"v{version(root)}":
        raise ReleaseError(f"the tag {tag} is not v{version(root)}, the version in the manifest")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build dist/carlo_gavazzi_ems.zip; with a tag, check it and write dist/notes.md."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tag", help="the tag of the release, v and the version in the manifest")
    tag: str | None = parser.parse_args(arguments).tag
    target = ROOT / "dist" / NAME
    try:
        if tag is not None:
            check_tag(ROOT, tag)
        build(ROOT, target)
        if tag is not None:
            (ROOT / "dist" / "notes.md").write_text(notes(ROOT, version(ROOT)), encoding="utf-8")
    except ReleaseError as err:
        print(f"[release] ERROR: {err}", file=sys.stderr)
        return 1
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
