"""Answers of Home Assistant and the simulator without errors."""

from typing import Any

USER: dict[str, Any] = {
    "type": "form",
    "step_id": "user",
    "errors": {},
    "data_schema": [
        {"name": "host", "required": True, "selector": {"text": {}}},
        {"name": "username", "required": True, "selector": {"text": {}}},
        {"name": "password", "required": True, "selector": {"text": {}}},
    ],
    "description_placeholders": None,
}
CERTIFICATE: dict[str, Any] = {
    "type": "form",
    "step_id": "certificate",
    "errors": None,
    "data_schema": None,
    "description_placeholders": {"fingerprint": "AB:CD", "subject": "CN=EMS"},
}
ENTRY: dict[str, Any] = {"type": "create_entry", "title": "EMS 0001", "result": {"entry_id": "e1", "state": "loaded"}}

#: A simulator that only writes its ready file.
READY = """\
import json, os, signal, sys, time
arguments = sys.argv[1:]
path = arguments[arguments.index("--ready-file") + 1]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ready = {"url": "https://127.0.0.1:9443", "host": "127.0.0.1", "port": 9443, "username": "api", "password": "s3cret",
         "fingerprint": "ab" * 32, "control_url": "http://127.0.0.1:9444"}
with open(path + ".new", "w") as file:
    json.dump(ready, file)
os.rename(path + ".new", path)
print(*arguments, "password" if "EMS_PASSWORD" in os.environ else "", flush=True)
time.sleep(60)
"""


def registries() -> dict[str, Any]:
    """Return Home Assistant's answers to the commands of a snapshot."""
    device = {"config_entry_id": "e1", "name_by_user": None, "name": "Main meter"}
    entity = {
        "config_entry_id": "e1",
        "platform": "carlo_gavazzi_ems",
        "device_id": "l",
        "name": None,
        "original_name": "Voltage",
        "disabled_by": None,
        "unique_id": "BX1_100",
        "entity_id": "sensor.main_voltage",
    }
    return {
        "config_entries/get_single": {
            "config_entry": {"entry_id": "e1", "title": "EMS 0001", "state": "loaded", "reason": None}
        },
        "config/device_registry/list": [
            {
                **device,
                "id": "m",
                "manufacturer": "Carlo Gavazzi",
                "model": "EM24",
                "model_id": "EM24",
                "serial_number": None,
                "sw_version": "1.0",
                "via_device_id": "g",
                "parent_device_id": None,
            },
            {**device, "id": "l", "name_by_user": "Kitchen", "parent_device_id": "m"},
            {**device, "id": "n", "name": None},
            {**device, "id": "other", "config_entry_id": "e2"},
        ],
        "config/entity_registry/list": [
            entity,
            {**entity, "name": "Mine", "unique_id": "BX1_101", "entity_id": "sensor.off", "disabled_by": "user"},
            {**entity, "original_name": None, "unique_id": "BX1_102", "entity_id": "sensor.nameless"},
            {**entity, "config_entry_id": "e2", "unique_id": "BX2_100"},
            {**entity, "platform": "template", "unique_id": "helper"},
        ],
        "get_states": [
            {"entity_id": "sensor.main_voltage", "state": "230.4", "attributes": {"unit_of_measurement": "V"}},
            {"entity_id": "sensor.nameless", "state": "unknown", "attributes": {"friendly_name": "Main"}},
        ],
    }
