"""Fixtures and hooks of all tests."""

from datetime import UTC, datetime, timedelta
import logging
import sys
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

# Home Assistant's plugin logs every database statement, and prints the log of a failed test twice.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger().handlers.clear()


def _sign_a_certificate() -> None:
    """Sign a certificate, so that cryptography caches the real class of dates.

    It caches the first one that it gets, for the life of the process. Under a frozen clock that is freezegun's, and
    from then on no test could make a certificate.
    """
    key, name, day = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=1))
    builder.sign(key, hashes.SHA256())


_sign_a_certificate()

#: Tests that cannot run on a Home Assistant newer than the plugin's, only because of the plugin, and the reason.
_NOT_ON_THE_NEWEST: Final = dict.fromkeys(
    (
        "test_a_refresh_costs_what_has_to_be_done",
        "test_polling_leaves_nothing_in_memory",
        "test_commands_are_there_with_their_options[scripts/bench]",
    ),
    "the benchmarks are a process of their own, which uses the plugin without what newest_release does for it",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that cannot run on the newest release."""
    if "tests.newest_release" in sys.modules:
        for item in items:
            if (reason := _NOT_ON_THE_NEWEST.get(item.name)) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Turn off the event loop's debug mode, which the plugin turns on: it records a stack for each future.

    That takes a third of the time of all tests. `--asyncio-debug`, as in the nightly run, leaves it on.
    """


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answer take as long as it needs: gateway and client share an event loop, and a machine has other things to do.

    The tests in a browser import nothing of the integration.
    """
    for module, limit in (
        ("transport", "TIME_LIMIT"),
        ("transport", "CONNECT_LIMIT"),
        ("certificate", "CONNECT_LIMIT"),
    ):
        if (loaded := sys.modules.get(f"custom_components.carlo_gavazzi_ems.api.{module}")) is not None:
            monkeypatch.setattr(loaded, limit, 60)
