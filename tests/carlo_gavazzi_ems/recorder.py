"""A way into the database of the recorder."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy.orm.session import Session


def in_recorder[T](hass: HomeAssistant, work: Callable[[Session], T]) -> T:
    """Return what is done in the database, in the recorder's own thread as it wants it."""

    def do() -> T:
        with session_scope(session=get_instance(hass).get_session()) as session:
            return work(session)

    executor = get_instance(hass)._db_executor  # noqa: SLF001  # Home Assistant has no other way in for a test that waits
    assert executor is not None
    return executor.submit(do).result()
