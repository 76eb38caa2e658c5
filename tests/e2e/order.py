"""Checks for every page of every dialog."""

from .accessibility import violations
from .dialog import Dialog
from .texts import is_well_written


async def is_in_order(dialog: Dialog) -> None:
    """Check texts and accessibility."""
    await is_well_written(dialog.root)
    ours = [found for found in await violations(dialog.page) if found.is_ours]
    assert not ours, ours
