"""The documents: every link has a target, every YAML block is accepted, every command exists."""

from dataclasses import dataclass
import json
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from homeassistant.components import input_boolean, persistent_notification
from homeassistant.components.automation.config import ValidationStatus, async_validate_config_item
from homeassistant.components.recorder.statistics import valid_statistic_id
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol
import yaml

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / DOMAIN
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")))
}
TEXTS: dict[str, Any] = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = yaml.safe_load((INTEGRATION / "services.yaml").read_text(encoding="utf-8"))
HELPERS = {"template", "utility_meter"}
#: The sensors in evcc's meter template `homeassistant`.
EVCC = {"power", "energy", "soc", *(f"{what}L{phase}" for what in ("current", "voltage") for phase in (1, 2, 3))}
CARDS = {"grid", "heading", "tile", "history-graph", "statistics-graph", "entities", "gauge", "energy-distribution"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


BLOCKS = [
    Block(page, match[1], match[2])
    for page, text in PAGES.items()
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
]
COMMANDS = sorted(
    {
        command.partition("#")[0].strip()
        for text in (
            *(line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()),
            *(match for text in PAGES.values() for match in re.findall(r"`((?:scripts/|python -m )[^`]+)`", text)),
        )
        for command in [text]
        if command.strip()
    }
)


def named(block: Block) -> str:
    """Return a name for a block, for pytest."""
    return f"{block.page}:{block.text.partition(chr(10))[0][:40]}"


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Files, and headings within them, exist; other addresses are encrypted."""
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    """No block escapes the tests below by its language."""
    assert {block.language for block in BLOCKS} <= {"yaml", "sh", "text", "mermaid"}
    assert len(BLOCKS) > 8


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page: str) -> None:
    """A file that was moved takes its mention along: below the repository's root, or in a room of the integration."""
    names = re.findall(r"`((?:[\w.]+/)+\w+\.(?:py|json|yaml))`", PAGES[page])
    assert not [name for name in names if not (ROOT / name).exists() and not (INTEGRATION / name).exists()]


def test_the_picture_shows_every_room() -> None:
    """Each room is in the picture and in the table of what it knows, and neither has one that is gone."""
    page = PAGES["docs/architecture.md"]
    rooms = {path.parent.name for path in INTEGRATION.glob("*/__init__.py")}
    assert set(re.findall(r'^    (\w+)\["\1: ', page, re.MULTILINE)) == rooms
    assert set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)) == rooms


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "text"], ids=named)
def test_tables_of_codes_can_be_pasted(block: Block) -> None:
    """A table in a page is one that the options take."""
    assert Catalogue.from_text(block.text).confirmed


# A utility meter has no value before the end of its month.
@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=named)
async def test_yaml_is_accepted(hass: HomeAssistant, enable_custom_integrations: None, block: Block) -> None:
    """Home Assistant takes it: automations and actions by its own schemas, dashboards card by card."""
    content = yaml.safe_load(block.text)
    if "triggers" in content:
        await check_automation(hass, content)
    elif "action" in content:
        await check_action(hass, content)
    elif "meters" in content:
        check_evcc(content)
    elif content.keys() & HELPERS:
        await check_helper(hass, *next(iter(content.items())))
    elif content["type"] in CARDS:
        check_card(content)
    else:
        check_card(content | {"type": "grid", "cards": content["sections"]})


async def check_automation(hass: HomeAssistant, content: dict[str, Any]) -> None:
    """Expect Home Assistant to take an automation, and its actions to exist."""
    for component in ("homeassistant", persistent_notification.DOMAIN, input_boolean.DOMAIN, DOMAIN):
        assert await async_setup_component(hass, component, {})
    checked = await async_validate_config_item(hass, "docs", content)
    assert checked is not None
    assert checked.validation_status is ValidationStatus.OK, checked.validation_error
    for step in content["actions"]:
        assert hass.services.has_service(*step["action"].split(".")), step


async def check_helper(hass: HomeAssistant, domain: str, config: Any) -> None:
    """Expect a helper of `configuration.yaml` to be set up, and to show a number if its source has one."""
    names = re.findall(r"sensor\.\w+", str(config))
    assert names
    assert await async_setup_component(hass, domain, {domain: config})
    for value in ("2.0", "2.5"):
        for name in names:
            kind, unit = ("power", "kW") if name.endswith("power") else ("energy", "kWh")
            hass.states.async_set(name, value, {"device_class": kind, "unit_of_measurement": unit})
        await hass.async_block_till_done()
    made = [state for state in hass.states.async_all("sensor") if state.entity_id not in names]
    assert [float(state.state) for state in made] == [{"template": -2500.0, "utility_meter": 0.5}[domain]]


def check_evcc(content: dict[str, Any]) -> None:
    """Expect a meter of evcc to have the parameters of its template `homeassistant`, and sensors in them."""
    for meter in content["meters"]:
        assert (meter.pop("type"), meter.pop("template")) == ("template", "homeassistant")
        assert meter.pop("usage") in {"grid", "pv", "battery", "aux", "charge"}
        assert meter.pop("name")
        assert meter.pop("home")
        assert {"power"} <= meter.keys() <= EVCC
        assert all(cv.entity_id(entity).startswith("sensor.") for entity in meter.values())


