"""Access to the recorder's database."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy.orm.session import Session


def in_recorder[T](hass: HomeAssistant, work: Callable[[Session], T]) -> T:
    """Return the result of some work in the database, done in the recorder's own thread."""

    def do() -> T:
        with session_scope(session=get_instance(hass).get_session()) as session:
            return work(session)

    executor = get_instance(hass)._db_executor  # noqa: SLF001  # Home Assistant has no other way in for a test that waits
    assert executor is not None
    return executor.submit(do).result()
