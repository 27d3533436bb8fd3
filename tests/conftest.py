"""Fixtures and settings every test may use."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.browser", "tests.jupyterlab"]

# The same cases each time, and no case fails because the machine is busy.
settings.register_profile("tradeoff", derandomize=True, deadline=None)
settings.load_profile("tradeoff")

# A shell starts what it runs in the background deaf to Ctrl-C; tests that press it would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
