"""Stories in which hours come out wrong: what happens to gateways and meters while nobody looks at them."""

from pathlib import Path

from .plain_gateway import in_the_world_of
from .tale import Tale, instant, tell


def test_r03_a_history_that_begins_after_the_start_ends_no_task(tmp_path: Path) -> None:
    """A gateway that was restarted has forgotten its rows; tell() knows of errors."""

    async def story(tale: Tale) -> None:
        gateway = in_the_world_of(tale)
        await tale.begin("12:05")
        gateway.since = instant("15:40")
        await tale.off("15:33:40")
        await tale.end("16:31")

    tell(story, tmp_path)
