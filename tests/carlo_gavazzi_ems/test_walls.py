"""The walls of the house: what may not know what."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "carlo_gavazzi_ems"
#: What does I/O or gets at it; reading a file of the package at import is the catalogue's, and only its.
IO_MODULES = {
    "aiohttp",
    "asyncio",
    "http",
    "io",
    "os",
    "requests",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "urllib",
}


def imports(path: Path, root: Path = ROOT) -> Iterator[str]:
    """Yield the absolute names of all modules that a file imports, wherever in it."""
    package = path.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                base = (
                    ".".join((*package[: len(package) - level + 1], *filter(None, [module]))) if level else module or ""
                )
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)


def offenders(files: Iterator[Path], *forbidden: str) -> list[str]:
    """Return which of the files import a forbidden module or something below it."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports(path)
        for wall in forbidden
        if name == wall or name.startswith(f"{wall}.")
    ]


def flows() -> Iterator[Path]:
    """Yield the files of the dialogs."""
    yield from (INTEGRATION / name for name in ("config_flow.py", "repairs.py"))
    yield from (INTEGRATION / "dialogs").rglob("*.py")


def entities() -> Iterator[Path]:
    """Yield the files of the entities."""
    yield from (INTEGRATION / name for name in ("entity.py", "sensor.py", "binary_sensor.py", "button.py"))


def existing(files: Iterator[Path]) -> Iterator[Path]:
    """Yield those files that there are, at least one."""
    found = [path for path in files if path.exists()]
    assert found
    yield from found


def test_the_client_knows_no_home_assistant() -> None:
    """The client could be published as a library: it imports neither Home Assistant nor what is above it."""
    files = list((INTEGRATION / "api").rglob("*.py"))
    assert len(files) > 5
    assert not offenders(iter(files), "homeassistant", "voluptuous", "probatio")
    own = "custom_components.carlo_gavazzi_ems"
    assert not [
        f"{path.name} imports {name}"
        for path in files
        for name in imports(path)
        if name.startswith(own) and not name.startswith(f"{own}.api")
    ]


def test_signals_do_no_io_and_know_no_flow() -> None:
    """What a signal means is worked out from data alone."""
    files = list((INTEGRATION / "signals").rglob("*.py"))
    assert files
    assert not offenders(
        iter(files),
        *IO_MODULES,
        "homeassistant.config_entries",
        "homeassistant.core",
        "homeassistant.data_entry_flow",
        "homeassistant.helpers",
        "custom_components.carlo_gavazzi_ems.api.client",
        "custom_components.carlo_gavazzi_ems.api.transport",
    )


def test_the_plan_for_the_dashboard_is_pure() -> None:
    """What the dashboard lacks is worked out from data alone; of Home Assistant it knows only the format."""
    files = [INTEGRATION / "energy" / "proposal.py"]
    assert not offenders(
        iter(files), *IO_MODULES, "homeassistant.config_entries", "homeassistant.core", "homeassistant.helpers"
    )


def test_rows_of_history_are_pure() -> None:
    """From readings to rows nothing but arithmetic happens."""
    files = [INTEGRATION / "history" / name for name in ("rows.py", "plan.py", "gaps.py", "empty_spans.py")]
    assert not offenders(iter(files), "homeassistant", *IO_MODULES)


def test_flows_parse_no_json_of_the_gateway() -> None:
    """A dialog sees records and errors of the client, never an answer."""
    api = "custom_components.carlo_gavazzi_ems.api"
    assert not offenders(
        existing(flows()),
        "json",
        "orjson",
        "aiohttp",
        f"{api}.records",
        f"{api}.fields",
        f"{api}.jsontext",
        f"{api}.transport",
    )


def test_entities_talk_no_http() -> None:
    """An entity shows what a coordinator has read."""
    api = "custom_components.carlo_gavazzi_ems.api"
    assert not offenders(
        existing(entities()),
        "aiohttp",
        "homeassistant.helpers.aiohttp_client",
        *(f"{api}.{name}" for name in ("EmsClient", "client", "transport", "auth", "certificate")),
    )


def test_integration_and_simulator_do_not_know_each_other() -> None:
    """The simulator is never the reason that something works."""
    assert not offenders(INTEGRATION.rglob("*.py"), "simulator", "testbed", "tests")
    assert not offenders((ROOT / "simulator").rglob("*.py"), "custom_components", "testbed", "tests", "homeassistant")


def test_every_way_to_import_is_seen(tmp_path: Path) -> None:
    """A hole in a wall is noticed wherever and however it is made."""
    path = tmp_path / "house" / "api" / "hole.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "from . import models\nfrom ..coordinator import X\ndef f():\n    import homeassistant.core as c\n",
        encoding="utf-8",
    )
    assert set(imports(path, tmp_path)) == {
        "house.api",
        "house.api.models",
        "house.coordinator",
        "house.coordinator.X",
        "homeassistant.core",
    }