async def check_action(hass: HomeAssistant, content: dict[str, Any]) -> None:
    """Expect a script of one action to be valid, the action to exist, and to have the fields that are filled in."""
    cv.SCRIPT_SCHEMA([content])
    domain, _, name = content["action"].partition(".")
    assert await async_setup_component(hass, domain, {})
    assert hass.services.has_service(domain, name)
    if domain != DOMAIN:
        await hass.services.async_call(domain, name, content["data"], blocking=True)
        return
    fields = SERVICES[name]["fields"]
    assert content["data"].keys() <= fields.keys()
    assert {field for field, about in fields.items() if about.get("required")} <= content["data"].keys()
    # The fields are valid, so the action fails only because the sensor or the gateway does not exist.
    with pytest.raises(HomeAssistantError) as refused:
        await hass.services.async_call(domain, name, content["data"], blocking=True, return_response=True)
    assert not isinstance(refused.value, vol.Invalid)
    assert refused.value.translation_key is not None


def check_card(card: dict[str, Any]) -> None:
    """Expect a card, and the cards in it, to be of a kind that Home Assistant has, and to name entities."""
    assert card["type"] in CARDS, card["type"]
    for inner in card.get("cards", []):
        check_card(inner)
    for entity in [card["entity"]] if "entity" in card else card.get("entities", []):
        assert valid_statistic_id(entity) if ":" in entity else cv.entity_id(entity) == entity


def program(command: str) -> tuple[str, list[str]]:
    """Return the program of a command, and its arguments."""
    words = command.split()
    return (" ".join(words[:3]), words[3:]) if words[0] == "python" else (words[0], words[1:])


def python_arguments(name: str) -> list[str] | None:
    """Return the arguments of Python in a command; None for a shell script."""
    if name.startswith("python "):
        return name.split()[1:]
    text = (ROOT / name).read_text(encoding="utf-8")
    if match := re.search(r"\bpython3? (scripts/\w+\.py)", text):
        return [match[1]]
    match = re.search(r'(?:"\$python"|venv/bin/python) -m ([\w.]+(?: \w+)*)', text)
    return ["-m", *match[1].split()] if match else None


@pytest.mark.parametrize("name", sorted({program(command)[0] for command in COMMANDS}))
def test_commands_are_there_with_their_options(name: str) -> None:
    """Every command that a page names runs, as far as to its help, and knows the options that the page gives it."""
    given = [program(command)[1] for command in COMMANDS if program(command)[0] == name]
    options = {word for words in given for word in words if word[:2] == "--"}
    parts = {tuple(words[:1]) for words in given if words and words[0].isalpha() and options.intersection(words)}
    known = ""
    if name.startswith("scripts/"):
        # Python itself, without the script: that would set up the environment first.
        assert subprocess.run(["bash", "-n", str(ROOT / name)], check=False).returncode == 0  # noqa: S603, S607
        known = (ROOT / name).read_text(encoding="utf-8")
    if (arguments := python_arguments(name)) is not None:
        for part in {(), *parts}:
            done = subprocess.run(  # noqa: S603
                [sys.executable, *arguments, *part, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            known += done.stdout
    assert not [option for option in options - {"--help"} if not re.search(rf"{option}(?![\w-])", known)]


def first_sentences() -> list[str]:
    """Return the first sentence of every error message, and the title of every repair."""
    config, options = TEXTS["config"], TEXTS["options"]
    aborts = [text for key, text in config["abort"].items() if not key.endswith("_successful")]
    messages = [*config["error"].values(), *aborts, *options["error"].values()]
    messages += [about["message"] for about in TEXTS["exceptions"].values()]
    titles = [about["title"] for about in TEXTS["issues"].values()]
    return [re.split(r"(?<=[\w}])[.:;?](?:\s|$)", message)[0] for message in messages] + titles


@pytest.mark.parametrize("message", first_sentences())
def test_troubleshooting_goes_by_every_message(message: str) -> None:
    """Whoever looks for the words of a message finds them."""
    words = r"[^|]+?".join(re.escape(part) for part in re.split(r"\{\w+\}", message))
    assert re.search(words, PAGES["docs/troubleshooting.md"]), message


def test_every_option_and_action_is_explained() -> None:
    """The pages name each field of the options by its label, and each action with an example of each of its fields."""
    polling = TEXTS["options"]["step"]["polling"]["data"]
    assert not [label for label in polling.values() if f"| {label} |" not in PAGES["docs/configuration.md"]]
    assert not [
        label
        for label in TEXTS["config"]["step"]["user"]["data"].values()
        if label not in PAGES["docs/configuration.md"]
    ]
    examples = [yaml.safe_load(block.text) for block in BLOCKS if block.language == "yaml"]
    for name, about in SERVICES.items():
        shown = [set(example["data"]) for example in examples if example.get("action") == f"{DOMAIN}.{name}"]
        assert set(about["fields"]) in shown, name


def test_the_issue_forms_are_forms() -> None:
    """GitHub takes them: each has a name, a description and fields with distinct ids."""
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.stem == "config":
            assert form["contact_links"]
            continue
        assert form["name"]
        assert form["description"]
        ids = [field["id"] for field in form["body"]]
        assert len(set(ids)) == len(ids) > 2
        assert {field["type"] for field in form["body"]} <= {"textarea", "input", "dropdown", "checkboxes"}
        assert all(field["attributes"]["label"] for field in form["body"])
