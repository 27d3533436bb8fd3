"""Fixtures and settings every test may use."""

import signal

import pytest
from hypothesis import settings

from tradeoff.serving.virtual import compiled

pytest_plugins = ["tests.browser", "tests.jupyterlab"]

# The same cases each time, and no case fails because the machine is busy.
settings.register_profile("tradeoff", derandomize=True, deadline=None)
settings.load_profile("tradeoff")

# A shell starts what it runs in the background deaf to Ctrl-C; tests that press it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_compiles_behind() -> None:
    """Wait for what is compiled in the background: meanwhile warnings of all threads are caught there."""
    compiled.wait()
