import subprocess
import sys

import pytest

import tradeoff


def test_version(tradeoff_command):
    result = tradeoff_command("--version")
    assert (result.exit_code, result.stdout) == (0, f"tradeoff {tradeoff.__version__}\n")


def test_help_names_every_command(tradeoff_command):
    result = tradeoff_command("--help")
    assert result.exit_code == 0
    for name in ("sweep", "explore", "decide", "audit", "workloads", "doctor"):
        assert f"  {name} " in result.stdout
        assert tradeoff_command(name, "--help").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [["optimise"], ["sweep"], ["sweep", "softmax", "--bach-size", "1"], ["decide", "results"]]
)
def test_misuse_is_exit_status_2(tradeoff_command, arguments):
    result = tradeoff_command(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_help_loads_nothing_heavy():
    heavy = ("pandas", "numpy", "pyarrow", "torch", "plotly", "anywidget")
    code = (
        "import sys, tradeoff.cli\n"
        "sys.argv = ['tradeoff', '--help']\n"
        "try:\n    tradeoff.cli.main()\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_command_is_installed():
    command = [sys.executable, "-c", "from importlib.metadata import entry_points as e; "
               "(p,) = e(group='console_scripts', name='tradeoff'); p.load()()", "--version"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"tradeoff {tradeoff.__version__}\n"
