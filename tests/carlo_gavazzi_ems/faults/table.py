"""The faults, the requests, and the error that a person sees for a fault at a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import product
from typing import Final, override

from simulator.faults import Fault, kinds
from simulator.faults.base import DataFault, StateFault
from simulator.faults.parse import make, settings


class Request(StrEnum):
    """Every kind of request that the integration makes, by its path."""

    VERSION = "/ver"
    LOGIN = "/v1/auth/login"
    INFO = "/v1/serial-number"
    DEVICES = "/v1/devices"
    LOADS = "/v1/loads"
    SIGNALS = "/v1/signals"
    REALTIME = "/v1/signals/realtime"
    DATE = "/v1/date"
    HISTORY = "/v1/signals/history"


class Situation(StrEnum):
    """What the integration is doing."""

    SET_UP = "set-up"
    """The dialog, and the first set-up after it."""
    START = "start"
    """A set-up that knows nothing of the gateway: it waits for all lists."""
    RELOAD = "reload"
    """A start of Home Assistant that knows what was listed last."""
    RUNNING = "running"
    POLLING = "options: polling"
    NAMING = "options: names"
    IMPORT = "options: import"
    REAUTH = "reauth"


#: Settings whose faults behave differently; of enumerations all members are used.
_SETTINGS: Final[Mapping[str, Mapping[str, tuple[object, ...]]]] = {
    "status": {"code": (503, 400, 401, 403, 404, 429, 500)},
    "refuse-logins": {"code": (401, 403, 423, 429, 503)},
    "void-tokens": {"times": (1, None)},
    "garbage-numbers": {"text": ("NaN", "n/a", "230,4,", "")},
    "huge-body": {"size": (20_000_000,), "announced": (False, True)},
    "empty-page": {"code": (200, 204, 404)},
    # Large records, so that the size limit ends it soon; the client's tests have the limit of records.
    "endless-list": {"bad": (False, True), "padding": (4000,)},
    "delay": {"seconds": (60.0,)},
    "hang-up": {"seconds": (0.001, 0.05)},
    "trickle": {"seconds": (0.2,)},
    # In all answers: the counters' tests have wrong readings in a single answer.
    "counter-glitch": {"times": (None,)},
}
#: Answers that hold records.
_RECORDS: Final = frozenset(
    {Request.DEVICES, Request.LOADS, Request.SIGNALS, Request.REALTIME, Request.HISTORY},
)
_VALUES: Final = {
    "counter-glitch": frozenset({Request.REALTIME}),
    "garbage-numbers": frozenset({Request.REALTIME, Request.HISTORY}),
    "load-clock": frozenset({Request.REALTIME}),
    "repeat-values": frozenset({Request.REALTIME}),
}
#: What is asked for in each situation.
ASKED: Final[Mapping[Situation, frozenset[Request]]] = {
    Situation.SET_UP: frozenset(Request),
    Situation.START: frozenset(Request) - {Request.HISTORY},
    Situation.RELOAD: frozenset(Request) - {Request.HISTORY},
    Situation.RUNNING: frozenset(Request) - {Request.VERSION, Request.INFO},
    # A reload keeps the token.
    Situation.POLLING: frozenset(Request) - {Request.HISTORY, Request.LOGIN},
    Situation.NAMING: frozenset(Request) - {Request.VERSION, Request.INFO, Request.DEVICES, Request.DATE},
    Situation.IMPORT: frozenset({Request.LOGIN, Request.HISTORY}),
    Situation.REAUTH: frozenset(Request) - {Request.HISTORY},
}
#: Read page by page; the other lists are one answer each.
_PAGED: Final = frozenset({Request.SIGNALS, Request.REALTIME, Request.HISTORY})
#: Requested first: the dialog shows their errors.
FIRST: Final = frozenset({Request.VERSION, Request.LOGIN, Request.INFO})
LISTS: Final = frozenset({Request.DEVICES, Request.LOADS, Request.SIGNALS})
#: Requests that a set-up with stored lists waits for; the others follow right after it.
AWAITED: Final = frozenset({Request.LOGIN, Request.INFO, Request.REALTIME})


@dataclass(frozen=True, slots=True)
class Variant:
    """A fault with its settings."""

    kind: str
    given: tuple[tuple[str, object], ...] = ()

    def at(self, request: Request | None) -> Fault:
        """Return the fault, at one kind of request."""
        given: dict[str, object] = dict(self.given)
        if request is not None:
            given["path"] = request.value
        return make(self.kind, given)  # type: ignore[arg-type]  # what a setting may be is checked there

    @property
    def slow(self) -> bool:
        """Return whether it ends by a time limit only."""
        return self.kind in {"delay", "trickle"}

    @property
    def pathless(self) -> bool:
        """Return whether it applies to all requests."""
        return issubclass(kinds()[self.kind], StateFault)

    @override
    def __str__(self) -> str:
        """Return the name for a test's ID."""
        return "-".join([self.kind, *(str(value) for _, value in self.given if value is not None)])


