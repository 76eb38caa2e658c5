"""There are no import circles between files, or between rooms of the integration."""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from testbed import DOMAIN, ROOT

PACKAGES = ("benchmarks", "custom_components", "simulator", "soak", "testbed")
INTEGRATION = f"custom_components.{DOMAIN}"

type Graph = Mapping[str, Collection[str]]


def modules(root: Path, packages: Collection[str]) -> dict[str, Path]:
    """Return the files of packages by the dotted names under which they are imported."""
    found = {}
    for package in packages:
        for path in (root / package).rglob("*.py"):
            *parts, name = path.relative_to(root).with_suffix("").parts
            found[".".join(parts if name == "__init__" else [*parts, name])] = path
    return found


def executed_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes of a file except those for the type checker only, which are no dependencies at run time."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from executed_nodes(node)


def imported(name: str, path: Path, known: Collection[str]) -> Iterator[str]:
    """Yield the known modules that an import anywhere in a file names, inside a function too."""
    parts = name.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    for node in executed_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in known)
            case ast.ImportFrom(module=module, level=level, names=names):
                above = package[: len(package) - level + 1] if level else []
                source = ".".join([*above, *filter(None, [module])])
                for alias in names:
                    # A name of a package is either a file in it or defined by its __init__.
                    yield from [one for one in (f"{source}.{alias.name}", source) if one in known][:1]


def executed(importer: str, target: str, known: Collection[str]) -> Iterator[str]:
    """Yield a module and its packages, whose `__init__` Python runs first, except the importer's own packages."""
    parts = target.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        if name in known and (name == target or not f"{importer}.".startswith(f"{name}.")):
            yield name


def file_graph(root: Path, packages: Collection[str]) -> dict[str, set[str]]:
    """Return which file imports which, by dotted name."""
    known = modules(root, packages)
    return {
        name: {one for target in imported(name, path, known) for one in executed(name, target, known) if one != name}
        for name, path in known.items()
    }


def room_graph(files: Graph, integration: str) -> dict[str, set[str]]:
    """Return which room of the integration imports which; each file at its root is a room of its own."""

    def room(name: str) -> str:
        return name.removeprefix(integration).removeprefix(".").partition(".")[0]

    graph: dict[str, set[str]] = {}
    for name, targets in files.items():
        if name.startswith(integration):
            others = {room(target) for target in targets if target.startswith(integration)}
            graph.setdefault(room(name), set()).update(others - {room(name)})
    return graph


def circle(graph: Graph) -> list[str]:
    """Return the names along one circle, with the first again at the end; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


@cache
def repository() -> dict[str, set[str]]:
    """Return the graph of this repository."""
    return file_graph(ROOT, PACKAGES)


def made_up(root: Path, files: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the graph of files that are written below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return file_graph(root, {Path(name).parts[0] for name in files})


def test_no_file_is_in_a_circle() -> None:
    """An import anywhere in a file counts, and the `__init__` of a package that it runs."""
    graph = repository()
    assert len(graph) > 150
    assert sum(map(len, graph.values())) > 500
    assert not circle(graph)


def test_no_room_of_the_integration_is_in_a_circle() -> None:
    """A room knows only rooms that do not know it."""
    graph = room_graph(repository(), INTEGRATION)
    assert {"api", "signals", "coordinator", ""} <= graph.keys()
    assert "api" in graph["access"]
    assert not circle(graph)


def test_the_finder_sees_imports_of_every_form(tmp_path: Path) -> None:
    """Absolute and relative, of a file, of a name in it, of a package; in a function; not one that only a type checker reads."""
    graph = made_up(
        tmp_path,
        {
            "one/__init__.py": "from .a import A",
            "one/a.py": "import two.b",
            "one/inner/__init__.py": "from ..a import A\nfrom .. import c as see",
            "one/c.py": "import json\ndef later():\n    from two import B, b",
            "two/__init__.py": "",
            "two/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .d import D",
            "two/d.py": "",
        },
    )
    assert graph == {
        "one": {"one.a"},
        "one.a": {"two", "two.b"},
        "one.inner": {"one.a", "one.c"},
        "one.c": {"two", "two.b"},
        "two": set(),
        "two.b": set(),
        "two.d": set(),
    }
    assert not circle(graph)


def test_the_finder_sees_a_circle(tmp_path: Path) -> None:
    """Through three files of two packages, one of the imports in a function."""
    graph = made_up(
        tmp_path,
        {
            "one/a.py": "from two.b import B",
            "two/b.py": "def later():\n    from .c import C",
            "two/c.py": "import one.a",
            "two/d.py": "import one.a",
        },
    )
    found = circle(graph)
    assert found[0] == found[-1]
    assert set(found) == {"one.a", "two.b", "two.c"}


def test_the_finder_sees_a_circle_through_a_package(tmp_path: Path) -> None:
    """A file that is imported from outside runs the `__init__` of its package, which imports the importer."""
    graph = made_up(
        tmp_path, {"one/__init__.py": "import two", "one/a.py": "", "two/__init__.py": "from one.a import A"}
    )
    assert set(circle(graph)) == {"one", "two"}


def test_the_finder_sees_a_circle_of_rooms(tmp_path: Path) -> None:
    """Two rooms that know each other through different files, in which no file is in a circle."""
    graph = made_up(
        tmp_path,
        {
            "our/house/low/a.py": "",
            "our/house/low/b.py": "from our.house.high.c import C",
            "our/house/high/c.py": "",
            "our/house/high/d.py": "from our.house.low.a import A",
            "our/house/root.py": "from .high import d",
        },
    )
    assert not circle(graph)
    rooms = room_graph(graph, "our.house")
    assert rooms == {"low": {"high"}, "high": {"low"}, "root": {"high"}}
    assert set(circle(rooms)) == {"low", "high"}
