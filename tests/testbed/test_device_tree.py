"""The snapshot of the registries, the tree, and the signals missing from it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from testbed.dashboard import open_on_loads
from testbed.device_tree import missing, render, summary
from testbed.inventory import GatewaySignal, Inventory
from testbed.registry import ConfigEntry, Device, Entity, Snapshot, take_snapshot
from testbed.websocket import WebSocket

from .answers import registries
from .fake_home_assistant import FakeHomeAssistant

ENTRY = ConfigEntry("e1", "EMS 0001", "loaded", None)
GATEWAY = Device("g", "EMS 0001", None, ("Carlo Gavazzi", "EMS"))
METER = Device("m", "Main meter", "g", ("EMS10AV5S1X",))
LOAD = Device("l", "Küche 厨房", "m", ())
VOLTAGE = Entity("sensor.main_voltage", "BX1_100", "l", "Voltage", None, "230.4", "V")
POWER = Entity("sensor.main_signal_45", "BX1_101", "l", "Signal 45", None, "1.5", None)
SWITCHED_OFF = Entity("sensor.main_signal_46", "BX1_102", "l", "Signal 46", "integration", None, None)
INVENTORY = Inventory(
    "BX1",
    (GatewaySignal(100, 29, enabled=True), GatewaySignal(101, 45, enabled=True), GatewaySignal(102, 46, enabled=False)),
)


def snapshot(*entities: Entity, devices: Iterable[Device] = (GATEWAY, METER, LOAD)) -> Snapshot:
    """Return a snapshot with these entities."""
    return Snapshot(ENTRY, tuple(devices), entities)


ALL_RIGHT = snapshot(VOLTAGE, POWER, SWITCHED_OFF)


TREE = """\
EMS 0001 · Carlo Gavazzi · EMS
    Main meter · EMS10AV5S1X
        Küche 厨房
            Voltage    sensor.main_voltage         230.4 V
            Signal 45  sensor.main_signal_45         1.5
            Signal 46  sensor.main_signal_46  (disabled)
"""


def test_tree() -> None:
    """Devices hang below each other, entities below their device; names, ids and values are in columns."""
    assert render(ALL_RIGHT) + "\n" == TREE
    assert summary(ALL_RIGHT) == "3 devices, 3 entities: 2 with a value, 1 disabled, 0 without a value"


def test_columns_with_wide_characters() -> None:
    """An ideograph takes two columns on a terminal."""
    shown = render(snapshot(replace(VOLTAGE, name="电压", device_id=None), replace(POWER, device_id=None), devices=[]))
    assert shown.splitlines() == [
        "电压       sensor.main_voltage    230.4 V",
        "Signal 45  sensor.main_signal_45    1.5",
    ]


def test_tree_leaves_nothing_out() -> None:
    """A device whose parent is unknown is a root, an entity without a device stands at the end."""
    lost = replace(VOLTAGE, device_id="gone", entity_id="sensor.lost", value=None)
    shown = render(snapshot(lost, devices=[replace(LOAD, parent_id="gone")]))
    assert shown == "Küche 厨房\nVoltage  sensor.lost  (no state) V"


def test_tree_with_hostile_names() -> None:
    """A name cannot write to the terminal as it likes, nor push the values off the screen."""
    shown = render(snapshot(replace(VOLTAGE, name="\x1b[2J" + "x" * 500), devices=[replace(LOAD, name="a\x1b[2Jb")]))
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) < 160


def test_nothing_missing() -> None:
    """Every enabled signal has a value, and what is off on the gateway is a disabled entity."""
    assert missing(ALL_RIGHT, INVENTORY) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (snapshot(POWER, SWITCHED_OFF), "signal 100 (code 29): has no entity"),
        (snapshot(VOLTAGE, POWER), "signal 102 (code 46): has no entity"),
        (
            snapshot(replace(VOLTAGE, value="unavailable"), POWER, SWITCHED_OFF),
            "signal 100 (code 29): sensor.main_voltage has no value (unavailable)",
        ),
        (
            snapshot(replace(VOLTAGE, value="unknown"), POWER, SWITCHED_OFF),
            "signal 100 (code 29): sensor.main_voltage has no value (unknown)",
        ),
        (
            snapshot(replace(VOLTAGE, value=None), POWER, SWITCHED_OFF),
            "signal 100 (code 29): sensor.main_voltage has no value (None)",
        ),
        (
            snapshot(VOLTAGE, replace(POWER, disabled_by="integration"), SWITCHED_OFF),
            "signal 101 (code 45): sensor.main_signal_45 is disabled by integration, though it is on on the gateway",
        ),
        (
            snapshot(VOLTAGE, POWER, replace(SWITCHED_OFF, disabled_by=None)),
            "signal 102 (code 46): sensor.main_signal_46 is enabled, though it is off on the gateway",
        ),
        (
            replace(ALL_RIGHT, entry=replace(ENTRY, state="setup_retry", reason="No answer")),
            "the integration is not loaded but in state setup_retry: No answer",
        ),
        (
            replace(ALL_RIGHT, entry=replace(ENTRY, state="setup_error")),
            "the integration is not loaded but in state setup_error",
        ),
    ],
)
def test_missing(found: Snapshot, problem: str) -> None:
    """Each fault is found, named, and the only one."""
    assert missing(found, INVENTORY) == [problem]


async def test_snapshot(websocket: WebSocket, fake: FakeHomeAssistant) -> None:
    """Only what belongs to the config entry is in it."""
    fake.results = registries()
    found = await take_snapshot(websocket, "e1")
    assert found.entry == ENTRY
    assert found.devices == (
        Device("m", "Main meter", "g", ("Carlo Gavazzi", "EM24", "1.0")),
        Device("l", "Kitchen", "m", ()),
        Device("n", "(no name)", None, ()),
    )
    assert found.entities == (
        Entity("sensor.main_voltage", "BX1_100", "l", "Voltage", None, "230.4", "V"),
        Entity("sensor.off", "BX1_101", "l", "Mine", "user", None, None),
        Entity("sensor.nameless", "BX1_102", "l", "(as its device)", None, "unknown", None),
    )
    assert [entity.has_value for entity in found.entities] == [True, False, False]


async def test_dashboard(websocket: WebSocket, fake: FakeHomeAssistant) -> None:
    """The bare address opens a dashboard that exists and shows every device."""
    await open_on_loads(websocket)
    create, save, default = fake.commands
    assert create["type"] == "lovelace/dashboards/create"
    assert save["type"] == "lovelace/config/save"
    assert create["url_path"] == save["url_path"] == default["value"]["default_panel"]
    assert save["config"] == {"strategy": {"type": "original-states"}}
