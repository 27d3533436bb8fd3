import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.explorer.runs import grid_run
from tradeoff.cli.app import app


@pytest.fixture
def tradeoff_command(monkeypatch):
    """Runs the command line in this process; nothing but SystemExit may come out of it."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str | os.PathLike[str]):
        words = [os.fspath(word) for word in arguments]
        monkeypatch.setattr("sys.argv", ["tradeoff", *words])
        result = CliRunner().invoke(app, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def run_folder(tmp_path) -> Path:
    grid_run().save(tmp_path / "run")
    return tmp_path / "run"
