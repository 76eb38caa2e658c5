"""Stored files that are damaged or of a newer version: they are ignored with a warning."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.dialogs.naming_round import Naming
from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from custom_components.carlo_gavazzi_ems.storage.checked import CheckedStore
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import SetUp

ENTRY_ID = "01JEMS0000000000000000000R"
KEYS = {
    f"{DOMAIN}.{ENTRY_ID}.missing": "list of missing loads",
    f"{DOMAIN}.logins": "list of refused logins",
    f"{DOMAIN}.{ENTRY_ID}.topology": "stored lists of the gateway",
    f"{DOMAIN}.{ENTRY_ID}.units": "list of recorded units",
    f"{DOMAIN}.{ENTRY_ID}.recognised": "list of codes recognised",
    f"{DOMAIN}.{ENTRY_ID}.older_history": "wish for older history",
    f"{DOMAIN}.{ENTRY_ID}.repair": "stored progress of the repair",
}
DAMAGED: list[Any] = [[], "text", 12, {"x": []}, {ENTRY_ID: {"refusals": "many"}}, {"12": {"since": None, "reads": 1}}]


@pytest.mark.parametrize("content", DAMAGED, ids=repr)
@pytest.mark.parametrize("version", [1, 99])
async def test_r25_an_entry_loads_without_files_that_cannot_be_used(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    content: Any,
    version: int,
) -> None:
    """Each of them is named in one line; the next start finds good ones, and nothing raises."""
    for key in KEYS:
        hass_storage[key] = {"version": version, "minor_version": 1, "key": key, "data": content}
    entry = await set_up(gateway, entry_id=ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    for key, what in KEYS.items():
        lines = [record for record in caplog.records if what in record.getMessage()]
        # The progress is read when the recorder runs.
        assert len(lines) == 1 or key.endswith(".repair"), what
        assert all(record.levelname == "WARNING" and not record.exc_info for record in lines)
    caplog.clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert f"{DOMAIN}.{ENTRY_ID}.topology" in hass_storage
    assert "stored lists" not in caplog.text


@pytest.mark.parametrize("file", [{}, {"version": 1}, {"version": "x", "data": {}}, {"data": {}}], ids=repr)
async def test_a_file_without_its_frame(hass: HomeAssistant, hass_storage: dict[str, Any], file: Any) -> None:
    """Home Assistant's own fields around the content may be damaged too."""
    hass_storage["test"] = file
    assert await CheckedStore(hass, "test", "The test", vol.Schema({str: int})).async_read() is None


async def test_a_way_up(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """The content of an old version goes through every version in between."""
    hass_storage["test"] = {"version": 1, "minor_version": 1, "key": "test", "data": {"a": 1}}

    def second(content: dict[str, int]) -> dict[str, int]:
        return {name: value * 10 for name, value in content.items()}

    def third(content: dict[str, int]) -> list[int]:
        return [*content.values()]

    store = CheckedStore(hass, "test", "The test", vol.Schema([int]), upgrades=(second, third))
    assert await store.async_read() == [10]
    assert (hass_storage["test"]["version"], hass_storage["test"]["data"]) == (3, [10])


async def test_an_older_file_that_cannot_be_brought_up(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged file of an older version is handled as damaged."""
    hass_storage["test"] = {"version": 1, "minor_version": 1, "key": "test", "data": 7}
    store = CheckedStore(hass, "test", "The test", vol.Schema([int]), upgrades=(lambda content: content["a"],))
    assert await store.async_read() is None
    assert caplog.text.count("The test cannot be used") == 1


async def test_what_is_written_can_be_read(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """A store reads what it wrote."""
    await CheckedStore(hass, "test", "The test", vol.Schema({str: int})).async_save({"a": 1})
    assert await CheckedStore(hass, "test", "The test", vol.Schema({str: int})).async_read() == {"a": 1}


def test_r25_codes_of_a_newer_version_survive_a_downgrade() -> None:
    """A meaning that this version does not know stays in the options, whatever is named beside it."""
    before = {CONF_CODES: {"45": "active_power/kW", "46": "quantum_flux/qB"}, "of_a_newer_version": 1}
    naming = Naming(catalogue=Catalogue(before[CONF_CODES]), chosen={"47": "voltage_l1_n/V", "45": ""})  # type: ignore[arg-type]
    after = naming.options(before)
    assert after[CONF_CODES]["46"] == "quantum_flux/qB"
    assert "45" not in after[CONF_CODES]
    assert after["of_a_newer_version"] == 1
    again = Naming(catalogue=Catalogue(after[CONF_CODES]), chosen={"46": "frequency/Hz"})
    assert again.options(after)[CONF_CODES]["46"] == "frequency/Hz"
