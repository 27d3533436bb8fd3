import ast
import subprocess
import sys
import types
from pathlib import Path

import pytest

import tradeoff

HEAVY = ("pandas", "torch", "cupy", "plotly", "ipywidgets", "anywidget", "numba", "pyarrow", "IPython", "matplotlib")


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_heavy():
    assert fresh(f"import sys, tradeoff; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_every_public_name_is_there():
    for name in tradeoff.__all__:
        assert not isinstance(getattr(tradeoff, name), types.ModuleType), name
    assert set(tradeoff.__all__) <= set(dir(tradeoff))


def test_type_checkers_see_the_names_that_python_sees():
    tree = ast.parse(Path(tradeoff.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    declared = {alias.name: statement.module for statement in block.body for alias in statement.names}
    assert declared == {name: f"tradeoff.{home}" for name, home in tradeoff._HOME.items()}
    assert set(declared) == set(tradeoff.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'optimum'"):
        _ = tradeoff.optimum


def test_submodules_are_reachable():
    assert fresh("import tradeoff; print(tradeoff.workloads.__name__)") == "tradeoff.workloads"


@pytest.mark.parametrize(
    "code",
    [
        "import tradeoff; print(callable(tradeoff.{name}))",
        "import tradeoff; f = tradeoff.{name}; import tradeoff.{name}; print(tradeoff.{name} is f and callable(f))",
        "import tradeoff.{name}; print(callable(tradeoff.{name}))",
        "from tradeoff.{name} import {name}; import tradeoff; print(callable({name}) and tradeoff.{name} is {name})",
        "from tradeoff import {name}; import tradeoff.{name}; from tradeoff import {name} as g; print({name} is g)",
        "from importlib import import_module as load; m = load('tradeoff.{name}'); import tradeoff; "
        "print(callable(tradeoff.{name}) and m.{name} is tradeoff.{name})",
        "import tradeoff, pickle; print(pickle.loads(pickle.dumps(tradeoff.{name})) is tradeoff.{name})",
    ],
)
@pytest.mark.parametrize("name", ["sweep", "frontier", "attainment", "compare"])
def test_a_function_is_not_hidden_by_its_submodule(code, name):
    assert fresh(code.format(name=name)) == "True"


def test_a_submodule_does_not_hide_what_a_test_has_put_in_place(monkeypatch):
    monkeypatch.setattr(tradeoff, "frontier", lambda: "patched")
    assert tradeoff.frontier() == "patched"


REGISTERED = "print('tradeoff' in pandas.DataFrame._accessors)"


@pytest.mark.parametrize(
    "code",
    [
        "import pandas, tradeoff",
        "import tradeoff; tradeoff.Run; import pandas",
        "import tradeoff; tradeoff.read; import pandas",
        "from tradeoff.frames.tables import make_points; import pandas",
    ],
)
def test_the_accessor_is_registered_with_the_frames(code):
    assert fresh(f"{code}; {REGISTERED}") == "True"
