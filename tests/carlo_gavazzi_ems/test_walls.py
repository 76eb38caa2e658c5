"""Forbidden imports of each room of the integration, by the room's name; and the size of the rooms."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "carlo_gavazzi_ems"
OWN = "custom_components.carlo_gavazzi_ems"
API = f"{OWN}.api"
#: Modules of the standard library and of dependencies that do I/O.
IO_MODULES = {
    "aiohttp",
    "asyncio",
    "http",
    "io",
    "os",
    "pathlib",
    "requests",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "urllib",
}
#: The parts of Home Assistant that hold state or do I/O; constants, units and formats are allowed.
HASS_MODULES = {
    "homeassistant.config_entries",
    "homeassistant.core",
    "homeassistant.data_entry_flow",
    "homeassistant.helpers",
}
#: Modules that send requests.
CLIENT = {f"{API}.{name}" for name in ("EmsClient", "client", "transport", "auth", "certificate", "fetch_certificate")}
#: Modules that parse the gateway's JSON.
PARSERS = {
    f"{API}.{name}" for name in ("records", "fields", "jsontext", "jsonrepair", "parse_json", "samples", "transport")
}
ENTITIES = {f"{OWN}.{name}" for name in ("entity", "sensor", "binary_sensor", "button", "event")}
DIALOGS = {f"{OWN}.{name}" for name in ("config_flow", "repairs", "dialogs")}


def of_ours(*but: str) -> set[str]:
    """Return all rooms and root files of the integration except some."""
    names = {path.stem for path in INTEGRATION.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return {f"{OWN}.{name}" for name in names - {"__init__"} - set(but)}


#: Room -> forbidden imports. A room is a folder, with all its files and sub-rooms.
WALLS: Final[Mapping[str, set[str]]] = {
    # The client could be a library of its own.
    "api": {"homeassistant", "voluptuous", "probatio"} | of_ours("api"),
    # What a signal means follows from data alone.
    "signals": IO_MODULES | HASS_MODULES | CLIENT | of_ours("api", "signals", "const"),
    "access": {f"{OWN}.{name}" for name in ("coordinator", "polling", "inventory", "history", "signals")}
    | ENTITIES
    | DIALOGS,
    # Signals are UIDs here.
    "polling": {f"{OWN}.{name}" for name in ("signals", "inventory", "recording", "history")} | ENTITIES | DIALOGS,
    # No value of a signal.
    "inventory": {f"{OWN}.{name}" for name in ("coordinator", "recording", "history", "api.Sample")}
    | ENTITIES
    | DIALOGS,
    # Reads history and names nothing.
    "recognition": {f"{OWN}.{name}" for name in ("coordinator", "recording", "history", "energy", "access")}
    | PARSERS
    | ENTITIES
    | DIALOGS,
    # Sends no request.
    "recording": {"aiohttp"} | CLIENT | DIALOGS | {f"{OWN}.history", f"{OWN}.polling"},
    "history": {f"{OWN}.coordinator"} | ENTITIES | DIALOGS,
    # Readings and rows in, rows out.
    "history/arithmetic": {"homeassistant"} | IO_MODULES | of_ours("history", "recording"),
    # Reads the gateway's history, by the room of that name only.
    "demand": {"aiohttp"} | CLIENT | DIALOGS | (ENTITIES - {f"{OWN}.entity"}) | {f"{OWN}.coordinator"},
    # Preferences and meters in, preferences out; of Home Assistant only the format of the preferences.
    "energy": IO_MODULES | HASS_MODULES | of_ours("energy"),
    # Sees records and errors of the client, never an answer.
    "dialogs": {"json", "orjson", "aiohttp"} | PARSERS | ENTITIES | {f"{OWN}.coordinator"},
    # Reads only: with `test_reporting_waits_for_nothing`, no request, no change.
    "reporting": IO_MODULES | HASS_MODULES | CLIENT | ENTITIES | DIALOGS | {f"{OWN}.issues", f"{OWN}.coordinator"},
    "storage": of_ours("storage"),
    "texts": IO_MODULES | {"homeassistant"} | of_ours("texts"),
}
#: Room and file -> an import that its wall forbids, with the reason.
DOORS: Final[Mapping[tuple[str, str], str]] = {
    # The bundled table of documented codes.
    ("signals", "catalogue.py"): "pathlib",
}


def imports(path: Path, root: Path = ROOT) -> Iterator[str]:
    """Yield the absolute names of all modules that a file imports, also inside functions."""
    yield from names_in(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(root).parts[:-1])


def names_in(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Yield the absolute names of all modules that a tree imports, and of the names imported from them."""
    for node in ast.walk(tree):
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


