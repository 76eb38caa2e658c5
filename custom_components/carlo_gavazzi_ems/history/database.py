"""Access to the recorder's database."""

from collections.abc import Callable

from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from sqlalchemy.exc import SQLAlchemyError


class RecorderFailedError(Exception):
    """The recorder's database cannot be read, or did not store what was written."""


async def async_read[T](hass: HomeAssistant, work: Callable[[], T]) -> T:
    """Run a query in the recorder's thread pool. Raises RecorderFailedError."""
    try:
        return await get_instance(hass).async_add_executor_job(work)
    except SQLAlchemyError as err:
        raise RecorderFailedError(f"the recorder's database cannot be read: {err}") from err


async def async_wait(hass: HomeAssistant) -> None:
    """Wait until the recorder has finished all queued tasks.

    The recorder's own `async_block_till_done` returns at once if its queue is empty, even while a task runs.
    """
    done = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(done))
    await done
