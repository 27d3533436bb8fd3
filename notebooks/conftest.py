"""Settings of nbval that depend on where this folder is."""

from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval pass over what may differ between two runs that mean the same."""
    config.option.nbval_sanitize_with = str(Path(__file__).with_name("nbval_sanitize.cfg"))
