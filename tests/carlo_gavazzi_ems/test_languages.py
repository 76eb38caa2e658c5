"""Seven languages: complete, in Home Assistant's own terms, and without effect on entity_ids."""

from collections import Counter
from collections.abc import Iterator
import importlib
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.dialogs.naming import MEANINGS, QuantityNames
from simulator import Gateway, Site, SiteKind, build_site
from testbed.site_codes import codes_of

from .conftest import SetUp
from .test_walls import INTEGRATION

LANGUAGES: Final = ("de", "it", "fr", "es", "nl", "da")
#: Texts that are the same as in English: names, formulas, and loan words.
SAME: Final = {
    "de": {"Gateway", "Host", "Gas", "Sensor", "Status", "Alarm", "Signal {code}"},
    "it": {"Gateway", "Host", "Gas", "Password"},
    "fr": {"Options", "Table", "Signal {code}"},
    "es": {"Host", "Gas", "Sensor", "Solar"},
    "nl": {"Gateway", "Host", "Gas", "Sensor", "Status", "Alarm", "Water"},
    "da": {"Gateway", "Gas", "Sensor", "Status", "Alarm", "Start", "Signal {code}"},
}
#: What a load is called, as far as that stays the same in singular and plural.
LOAD: Final = {"de": "messpunkt", "it": "caric", "fr": "charge", "es": "carga", "nl": "verbruiker", "da": "belastning"}
#: The longest sentence, as a multiple of the English one.
LONGER: Final = 1.6
#: How many characters fit on a phone: a field, a button or a row of a menu; the name of an entity or a device.
ROW, NAME = 60, 50
#: Home Assistant's own menus, by the keys of its frontend.
MENUS: Final = {
    "Settings": "panel.config",
    "Repairs": "ui.panel.config.repairs.caption",
    "System": "ui.panel.config.dashboard.system.main",
    "Backups": "ui.panel.config.backup.caption",
    "Dashboards": "ui.panel.config.dashboard.dashboards.main",
    "Energy": "ui.panel.config.energy.caption",
    "Tools": "ui.panel.config.dashboard.tools.main",
    "Statistics": "ui.panel.config.tools.tabs.statistics.title",
}
#: Marks that come in pairs, by language.
PAIRS: Final = {"de": "„“", "it": "«»", "fr": "«»", "es": "¿?«»", "nl": "", "da": "»«"}
#: Letters and marks without which a text in the language cannot be written.
LETTERS: Final = {
    "de": "äöüß",
    "it": "àèéìòù\u2019",
    "fr": "éèêàç\u2019\u00a0",
    "es": "áéíóúñ",
    "nl": "ëïé\u2019",
    "da": "æøåé\u2019",
}


