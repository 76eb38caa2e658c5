"""The way into the recorder's database, and the error of a database that fails."""

from collections.abc import Callable

from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from sqlalchemy.exc import SQLAlchemyError


class RecorderFailedError(Exception):
    """The recorder's database could not be read, or has not kept what the recorder was given."""


async def async_read[T](hass: HomeAssistant, work: Callable[[], T]) -> T:
    """Return what is read in the recorder's own threads. Raises RecorderFailedError."""
    try:
        return await get_instance(hass).async_add_executor_job(work)
    except SQLAlchemyError as err:
        raise RecorderFailedError(f"the recorder's database cannot be read: {err}") from err


async def async_wait(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all that it was given.

    Its own wait returns at once where its queue is empty, though it may be busy with what it took from there last.
    """
    done = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(done))
    await done
