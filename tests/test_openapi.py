"""docs/openapi.yaml compared with the printed document: operations, parameters, status codes and examples, by hand."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

PATH = Path(__file__).parent.parent / "docs" / "openapi.yaml"

FILTER = ["uids", "limit", "page"]
SPAN = ["start", "end", "limit", "page"]

OPERATIONS: dict[str, tuple[str, list[str], list[str], str]] = {
    # operation: summary, parameters, status codes, example of the 200 response
    "POST /v1/auth/login": ("Login", [], ["200", "401"], "Token"),
    "GET /ver": ("Get API version", [], ["200"], "ApiVersion"),
    "GET /v1/serial-number": ("Get EMS serial number", [], ["200", "401"], "SerialNumber"),
    "GET /v1/mac": ("Get the EMS MAC address", [], ["200", "401"], "MacAddress"),
    "GET /v1/firmware": ("Get EMS Firmware version", [], ["200", "401"], "Firmware"),
    "GET /v1/part-number": ("Get EMS Part number", [], ["200", "401"], "PartNumber"),
    "GET /v1/date": ("Get current local date and timezone", [], ["200", "401"], "LocalDate"),
    "GET /v1/devices": ("List devices", ["uids", "protocol"], ["200", "400", "401"], "DeviceMap"),
    "GET /v1/devices/{uid}": ("Get a device by UID", ["uid"], ["200", "401", "404"], "Device"),
    "GET /v1/loads": ("List loads", ["uids", "protocol"], ["200", "400", "401"], "LoadMap"),
    "GET /v1/loads/{uid}": ("Get a load by UID", ["uid"], ["200", "401", "404"], "Load"),
    "GET /v1/devices/{uid}/loads": ("List loads belonging to a device", ["uid"], ["200", "401", "404"], "LoadMap"),
    "GET /v1/signals": ("List signals", FILTER, ["200", "400", "401"], "SignalMap"),
    "GET /v1/signals/{uid}": ("Get a signal by UID", ["uid"], ["200", "401", "404"], "Signal"),
    "GET /v1/devices/{uid}/signals": (
        "List signals belonging to a device",
        ["uid"],
        ["200", "401", "404"],
        "SignalMap",
    ),
    "GET /v1/loads/{uid}/signals": ("List signals belonging to a load", ["uid"], ["200", "401", "404"], "SignalMap"),
    "GET /v1/signals/realtime": (
        "Latest realtime values for many signals",
        FILTER,
        ["200", "400", "401"],
        "RealtimeMap",
    ),
    "GET /v1/signals/{uid}/realtime": (
        "Latest realtime value for a single signal",
        ["uid"],
        ["200", "401", "404"],
        "RealtimeSample",
    ),
    "GET /v1/devices/{uid}/signals/realtime": (
        "Latest realtime values for all signals of a device",
        ["uid"],
        ["200", "401", "404"],
        "RealtimeMap",
    ),
    "GET /v1/loads/{uid}/signals/realtime": (
        "Latest realtime values for all signals of a load",
        ["uid"],
        ["200", "401", "404"],
        "RealtimeMap",
    ),
    "GET /v1/signals/history": (
        "Historical sample for many signals",
        ["uids", *SPAN],
        ["200", "400", "401"],
        "HistoryMap",
    ),
    "GET /v1/signals/{uid}/history": (
        "Historical sample for a single signal",
        ["uid", *SPAN],
        ["200", "400", "401", "404"],
        "HistoryRows",
    ),
    "GET /v1/signals/history/last": (
        "Last historical sample for many signals",
        FILTER,
        ["200", "400", "401*"],
        "LastHistoryMap",
    ),
    "GET /v1/signals/{uid}/history/last": (
        "Last historical sample for a single signal",
        ["uid"],
        ["200", "401*", "404*"],
        "HistoryRow",
    ),
    "GET /v1/devices/{uid}/signals/history": (
        "Historical sample for all signals of a device",
        ["uid", *SPAN],
        ["200", "400", "401", "404"],
        "HistoryMap",
    ),
    "GET /v1/devices/{uid}/signals/history/last": (
        "Last historical sample for each signal of a device",
        ["uid"],
        ["200", "401", "404"],
        "LastHistoryMap",
    ),
    "GET /v1/loads/{uid}/signals/history": (
        "Historical sample for all signals of a load",
        ["uid", *SPAN],
        ["200", "400", "401", "404"],
        "HistoryMap",
    ),
    "GET /v1/loads/{uid}/signals/history/last": (
        "Last historical sample for each signal of a load",
        ["uid"],
        ["200", "401", "404"],
        "LastHistoryMap",
    ),
}
"""As printed in the document; a star marks a status that only its general rule implies."""

PARAMETERS: dict[str, tuple[str, str, object]] = {
    # name: where, type, printed example
    "uid": ("path", "integer", 1),
    "uids": ("query", "string", "1,2,59"),
    "protocol": ("query", "string", None),
    "limit": ("query", "integer", 100),
    "page": ("query", "integer", 1),
    "start": ("query", "string", "1735689600000"),
    "end": ("query", "string", "1735776000000"),
}

DEVICE = '{"uid": 1, "label": "Main meter", "partNumber": "EMS10AV5S1X", "system": "1P"}'
LOAD = """{"uid": 2, "label": "Main", "enable": true, "index": 1, "type": 0, "did": 1,
           "meterBus": {}, "tcp": {}, "rtu": {}, "virtual": {}, "P1": {}}"""
SIGNAL = '{"uid": 100, "si": 29, "sir": 29, "enable": true, "lid": 83, "did": 82}'
SAMPLE = '{"uid": 100, "si": 29, "v": 230.4, "t": 1752493029975, "s": 1, "r": 0}'
ROW = '{"uid": 3, "t": 1735689659, "p": 1735689660, "v": 10.5, "d": 0, "max": 100, "min": 0}'
PRINTED: dict[str, str] = {
    "Credentials": '{"username": "admin", "password": "s3cret!"}',
    "Token": '{"token": "eyJhbGciOi…<jwt>…"}',
    "ApiVersion": '{"api_ver": 1}',
    "SerialNumber": '{"sn": "BX10000000"}',
    "MacAddress": '{"mac": "00:1A:2B:3C:4D:5E"}',
    "Firmware": '{"fw": "EMS_1.0.0.0.250101.000000"}',
    "PartNumber": '{"pn": "EMS10AV5S1X"}',
    "LocalDate": '{"date": "2025-01-01 00:00:00", "tz": "+00:00 UTC"}',
    "Device": DEVICE,
    "DeviceMap": f'{{"devices": {{"1": {DEVICE}}}}}',
    "Load": LOAD,
    "LoadMap": f'{{"loads": {{"2": {LOAD}}}}}',
    "Signal": SIGNAL,
    "SignalMap": f'{{"signals": {{"100": {SIGNAL}}}}}',
    "RealtimeSample": SAMPLE,
    "RealtimeMap": f'{{"realtime": {{"100": {SAMPLE}}}}}',
    "HistoryRow": ROW,
    "HistoryRows": f"[{ROW}]",
    "HistoryMap": f'{{"history": {{"3": [{ROW}]}}}}',
    "LastHistoryMap": f'{{"history": {{"3": {ROW}}}}}',
}
COLLAPSED = {
    "DeviceMap": ["1", "59"],
    "LoadMap": ["2"],
    "SignalMap": ["100", "101"],
    "RealtimeMap": ["100", "101"],
    "HistoryMap": ["3", "4"],
    "LastHistoryMap": ["3", "4"],
}
"""The keys that the document prints without content."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The parsed file."""
    parsed: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return parsed


def resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a node, or the node that it refers to."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation as `METHOD /path`."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_openapi_3_1_with_exactly_the_documents_operations(document: dict[str, Any]) -> None:
    """The document has 28 operations; each has an id of its own."""
    found = dict(operations(document))
    assert document["openapi"].startswith("3.1")
    assert len(found) == 28
    assert set(found) == set(OPERATIONS)
    assert len({operation["operationId"] for operation in found.values()}) == 28


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_as_printed(document: dict[str, Any], name: str) -> None:
    """Summary, parameters in order, status codes and the example's type are those of the document."""
    summary, parameters, statuses, example = OPERATIONS[name]
    operation = dict(operations(document))[name]
    assert operation["summary"] == summary
    assert [resolve(document, node)["name"] for node in operation.get("parameters", [])] == parameters
    found = []
    for status, node in operation["responses"].items():
        response = resolve(document, node)
        found.append(status + "*" * response.get("x-undocumented", False))
    assert sorted(found) == sorted(statuses)
    content = resolve(document, operation["responses"]["200"])["content"]["application/json"]
    assert content["examples"] == {"printed": {"$ref": f"#/components/examples/{example}"}}


def test_only_the_version_and_the_login_need_no_token(document: dict[str, Any]) -> None:
    """Every endpoint except these two requires a Bearer JWT."""
    assert document["security"] == [{"bearerAuth": []}]
    scheme = document["components"]["securitySchemes"]["bearerAuth"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    public = {name for name, operation in operations(document) if operation.get("security") == []}
    assert public == {"GET /ver", "POST /v1/auth/login"}
    assert all("security" not in operation for name, operation in operations(document) if name not in public)


def test_parameters_are_as_printed(document: dict[str, Any]) -> None:
    """Each parameter has its place, type and printed example; only the path's is required."""
    found = document["components"]["parameters"]
    assert set(found) == set(PARAMETERS)
    for name, (where, kind, example) in PARAMETERS.items():
        parameter = found[name]
        schema = resolve(document, parameter["schema"])
        assert (parameter["name"], parameter["in"], schema["type"]) == (name, where, kind)
        assert parameter.get("example") == example
        assert parameter.get("required", False) is (where == "path")
    assert found["protocol"]["schema"]["enum"] == ["rtu", "tcp", "meterBus", "virtual", "P1"]
    assert found["limit"]["schema"]["default"] == 1000
    assert found["page"]["schema"]["default"] == 1


def test_the_examples_are_those_of_the_document(document: dict[str, Any]) -> None:
    """Every printed JSON is there literally, keys in their order; collapsed entries are named, not invented."""
    found = document["components"]["examples"]
    assert set(found) == set(PRINTED)
    for name, text in PRINTED.items():
        assert json.dumps(found[name]["value"]) == json.dumps(json.loads(text)), name
        assert found[name].get("x-collapsed") == COLLAPSED.get(name)


def _schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a schema of the components with everything it may refer to."""
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


@pytest.mark.parametrize("name", PRINTED)
def test_example_fits_its_schema(document: dict[str, Any], name: str) -> None:
    """The document's own examples are valid, with fields nobody knows too; without a field they are not."""
    validator = jsonschema_rs.Draft202012Validator(_schema(document, name))
    value = json.loads(PRINTED[name])
    assert validator.is_valid(value)
    assert not validator.is_valid("text")
    if isinstance(value, dict):
        assert validator.is_valid(value | {"unheard-of": 1})
        assert not validator.is_valid({})


def test_every_parameter_example_fits_its_schema(document: dict[str, Any]) -> None:
    """The printed examples of parameters are valid by the patterns and bounds added here."""
    for parameter in document["components"]["parameters"].values():
        if "example" in parameter:
            schema = resolve(document, parameter["schema"])
            assert jsonschema_rs.is_valid(schema, parameter["example"]), parameter["name"]


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ("Load", "index"),
        ("Load", "type"),
        ("Signal", "sir"),
        ("RealtimeSample", "s"),
        ("RealtimeSample", "r"),
        ("HistoryRow", "d"),
    ],
)
def test_what_is_not_documented_says_so(document: dict[str, Any], schema: str, field: str) -> None:
    """No meaning is claimed for fields that the document does not explain."""
    assert document["components"]["schemas"][schema]["properties"][field]["description"] == "Meaning not documented."


def test_no_schema_forbids_further_fields(document: dict[str, Any]) -> None:
    """A gateway may send more than the document shows."""
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("additionalProperties") is not False, name