def flat(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its path, in the order of the file."""
    if isinstance(node, str):
        yield path, node
        return
    for key, value in node.items():
        yield from flat(value, f"{path}.{key}" if path else key)


def read(language: str) -> dict[str, str]:
    """Return the texts of a language by path."""
    return dict(flat(json.loads((INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8"))))


ENGLISH: Final = read("en")
TEXTS: Final = {language: read(language) for language in LANGUAGES}


def placeholders(text: str) -> Counter[str]:
    """Return the placeholders of a text, with their number."""
    return Counter(re.findall(r"\{(\w+)\}", text))


def test_r23_there_are_these_languages() -> None:
    """A file for each, and no other."""
    files = {path.stem for path in (INTEGRATION / "translations").glob("*.json")}
    assert files == {"en", *LANGUAGES}


def test_r23_no_language_lacks_a_text() -> None:
    """Every language has what English has; the message tells what is missing and what is too much."""
    missing = {language: sorted(ENGLISH.keys() - texts.keys()) for language, texts in TEXTS.items()}
    left_over = {language: sorted(texts.keys() - ENGLISH.keys()) for language, texts in TEXTS.items()}
    wrong = [
        f"{language}: {what} {path}"
        for what, by_language in (("lacks", missing), ("has to lose", left_over))
        for language, paths in by_language.items()
        for path in paths
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
class TestLanguage:
    """Checks of each language."""

    def test_r23_the_order_is_that_of_english(self, language: str) -> None:
        """Two files beside each other can be compared line by line."""
        assert list(TEXTS[language]) == list(ENGLISH)

    def test_r23_the_file_is_written_as_english_is(self, language: str) -> None:
        """Two blanks a level, characters as themselves, one line feed at the end."""
        raw = (INTEGRATION / "translations" / f"{language}.json").read_bytes()
        assert raw.decode("utf-8") == json.dumps(json.loads(raw), ensure_ascii=False, indent=2) + "\n"

    def test_r23_the_same_is_filled_in(self, language: str) -> None:
        """Each placeholder as often as in English, and as many paragraphs and code marks."""
        for path, text in TEXTS[language].items():
            assert placeholders(text) == placeholders(ENGLISH[path]), path
            for mark in ("\n", "`", "**", " > "):
                assert text.count(mark) == ENGLISH[path].count(mark), (path, mark)

    def test_r23_every_text_says_something_in_plain_words(self, language: str) -> None:
        """No empty text, no HTML, no stray blanks."""
        for path, text in TEXTS[language].items():
            assert text.strip() == text != "", path
            assert "  " not in text, path
            assert not re.search(r"</?[a-z][^>]*>|&\w+;", text, re.IGNORECASE), path

    def test_r23_nothing_is_left_in_english(self, language: str) -> None:
        """Texts that are the same as in English are in the list of them, and the list has no others."""
        same = {
            text
            for path, text in TEXTS[language].items()
            if text == ENGLISH[path] and re.search(r"[a-z]", re.sub(r"\{\w+\}", "", text))
        }
        assert same == SAME[language] | ({f"Code {{code_{n}}}" for n in range(1, 41)} & same)

    def test_r23_no_text_outgrows_its_place(self, language: str) -> None:
        """Sentences stay within reach of the English ones; names, fields, buttons and menus fit on a phone."""
        for path, text in TEXTS[language].items():
            if path.startswith(("entity.", "device.")):
                assert len(text) <= NAME, path
            elif len(ENGLISH[path]) <= ROW / LONGER:
                assert len(text) <= ROW, path
            else:
                assert len(text) <= LONGER * len(ENGLISH[path]), path

    def test_r23_a_typographer_would_print_it(self, language: str) -> None:
        """Quotation marks, apostrophes and blanks as the language has them, and all of its letters."""
        for path, text in TEXTS[language].items():
            assert not re.search(r"['\"]", text), path
            for opening, closing in zip(PAIRS[language][::2], PAIRS[language][1::2], strict=False):
                assert text.count(opening) == text.count(closing), path
            if language == "fr":
                assert not re.search(r"[^\u00a0][;?!»]|«[^\u00a0]|[^\u00a0\d]:(?!//|\d)", text), path
        assert set(LETTERS[language]) <= set("".join(TEXTS[language].values()))

    def test_r23_the_same_english_is_the_same_here(self, language: str) -> None:
        """One sentence in two places reads the same in both."""
        by_english: dict[str, set[str]] = {}
        for path, text in TEXTS[language].items():
            by_english.setdefault(ENGLISH[path], set()).add(text)
        assert {english: texts for english, texts in by_english.items() if len(texts) > 1} == {}

    def test_r23_a_load_has_one_name(self, language: str) -> None:
        """The glossary's, wherever English speaks of a load."""
        spoken = [path for path, text in ENGLISH.items() if re.search(r"(?i)\bloads?\b", re.sub(r"\{\w+\}", "", text))]
        assert spoken
        for path in spoken:
            assert LOAD[language] in TEXTS[language][path].lower(), path

    def test_r23_what_stands_together_is_told_apart(self, language: str) -> None:
        """Two names or messages of one kind that differ in English differ here."""
        by_text: dict[tuple[str, ...], set[str]] = {}
        for path, text in TEXTS[language].items():
            by_text.setdefault((*path.split(".")[:2], text), set()).add(ENGLISH[path])
        assert {text: english for text, english in by_text.items() if len(english) > 1} == {}

    def test_r23_menus_are_called_as_home_assistant_calls_them(self, language: str) -> None:
        """A way through the menus can be followed word by word."""
        here, english = frontend(language), frontend("en")
        assert {english[key] for key in MENUS.values()} == set(MENUS)
        ways = 0
        for path, text in ENGLISH.items():
            for way in re.findall(r"\w+(?: > \w+)+", text):
                ways += 1
                assert " > ".join(here[MENUS[step]] for step in way.split(" > ")) in TEXTS[language][path], path
        assert ways

    @pytest.mark.usefixtures("enable_custom_integrations")
    async def test_r27_no_two_meanings_read_the_same(self, hass: HomeAssistant, language: str) -> None:
        """A choice from the list is unambiguous."""
        hass.config.language = language
        names = await QuantityNames.async_load(hass)
        assert set(names.labels(None).values()) == set(MEANINGS)


def frontend(language: str) -> dict[str, str]:
    """Return the texts of Home Assistant's frontend that this test knows, by key."""
    package = importlib.import_module("hass_frontend")
    texts: dict[str, str] = {}
    # A digest follows the language; `es-*` would also match `es-419`.
    name = re.compile(rf"{language}-[0-9a-f]+\.json")
    for path in (Path(next(iter(package.__path__))) / "static" / "translations").rglob("*.json"):
        if name.fullmatch(path.name):
            texts.update(dict(flat(json.loads(path.read_text(encoding="utf-8")))))
    return texts


class TestEntityIds:
    """A house in which the gateway has given some labels and not others."""

    @pytest.fixture
    def site(self) -> Site:
        """A house: a load without a label on a device without one, and one on a device that has one."""
        site = build_site(SiteKind.HOUSE, seed=3)
        first, second = list(site.loads)[:2]
        for uid in (first, site.loads[first].did, second):
            site.rename(uid, "")
        return site

    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_r23_entity_ids_do_not_depend_on_the_language(
        self, hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp, language: str
    ) -> None:
        """Every entity has the id it has in English, also where a name stands in for a missing label."""
        named_codes = dict(list(codes_of(gateway.site).items())[::2])
        ids: list[dict[str, str]] = []
        for shown in ("en", language):
            hass.config.language = shown
            entry = await set_up(gateway, options={"codes": named_codes})
            entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
            ids.append({entity.unique_id: entity.entity_id for entity in entities})
            await hass.config_entries.async_remove(entry.entry_id)
            entity_registry.deleted_entities.clear()
        assert ids[1] == ids[0]
        assert len(ids[0]) > len(gateway.site.signals)
        first = next(iter(gateway.site.loads))
        assert any(f".load_{first}_" in entity_id for entity_id in ids[0].values())
        assert any("_signal_" in entity_id for entity_id in ids[0].values())
