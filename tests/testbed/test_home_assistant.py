"""Home Assistant as a process, with a small fake in its place."""

from pathlib import Path
import signal
import socket
import subprocess
import sys

import pytest

from testbed.configuration import Configuration, prepare
from testbed.errors import HarnessError
from testbed.home_assistant import HomeAssistant, clean_environment
from testbed.ports import free_port

from .fake_home_assistant import install

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """Return a prepared folder."""
    return prepare(tmp_path / "config", free_port())


async def test_start_stop_start(configuration: Configuration) -> None:
    """It is there when the context is entered, ends with SIGTERM, and can be started again."""
    install(configuration.folder)
    home_assistant = HomeAssistant(configuration)
    with pytest.raises(RuntimeError, match="not been started"):
        _ = home_assistant.process
    home_assistant.kill()
    assert await home_assistant.stop() is None
    for _ in range(2):
        async with home_assistant:
            assert home_assistant.process.returncode is None
            with socket.create_connection(("127.0.0.1", configuration.port)):
                pass
        assert await home_assistant.stop() == 0


async def test_wrapper_and_kill(configuration: Configuration) -> None:
    """A command in front of it, such as faketime, is handed the whole of it."""
    install(configuration.folder)
    async with HomeAssistant(configuration, wrapper=("env", "SOME=thing")) as home_assistant:
        home_assistant.kill()
        assert await home_assistant.process.wait() == -signal.SIGKILL


async def test_dies_while_starting(configuration: Configuration) -> None:
    """The end of its log is shown."""
    install(configuration.folder, dies_with=3, log="2026-11-23 16:46:09.1 ERROR (MainThread) [x] No space left\n")
    with pytest.raises(HarnessError, match=r"(?s)exit code 3\..*No space left"):
        async with HomeAssistant(configuration):
            pytest.fail("it cannot run")


async def test_dies_before_it_logs(configuration: Configuration) -> None:
    """What the process printed is shown, where there is no log yet."""
    (configuration.folder / "homeassistant.py").write_text("raise SystemExit('no such module')", encoding="utf-8")
    with pytest.raises(HarnessError, match="no such module"):
        await HomeAssistant(configuration).start()


async def test_does_not_get_ready(configuration: Configuration) -> None:
    """A start that takes too long fails, and the process ends."""
    install(configuration.folder, state="STARTING")
    home_assistant = HomeAssistant(configuration)
    with pytest.raises(HarnessError, match=r"within 2 s\. The end of its log:\n\(it is empty\)"):
        await home_assistant.start(timeout=2)
    await home_assistant.stop()
    # On a busy machine the signal may come before its handler is installed.
    assert home_assistant.process.returncode in {0, -signal.SIGTERM}


async def test_another_one_answers(configuration: Configuration) -> None:
    """A Home Assistant that took the port in between is not mistaken for ours."""
    install(configuration.folder)
    other = prepare(configuration.folder.parent / "other", configuration.port)
    (other.folder / "homeassistant.py").write_text("import time\ntime.sleep(60)", encoding="utf-8")
    async with HomeAssistant(configuration):
        with pytest.raises(HarnessError, match="Another Home Assistant answers"):
            async with HomeAssistant(other):
                pytest.fail("it cannot run")


def test_environment() -> None:
    """The gateway's credentials and other Python code do not reach the children."""
    environment = {
        "PATH": "/bin",
        "EMS_USERNAME": "api",
        "EMS_PASSWORD": "s3cret",
        "PYTHONPATH": "/x",
        "HA_DISABLE_LOG_FILE": "1",
    }
    assert clean_environment(environment).keys() == {"PATH", "OPENBLAS_MAIN_FREE", "GOTOBLAS_MAIN_FREE"}


def test_numpy_sets_no_variable() -> None:
    """A variable set while another thread calls libfaketime ends the process."""
    program = "import sys; sys.addaudithook(lambda event, _: event == 'os.putenv' and sys.exit(event)); import numpy"
    for environment, said in (({}, "os.putenv"), (clean_environment({}), "")):
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr.strip() == said