def room(name: str) -> list[Path]:
    """Return the files of a room; not empty, or every check of it would pass."""
    files = sorted((INTEGRATION / name).rglob("*.py"))
    assert any(path.name != "__init__.py" for path in files), f"{name} is empty"
    return files


@pytest.mark.parametrize("name", WALLS)
def test_a_room_keeps_its_wall(name: str) -> None:
    """No file of a room has a forbidden import."""
    found = offenders(iter(room(name)), *WALLS[name])
    doors = {
        f"{(INTEGRATION / place / file).relative_to(ROOT)} imports {module}" for (place, file), module in DOORS.items()
    }
    assert [line for line in found if not any(line == door or line.startswith(f"{door}.") for door in doors)] == []


def test_every_room_has_a_wall() -> None:
    """Every room is in the table."""
    rooms = {path.parent.name for path in INTEGRATION.glob("*/__init__.py")}
    assert rooms == {name for name in WALLS if "/" not in name}


def test_arithmetic_imports_only_the_guard_of_counters() -> None:
    """Of the room recording, it knows the limit below which a fall is a reset; that file does no I/O either."""
    recording = {
        name
        for path in room("history/arithmetic")
        for name in imports(path)
        if name.startswith((f"{OWN}.recording", f"{OWN}.history"))
    }
    assert {name for name in recording if not name.startswith(f"{OWN}.history.arithmetic")} <= {
        f"{OWN}.recording.guard",
        f"{OWN}.recording.guard.RESET_BELOW",
    }
    assert not offenders(iter([INTEGRATION / "recording" / "guard.py"]), "homeassistant", OWN, *IO_MODULES)


def test_demand_is_arithmetic_in_a_thin_shell() -> None:
    """The arithmetic of the demand imports neither Home Assistant nor the client."""
    files = [INTEGRATION / "demand" / name for name in ("arithmetic.py", "counters.py", "hours.py", "ledger.py")]
    own = {name for path in files for name in imports(path) if name.startswith(f"{OWN}.")}
    rooms = {".".join(name.removeprefix(f"{OWN}.").split(".")[:2]) for name in own}
    assert rooms <= {
        "demand",
        "demand.arithmetic",
        "demand.ledger",
        "history.arithmetic",
        "recording.guard",
        "signals.over_range",
    }
    assert not offenders(iter(files), "homeassistant", *IO_MODULES)


def test_reporting_waits_for_nothing() -> None:
    """Without `await` there is no request and no change in Home Assistant's stores."""
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [
        path.name
        for path in room("reporting")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, waiting)
    ]


def test_the_flows_at_the_root_parse_no_json_of_the_gateway() -> None:
    """They are dialogs too; Home Assistant wants them at the root."""
    files = [INTEGRATION / name for name in ("config_flow.py", "repairs.py")]
    assert not offenders(iter(files), *WALLS["dialogs"])


def test_entities_talk_no_http() -> None:
    """An entity shows what a coordinator has read."""
    files = [INTEGRATION / f"{name.rpartition('.')[2]}.py" for name in ENTITIES]
    assert not offenders(iter(files), "aiohttp", "homeassistant.helpers.aiohttp_client", *CLIENT)


def test_the_root_holds_what_home_assistant_looks_for() -> None:
    """Everything else is in a room; and no file is too long."""
    assert len(list(INTEGRATION.glob("*.py"))) <= 20
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in INTEGRATION.rglob("*.py")}
    assert {str(path.relative_to(INTEGRATION)): lines for path, lines in lengths.items() if lines > 350} == {}


def test_integration_and_simulator_do_not_know_each_other() -> None:
    """Neither imports the other."""
    assert not offenders(INTEGRATION.rglob("*.py"), "simulator", "testbed", "tests")
    assert not offenders((ROOT / "simulator").rglob("*.py"), "custom_components", "testbed", "tests", "homeassistant")


def test_every_way_to_import_is_seen(tmp_path: Path) -> None:
    """A forbidden import is found in every place and form."""
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
