"""The meaning of codes: documented, confirmed, shared as text, refused."""

import json
from pathlib import Path
from types import MappingProxyType

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.signals import catalogue as module
from custom_components.carlo_gavazzi_ems.signals.catalogue import (
    DOCUMENTED,
    Catalogue,
    Meaning,
    Problem,
    Source,
    UnknownMeaning,
    UnreadableTable,
    parse_code,
    parse_meaning,
)
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES

MEANINGS = [Meaning(quantity, unit, Source.CONFIRMED) for quantity in QUANTITIES.values() for unit in quantity.units]
TEXTS = [meaning.text for meaning in MEANINGS]

codes = st.integers(min_value=0, max_value=9_999_999_999).map(str)
tables = st.dictionaries(codes, st.sampled_from(TEXTS), max_size=30)


class TestDocumented:
    """The codes that come with the integration."""

    def test_r28_only_what_the_document_shows(self) -> None:
        """The document shows code 29 at 230.4, a voltage; it does not say of which phase."""
        assert DOCUMENTED.keys() == {29}
        assert DOCUMENTED[29].text == "voltage/V"
        assert DOCUMENTED[29].source is Source.DOCUMENTED
        assert DOCUMENTED[29].quantity.placeholders == {}

    def test_r28_every_entry_names_its_source(self) -> None:
        """A code without a public source does not go in."""
        file = Path(module.__file__).with_name("catalogue.json")
        for code, entry in json.loads(file.read_text(encoding="utf-8")).items():
            assert entry.keys() == {"quantity", "unit", "source"}
            assert len(entry["source"]) > 20
            assert DOCUMENTED[int(code)].reference == entry["source"]

    def test_nothing_is_read_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The file is read at import; a catalogue made in the event loop touches none."""

        def fail(*_args: object, **_kwargs: object) -> None:
            raise AssertionError("a file was opened")

        monkeypatch.setattr("io.open", fail)
        monkeypatch.setattr("builtins.open", fail)
        with pytest.raises(AssertionError, match="opened"):
            Path(module.__file__).read_text(encoding="utf-8")
        assert Catalogue({"45": "active_power/kW"}).meaning(29) == DOCUMENTED[29]


class TestMeaningText:
    """The text form of a meaning."""

    @pytest.mark.parametrize("meaning", MEANINGS, ids=TEXTS)
    def test_round_trip(self, meaning: Meaning) -> None:
        """Every quantity in every unit comes back as it went."""
        assert parse_meaning(meaning.text, Source.CONFIRMED) == meaning

    def test_forms(self) -> None:
        """A unit follows a slash, a bare number has none, and a unit may have a slash itself."""
        assert {"active_power/kW", "power_factor", "power_factor/%", "flow_rate/m³/h"} <= set(TEXTS)
        assert parse_meaning("power_factor", Source.CONFIRMED).unit is None
        assert parse_meaning("flow_rate/m³/h", Source.CONFIRMED).unit == "m³/h"
        assert len(set(TEXTS)) == len(TEXTS)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "there is no quantity ''"),
            ("kW", "there is no quantity 'kW'"),
            ("power/kW", "there is no quantity 'power'"),
            ("Active_power/kW", "there is no quantity 'Active_power'"),
            (" active_power/kW", "there is no quantity ' active_power'"),
            ("active_power", "active_power does not come without a unit; known are: W, kW, MW"),
            ("active_power/", "active_power does not come in ''; known are: W, kW, MW"),
            ("active_power/kw", "active_power does not come in 'kw'; known are: W, kW, MW"),
            ("active_power/kWh", "active_power does not come in 'kWh'; known are: W, kW, MW"),
            ("active_power/kW ", "active_power does not come in 'kW '; known are: W, kW, MW"),
            ("reactive_power/VAr", "reactive_power does not come in 'VAr'; known are: var, kvar"),
            ("gas/m3", "gas does not come in 'm3'; known are: m³, L, ft³, CCF"),
            ("power_factor/W", "power_factor does not come in 'W'; known are: a bare number, %"),
            ("status/None", "status does not come in 'None'; known are: a bare number"),
            ("x" * 1000, f"there is no quantity '{'x' * 39}…'"),
        ],
    )
    def test_r28_nothing_is_guessed(self, text: str, said: str) -> None:
        """A text that is nearly right is refused, in words that help."""
        with pytest.raises(UnknownMeaning) as error:
            parse_meaning(text, Source.CONFIRMED)
        assert str(error.value) == said

    @given(st.text() | st.sampled_from(TEXTS).flatmap(lambda text: st.just(text + "x") | st.just(text.swapcase())))
    def test_any_text(self, text: str) -> None:
        """Whatever is typed is either exactly a known text or refused."""
        try:
            meaning = parse_meaning(text, Source.CONFIRMED)
        except UnknownMeaning:
            assert text not in TEXTS
        else:
            assert meaning.text == text

    @pytest.mark.parametrize(
        "text", ["", " 1", "1 ", "01", "-01", "-", "+1", "1.0", "1e3", "٤٥", "0x1d", "1_0", "9" * 5000, "1\n"]
    )
    def test_codes_are_plain(self, text: str) -> None:
        """A code is written in one way only, so that no two keys name the same."""
        with pytest.raises(UnknownMeaning, match="is not a code"):
            parse_code(text)

    @pytest.mark.parametrize("code", [-7, 12_345_678_901, 2**63 - 1, -(2**63)])
    def test_whatever_a_gateway_calls_a_code_can_be_named(self, code: int) -> None:
        """A negative code, or one of eleven digits, is as good as any: it is asked for once, and kept."""
        assert parse_code(str(code)) == code
        assert Catalogue({str(code): "frequency/Hz"}).confirmed == {str(code): "frequency/Hz"}

    @given(codes)
    def test_every_code_is_read(self, text: str) -> None:
        """A plain number comes back as it went."""
        assert str(parse_code(text)) == text


class TestCatalogue:
    """Codes looked up."""

    def test_r28_unknown(self) -> None:
        """An unknown code has no meaning, and none is guessed."""
        catalogue = Catalogue()
        assert catalogue.meaning(45) is None
        assert catalogue.meaning(-29) is None
        assert catalogue.meanings == DOCUMENTED
        assert catalogue.confirmed == {}
        assert catalogue.rejected == {}

    def test_r27_confirmed_wins(self) -> None:
        """What the user has confirmed counts more than the document."""
        catalogue = Catalogue({"45": "active_power/kW", "29": "voltage_l1/V"})
        power, voltage = catalogue.meaning(45), catalogue.meaning(29)
        assert power is not None
        assert voltage is not None
        assert (power.text, power.source) == ("active_power/kW", Source.CONFIRMED)
        assert (voltage.text, voltage.source, voltage.reference) == ("voltage_l1/V", Source.CONFIRMED, "")
        assert list(catalogue.meanings) == [29, 45]
        assert DOCUMENTED[29].text == "voltage/V"

    def test_a_bad_entry_harms_no_other(self) -> None:
        """What makes no sense is skipped and listed; a documented code then stays as documented."""
        stored: dict[str, object] = {
            "x": "frequency/Hz",
            "29": "voltage/kW",
            "45": "active_power/kW",
            "46": None,
            "47": ["frequency/Hz"],
            "048": "frequency/Hz",
        }
        catalogue = Catalogue(MappingProxyType(stored))
        assert catalogue.confirmed == {"45": "active_power/kW"}
        assert catalogue.meaning(29) == DOCUMENTED[29]
        assert catalogue.rejected == {
            "x": "'x' is not a code, which is a whole number",
            "29": "voltage does not come in 'kW'; known are: V, mV, kV",
            "46": "None is not a text",
            "47": "['frequency/Hz'] is not a text",
            "048": "'048' is not a code, which is a whole number",
        }

    @given(tables)
    def test_stored_form(self, confirmed: dict[str, str]) -> None:
        """What was confirmed is stored as it was, in the order of the codes."""
        catalogue = Catalogue(confirmed)
        assert catalogue.confirmed == confirmed
        assert list(catalogue.confirmed) == sorted(confirmed, key=int)
        assert catalogue.rejected == {}


class TestSharing:
    """The confirmed table as text."""

    def test_to_text(self) -> None:
        """One line a code, in order, under a line that says what it is; the documented code is not the user's."""
        text = Catalogue({"101": "power_factor", "45": "active_power/kW"}).to_text()
        heading, *lines = text.splitlines()
        assert heading.startswith("# ")
        assert lines == ["45 = active_power/kW", "101 = power_factor"]

    @given(tables)
    def test_round_trip(self, confirmed: dict[str, str]) -> None:
        """A table that is exported and imported keeps its meanings."""
        assert Catalogue.from_text(Catalogue(confirmed).to_text()).confirmed == confirmed

    def test_as_people_paste_it(self) -> None:
        """Blanks, blank lines, remarks, Windows line ends, a byte order mark and a repetition do no harm."""
        text = (
            "\ufeff\r\n# mine\r\n  45=active_power/kW  # heat pump\r\n\t46 =\u00a0frequency/Hz\r\n45 = active_power/kW"
        )
        assert Catalogue.from_text(text).confirmed == {"45": "active_power/kW", "46": "frequency/Hz"}
        assert Catalogue.from_text("").confirmed == {}

    def test_every_bad_line_is_named(self) -> None:
        """All problems are told at once, by line, and nothing is taken."""
        text = "45 = active_power/kW\nhello\n46: frequency/Hz\n\nx1 = frequency/Hz\n47 = power\n45 = active_power/W"
        with pytest.raises(UnreadableTable) as error:
            Catalogue.from_text(text)
        assert error.value.problems == (
            Problem(2, "hello", "it is not of the form: code = quantity/unit"),
            Problem(3, "46: frequency/Hz", "it is not of the form: code = quantity/unit"),
            Problem(5, "x1 = frequency/Hz", "'x1' is not a code, which is a whole number"),
            Problem(6, "47 = power", "there is no quantity 'power'"),
            Problem(7, "45 = active_power/W", "code 45 is active_power/kW further up"),
        )
        assert str(error.value).startswith("line 2: it is not of the form: code = quantity/unit; line 3: ")
        assert str(error.value).endswith("; and 2 more")

    def test_a_single_problem(self) -> None:
        """One bad line makes one sentence, however long the line."""
        with pytest.raises(UnreadableTable) as error:
            Catalogue.from_text("x" * 10_000)
        assert str(error.value) == "line 1: it is not of the form: code = quantity/unit"
        assert len(error.value.problems[0].text) == 40

    @given(st.text() | st.lists(st.text() | st.sampled_from(TEXTS).map("7 = {}".format)).map("\n".join))
    def test_any_text(self, text: str) -> None:
        """Whatever is pasted is a table, or every problem in it is named with its line."""
        problems: tuple[Problem, ...] | None = None
        try:
            catalogue = Catalogue.from_text(text)
        except UnreadableTable as error:
            problems = error.problems
        if problems is not None:
            assert problems
            assert all(1 <= problem.line <= len(text.splitlines()) for problem in problems)
        else:
            assert catalogue.rejected == {}
            assert Catalogue.from_text(catalogue.to_text()).confirmed == catalogue.confirmed