def variants() -> Iterator[Variant]:
    """Yield every fault that the simulator has, with all settings that make a difference."""
    for kind, of in sorted(kinds().items()):
        chosen = dict(_SETTINGS.get(kind, {}))
        for name, types in settings(of).items():
            for wanted in types:
                if issubclass(wanted, Enum):
                    chosen[name] = tuple(member.value for member in wanted)
        for values in product(*chosen.values()):
            yield Variant(kind, tuple(zip(chosen, values, strict=True)))


def kinds_of_outcome() -> Iterator[Variant]:
    """Yield the variants of each kind of fault that lead to different errors."""
    seen = set()
    for variant in variants():
        outcome = (variant.kind, *(error_of(variant, request) for request in Request))
        if outcome not in seen:
            seen.add(outcome)
            yield variant


def meaningless(variant: Variant, request: Request) -> str | None:
    """Return why a fault cannot strike at a request, None where it can."""
    kind = kinds()[variant.kind]
    if issubclass(kind, StateFault):
        # It applies to all requests; testing it once is enough.
        return None if request is Request.REALTIME else "a fault of the gateway's state has no path"
    if variant.kind == "refuse-logins" and request is not Request.LOGIN:
        return "elsewhere it is a status like others"
    if variant.kind == "void-tokens" and request in {Request.VERSION, Request.LOGIN}:
        return "this request needs no token"
    if request not in _VALUES.get(variant.kind, {request}):
        return "there is no value in this answer, or none that is changed"
    recorded = issubclass(kind, DataFault) or variant.kind == "empty-page"
    if (recorded and request not in _RECORDS) or (variant.kind == "endless-list" and request not in _PAGED):
        return "there is no record in this answer, or it has no second page"
    return None


def asked(situation: Situation, variant: Variant) -> Iterator[Request]:
    """Yield the requests of a situation at which a fault can strike."""
    return (request for request in Request if request in ASKED[situation] and not meaningless(variant, request))


#: The error that a person sees for a missing or unreadable answer, by kind of fault.
_KEYS: Final[Mapping[str, str]] = {
    "drop": "cannot_connect",
    "half-body": "cannot_connect",
    "delay": "timeout",
    "trickle": "timeout",
    "html": "not_an_ems",
    "redirect": "not_an_ems",
    "empty-body": "not_an_ems",
    "huge-body": "not_an_ems",
    "long-list": "not_an_ems",
    "endless-list": "not_an_ems",
    "status": "gateway_error",
}
_LOGIN_KEYS: Final = {401: "invalid_auth", 403: "no_rights", 423: "locked", 429: "locked", 503: "locked"}
#: All errors: any of them is accepted for a kind of fault that is missing above.
KEYS: Final = frozenset({*_KEYS.values(), *_LOGIN_KEYS.values()})


def error_of(variant: Variant, request: Request) -> frozenset[str]:
    """Return the keys of the errors that a request with this fault may end in; none if the answer can be used."""
    kind, code = kinds()[variant.kind], dict(variant.given).get("code")
    rows_left_out = variant.kind == "endless-list" and dict(variant.given)["bad"] and request is Request.HISTORY
    if issubclass(kind, DataFault | StateFault) or rows_left_out:
        # One bad record does not affect others. History ends with a page without a readable row.
        return frozenset()
    match variant.kind:
        case "empty-page" | "garbage-numbers" | "hang-up" | "one-connection" | "short-sessions":
            # The end of a list; one missing value; a new connection or a new login is enough.
            return frozenset()
        case "void-tokens":
            # R9: one new login and one repeat; if that fails too, the token is not the cause.
            return frozenset({"no_rights"}) if ("times", None) in variant.given else frozenset()
        case "status" | "refuse-logins" if request is Request.LOGIN and code in _LOGIN_KEYS:
            return frozenset({_LOGIN_KEYS[code]})
        case "status" if code in {401, 403}:
            return frozenset({"no_rights"})
    return frozenset({_KEYS[variant.kind]}) if variant.kind in _KEYS else KEYS


def dialog_errors(request: Request, errors: frozenset[str]) -> frozenset[str]:
    """Return the keys that a dialog shows for these errors: after the login the device is known to be an EMS."""
    unreadable = request in LISTS and "not_an_ems" in errors
    return errors - {"not_an_ems"} | {"lists_unreadable"} if unreadable else errors
