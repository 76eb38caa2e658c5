"""Hooks for schemathesis, which loads this file by SCHEMATHESIS_HOOKS."""

from typing import Any

import schemathesis

_UIDS = (1, 2, 3, 82, 83, 100)
"""Devices, loads and signals that every site has, as in the document."""


@schemathesis.hook
def map_path_parameters(_: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Let every second UID be one that exists."""
    uid = (path_parameters or {}).get("uid")
    if path_parameters is not None and isinstance(uid, int) and uid % 2:
        return path_parameters | {"uid": _UIDS[uid // 2 % len(_UIDS)]}
    return path_parameters


@schemathesis.hook
def filter_query(_: schemathesis.HookContext, query: dict[str, Any] | None) -> bool:
    """Leave out spans that end before they start: the contract cannot exclude them, and the simulator answers 400."""
    start, end = ((query or {}).get(name) for name in ("start", "end"))
    if isinstance(start, str) and isinstance(end, str) and start.isdecimal() and end.isdecimal():
        return int(start) <= int(end)
    return True
