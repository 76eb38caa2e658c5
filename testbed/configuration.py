"""A Home Assistant configuration without login and onboarding."""

from dataclasses import dataclass
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Final
from uuid import uuid4

from . import DOMAIN, ROOT
from .errors import UsageError
from .ports import HOST

#: No `default_config`: it needs packages and hardware that are not used here. No `http` either: Home Assistant
#: reverts one in YAML with a restart, five minutes after the start.
YAML: Final = f"""\
homeassistant:
  auth_providers:
    - type: trusted_networks
      trusted_networks: {HOST}/32
      allow_bypass_login: true
frontend:
config:
energy:
history:
logbook:
sensor:
logger:
  default: warning
  logs:
    custom_components.{DOMAIN}: info
"""
ONBOARDING_STEPS: Final = ("user", "core_config", "analytics", "integration")
GROUPS: Final = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration folder and its files."""

    folder: Path
    """Absolute, without links."""
    port: int
    """Port of the frontend on 127.0.0.1."""

    @property
    def url(self) -> str:
        """The address to open in the browser."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """Return the log of the last start; the log before ends in `.1`."""
        return self.folder / "home-assistant.log"

    @property
    def console(self) -> Path:
        """Return the output of the process, for errors before logging starts."""
        return self.folder / "console.log"


def prepare(folder: Path, port: int, *, time_zone: str | None = None) -> Configuration:
    """Fill an empty or missing folder; `time_zone` is an IANA name, the machine's own where None.

    Raises UsageError where the folder cannot be used.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"The folder {folder} is not empty; name one that is empty or does not exist yet.")
        # The gateway's password will be stored in it.
        folder.chmod(0o700)
        (folder / "configuration.yaml").write_text(YAML, encoding="utf-8")
        components = folder / "custom_components"
        components.mkdir()
        # A link, so that a change of the source counts from the next restart on.
        (components / DOMAIN).symlink_to(ROOT / "custom_components" / DOMAIN, target_is_directory=True)
        (folder / ".storage").mkdir()
    except OSError as err:
        raise UsageError(f"The folder {folder} cannot be used: {err.strerror}.") from err
    _store(folder, "http", 2, 2, _http(port))
    _store(folder, "onboarding", 4, 1, {"done": ONBOARDING_STEPS})
    _store(folder, "auth", 1, 1, _auth())
    _store(folder, "core.config", 1, 4, _core(time_zone or local_time_zone()))
    return Configuration(folder, port)


def local_time_zone(localtime: Path = Path("/etc/localtime")) -> str:
    """Return the IANA name of the machine's time zone, UTC if unknown."""
    _, found, name = str(localtime.resolve()).partition("/zoneinfo/")
    return name if found and name[:1].isupper() else "UTC"


def _store(folder: Path, key: str, version: int, minor_version: int, data: object) -> None:
    """Write a file in the format of Home Assistant's `Store`."""
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (folder / ".storage" / key).write_text(json.dumps(content, indent=2), encoding="utf-8")


def _http(port: int) -> dict[str, object]:
    stable = {
        "server_port": port,
        "server_host": [HOST],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _auth() -> dict[str, object]:
    # Exactly one user: with two, `allow_bypass_login` would ask which one.
    owner = {
        "id": uuid4().hex,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "Demo",
        "system_generated": False,
        "local_only": True,
    }
    groups = [{"id": group, "name": name} for group, name in GROUPS.items()]
    return {"users": [owner], "groups": groups, "credentials": [], "refresh_tokens": []}


def _core(time_zone: str) -> dict[str, object]:
    return {
        "latitude": 45.5703,
        "longitude": 9.0263,
        "elevation": 176,
        "unit_system_v2": "metric",
        "location_name": "Home",
        "time_zone": time_zone,
        "external_url": None,
        "internal_url": None,
        "currency": "EUR",
        "country": "IT",
        "language": "en",
        "radius": 100,
    }
