import importlib.util
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import nbformat
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"


@pytest.fixture(scope="module")
def run_notebook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_notebook", BINDER / "run_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_requirements_are_those_of_the_package():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert listed == project["dependencies"]


def test_neither_torch_nor_numba_is_in_the_image():
    assert not re.search(r"^(torch|numba)\b", (BINDER / "requirements.txt").read_text(), re.MULTILINE)


def test_the_python_is_one_that_tradeoff_runs_on():
    assert (BINDER / "runtime.txt").read_text() == "python-3.12\n"


@pytest.mark.parametrize("name", ["postBuild", "verify"])
def test_scripts_can_be_run(name):
    assert os.access(BINDER / name, os.X_OK)


def test_post_build_stops_at_the_first_failure():
    text = (BINDER / "postBuild").read_text()
    assert "set -euo pipefail" in text
    assert "pip install" in text
    assert "--no-deps ." in text
    subprocess.run(["bash", "-n", str(BINDER / "postBuild")], check=True)


def test_a_notebook_that_takes_too_much_is_ended(run_notebook, tmp_path, capfd):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell("import time; time.sleep(60)")]
    nbformat.write(notebook, tmp_path / "long.ipynb")
    before = set(psutil.Process().children(recursive=True))
    assert run_notebook.main(str(tmp_path / "long.ipynb"), limit_bytes=1_000_000) == 1
    assert "more than 1 MB: stopped" in capfd.readouterr().out
    assert set(psutil.Process().children(recursive=True)) <= before


def test_memory_counts_children_too(run_notebook):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    parent = psutil.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        for _ in range(1000):
            if len(run_notebook.family(parent)) == 2:
                break
            time.sleep(0.02)
        assert run_notebook.resident(parent) > parent.memory_info().rss
    finally:
        run_notebook.end(parent)
        parent.stdin.close()
    assert run_notebook.family(parent) == [] or not parent.is_running()
