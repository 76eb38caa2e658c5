"""Faults from text and JSON (`drop path=/v1/* times=2`), and back."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from types import NoneType, UnionType
from typing import get_args, get_type_hints

from simulator.dialect import Json

from .base import Fault, kinds


def settings(kind: type) -> dict[str, tuple[type, ...]]:
    """Return the settings of a dataclass by name, with the types that each may have."""
    hints = get_type_hints(kind)
    return {
        field.name: get_args(hints[field.name]) if isinstance(hints[field.name], UnionType) else (hints[field.name],)
        for field in fields(kind)
        if field.init and not field.name.startswith("_")
    }


def coerce(name: str, value: Json, types: tuple[type, ...]) -> object:
    """Return a value as one of the types a setting may have; ValueError with a sentence if none fits."""
    if NoneType in types and value in {None, "none"}:
        return None
    for wanted in types:
        try:
            match wanted:
                case _ if wanted is bool and str(value).lower() in {"true", "false"}:
                    return str(value).lower() == "true"
                case _ if wanted is int and isinstance(value, int | str) and not isinstance(value, bool):
                    return int(value)
                case _ if wanted is float and isinstance(value, int | float | str) and not isinstance(value, bool):
                    return float(value)
                case _ if issubclass(wanted, Enum):
                    return wanted(value)
                case _ if wanted is str and isinstance(value, str):
                    return value
        except ValueError:
            continue
    raise ValueError(f"{name} is {' or '.join(_describe(wanted) for wanted in types)}, not {value!r}")


def _describe(wanted: type) -> str:
    """Return a type in words."""
    if issubclass(wanted, Enum):
        return "one of " + ", ".join(str(member.value) for member in wanted)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", NoneType: "none"}
    return words[wanted]


def make(kind: str, given: Mapping[str, Json]) -> Fault:
    """Return a fault of a kind; ValueError with a sentence for an unknown kind or setting, or a bad value."""
    known = kinds()
    if kind not in known:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(known))}")
    allowed = settings(known[kind])
    if unknown := sorted(set(given) - set(allowed)):
        raise ValueError(f"{kind} has no setting {', '.join(unknown)}; it has {', '.join(sorted(allowed))}")
    return known[kind](**{name: coerce(name, value, allowed[name]) for name, value in given.items()})  # type: ignore[arg-type]  # coerced to the fields' own types


def explain() -> str:
    """Return the help text: every kind of fault, what it does and its settings."""
    lines = []
    for name, kind in sorted(kinds().items()):
        common = {"path", "times", "probability"}
        own = ", ".join(
            f"{setting} ({' or '.join(_describe(wanted) for wanted in types)})"
            for setting, types in settings(kind).items()
            if setting not in common
        )
        lines.append(f"  {name:<16} {(kind.__doc__ or '').splitlines()[0]}")
        if own:
            lines.append(f"{'':19}settings: {own}")
    return "\n".join(lines)


def describe(fault: Fault) -> dict[str, Json]:
    """Return a fault with its settings as JSON."""
    description: dict[str, Json] = {"id": fault.id, "kind": fault.kind}
    description |= {name: getattr(fault, name) for name in settings(type(fault))}
    return description
