"""The unit and the state class in which each code is recorded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from homeassistant.components.sensor import SensorStateClass

from .catalogue import Catalogue


class RecordedAs(TypedDict):
    """How the states of a code are recorded."""

    state_class: str
    unit: NotRequired[str]
    """Left out for a number without a unit."""


class StoredUnits(TypedDict):
    """What is stored for an entry."""

    codes: dict[str, RecordedAs]
    converted: bool
    """Whether an interrupted correction has already converted the statistics in a unit chosen for display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedUnits:
    """How the codes of a gateway were recorded until now, and how they are recorded from now on."""

    before: Mapping[str, RecordedAs]
    after: Mapping[str, RecordedAs]
    converted: bool
    """Whether an earlier correction was interrupted after its first step."""

    @classmethod
    def compare(cls, stored: StoredUnits | None, listed: Iterable[int], catalogue: Catalogue) -> RecordedUnits:
        """Compare what is stored with the meaning of each code. If nothing is stored, nothing has changed."""
        before = stored["codes"] if stored else {}
        after = dict(before)
        for code in {*listed, *catalogue.meanings}:
            if (now := _recorded_as(code, catalogue, before.get(str(code)))) is None:
                after.pop(str(code), None)
            else:
                after[str(code)] = now
        if stored is None:
            return cls(before=after, after=after, converted=False)
        return cls(before=before, after=after, converted=stored["converted"])

    def changed(self, code: int) -> bool:
        """Return whether a code is recorded in another way than before."""
        return self.before.get(str(code)) != self.after.get(str(code))

    def state_class(self, code: int) -> SensorStateClass | None:
        """Return the state class of a code. A code whose meaning was removed keeps its state class and its statistics."""
        now = self.after.get(str(code))
        return None if now is None else SensorStateClass(now["state_class"])


def _recorded_as(code: int, catalogue: Catalogue, before: RecordedAs | None) -> RecordedAs | None:
    """Return how a code is recorded now, None for one without statistics."""
    if (meaning := catalogue.meaning(code)) is None:
        return None if before is None else RecordedAs(state_class=before["state_class"])
    if (state_class := meaning.quantity.state_class) is None:
        return None
    if meaning.unit is None:
        return RecordedAs(state_class=state_class.value)
    return RecordedAs(state_class=state_class.value, unit=meaning.unit)
