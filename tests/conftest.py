"""Fixtures and settings every test may use."""

from hypothesis import settings

pytest_plugins = ["tests.browser", "tests.jupyterlab"]

# The same cases each time, and no case fails because the machine is busy.
settings.register_profile("tradeoff", derandomize=True, deadline=None)
settings.load_profile("tradeoff")
