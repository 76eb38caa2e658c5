"""The configuration folder."""

import json
from pathlib import Path
import stat
from typing import Any

import pytest
import yaml

from testbed import DOMAIN, ROOT
from testbed.configuration import local_time_zone, prepare
from testbed.errors import UsageError


def stored(folder: Path, key: str) -> Any:
    """Return the data of a `.storage` file, and check the rest of it."""
    content = json.loads((folder / ".storage" / key).read_text(encoding="utf-8"))
    assert content["key"] == key
    assert content["version"] >= 1
    assert content["minor_version"] >= 1
    return content["data"]


def test_prepared_folder(tmp_path: Path) -> None:
    """All that spares the login and the onboarding is there, and nothing asks for a restart later."""
    configuration = prepare(tmp_path / "new" / "config", 8199, time_zone="Europe/Rome")
    folder = configuration.folder
    assert configuration.url == "http://127.0.0.1:8199"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    config = yaml.safe_load((folder / "configuration.yaml").read_text(encoding="utf-8"))
    (provider,) = config["homeassistant"]["auth_providers"]
    assert provider == {
        "type": "trusted_networks",
        "trusted_networks": "127.0.0.1/32",
        "allow_bypass_login": True,
    }
    assert {"frontend", "config", "energy", "history", "logbook"} <= config.keys()
    assert "http" not in config
    assert "default_config" not in config

    http = stored(folder, "http")
    assert http["stable"]["server_port"] == 8199
    assert http["stable"]["server_host"] == ["127.0.0.1"]
    assert http["pending"] is None
    assert http["yaml_migration_done"] is True
    (user,) = stored(folder, "auth")["users"]
    assert user["is_owner"]
    assert user["group_ids"] == ["system-admin"]
    assert set(stored(folder, "onboarding")["done"]) == {"user", "core_config", "analytics", "integration"}
    assert stored(folder, "core.config")["time_zone"] == "Europe/Rome"
    assert (folder / "custom_components" / DOMAIN).resolve() == ROOT / "custom_components" / DOMAIN


def test_onboarding_is_what_home_assistant_calls_finished() -> None:
    """A step that a later release adds must not be missing."""
    from homeassistant.components.onboarding.const import STEPS  # noqa: PLC0415

    from testbed.configuration import ONBOARDING_STEPS  # noqa: PLC0415

    assert set(ONBOARDING_STEPS) == set(STEPS)


def test_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written among files that are there already."""
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    mode = tmp_path.stat().st_mode
    with pytest.raises(UsageError, match="is not empty"):
        prepare(tmp_path, 8199)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert tmp_path.stat().st_mode == mode


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in the way is told in a sentence."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be used"):
        prepare(tmp_path / "file", 8199)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("usr/share/zoneinfo/Europe/Rome", "Europe/Rome"),
        ("usr/share/zoneinfo/Etc/UTC", "Etc/UTC"),
        ("usr/share/zoneinfo/posixrules", "UTC"),
        ("somewhere/else", "UTC"),
    ],
)
def test_local_time_zone(tmp_path: Path, target: str, expected: str) -> None:
    """The name is where the link points to."""
    path = tmp_path / target
    path.parent.mkdir(parents=True)
    path.touch()
    link = tmp_path / "localtime"
    link.symlink_to(path)
    assert local_time_zone(link) == expected


def test_local_time_zone_is_used(tmp_path: Path) -> None:
    """Without a wish the machine's own zone is taken."""
    folder = prepare(tmp_path, 8199).folder
    assert stored(folder, "core.config")["time_zone"] == local_time_zone()
