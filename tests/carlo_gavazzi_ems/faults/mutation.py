"""Answers of a gateway with a random error anywhere in them."""

from dataclasses import dataclass, field
import json
import random
from typing import Any, Final, override

from aiohttp import web

from simulator.faults.base import ResponseFault

#: Wrong values by faulty firmware, a faulty transmission or an attacker.
ODDITIES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    -0.0,
    "",
    "nan",
    "1e999",
    "٣",
    "\x00\u202e<b>x</b>",
    "x" * 5000,
    [],
    {},
    [[[]]],
    {"1": {}},
    float("nan"),
    float("inf"),
)


@dataclass(kw_only=True, eq=False)
class Mutated(ResponseFault):
    """One node of each JSON answer is deleted, replaced or renamed; or its text is cut or spoiled."""

    chance: random.Random
    text: bool = False
    """Whether the text is spoiled instead of a node."""
    touched: set[str] = field(default_factory=set)
    """Keys of the records that were changed; `*` where it may be all of them."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = response.body if isinstance(response.body, bytes) else b""
        changed = self._spoiled(body) if self.text else self._changed(json.loads(body))
        return web.Response(status=response.status, body=changed, content_type="application/json")

    def _changed(self, answer: Any) -> bytes:
        """Return an answer with one node changed."""
        path, holder, key = self.chance.choice(list(_nodes(answer)))
        self.touched.add(path[1] if len(path) > 1 else "*")
        match self.chance.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                name = self.chance.choice(["", "one", "-1", "99999999999999999999", "1e3", "v", "uid"])
                self.touched.add(name)
                holder[name] = holder.pop(key)
            case 2:
                holder[key] = [holder[key]]
            case _:
                holder[key] = self.chance.choice(ODDITIES)
        # Python prints NaN and infinities, which are not JSON, as C does.
        return json.dumps(answer).encode()

    def _spoiled(self, body: bytes) -> bytes:
        """Return a text with a part missing, doubled or replaced."""
        self.touched.add("*")
        start = self.chance.randrange(len(body) + 1)
        end = min(len(body), start + self.chance.choice([1, 10, 1000]))
        middle = self.chance.choice([b"", b"\x00", b"\xff\xfe", b'"', b"NaN", b"{", b"]", b"\\", body[start:end] * 2])
        return self.chance.choice([body[:start], body[:start] + middle + body[end:]])


def _nodes(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Return every node below a value: its path, what holds it, and where."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        here = (*path, str(key))
        found.append((here, value, key))
        found += _nodes(inner, here)
    return found
