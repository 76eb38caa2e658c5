"""Parameter tables of which every run takes a part; the nightly run takes the rest too."""

from collections.abc import Iterable

from _pytest.mark import ParameterSet
import pytest


def rest_at_night[T](rows: Iterable[T], *, every: int = 2, first: int = 0) -> list[T | ParameterSet]:
    """Return the rows of a table; all but every second (third …) one, from `first` on, are marked as `long`.

    Tests with the same table start at different rows, so that every run uses each row.
    """
    return [
        row
        if index % every == first
        else pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.long)
        for index, row in enumerate(rows)
    ]
