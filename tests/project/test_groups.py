"""Who may run beside whom in the tests of two workers."""

from pathlib import Path

import pytest

from tests.groups import GROUPS, group
from tests.ids import case_id

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", [name for names in GROUPS.values() for name in names])
def test_what_is_grouped_is_there(name):
    assert (ROOT / name).is_dir() if name.endswith("/") else (ROOT / name).is_file()


def test_a_file_is_a_group_of_its_own_unless_it_is_named():
    assert group("tests/stats/test_mean.py") == "tests/stats/test_mean.py"
    assert group("notebooks/01_quickstart.ipynb") == group("tests/sweep/test_sweep.py") == "machine"


def test_whoever_asks_for_jupyterlab_is_in_its_group():
    asks = {file for file in (ROOT / "tests").rglob("test_*.py") if "lab: Lab" in file.read_text(encoding="utf-8")}
    asks -= {Path(__file__)}
    assert asks
    assert {group(file.relative_to(ROOT).as_posix()) for file in asks} == {"jupyterlab"}


def test_a_case_is_named_the_same_in_every_process():
    assert "0x" not in case_id({"send": lambda: 5})
    assert case_id({"send": 5}) == "{'send': 5}"
