import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, path: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    variables["PATH"] = path or variables["PATH"]
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def with_nvidia_smi(folder: Path, says: str) -> str:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{says}\n")
    (folder / "nvidia-smi").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_demo_without_a_gpu_installs_no_torch(tmp_path):
    for says in ("exit 9", "echo 'No devices were found'; exit 6"):
        said = make("-n", "demo", f"VENV={tmp_path}/new", path=with_nvidia_smi(tmp_path, says)).stdout
        assert "-e '.'" in said
        assert "torch" not in said


def test_a_demo_with_a_gpu_installs_torch_and_cupy(tmp_path):
    path = with_nvidia_smi(tmp_path, "echo 'GPU 0: NVIDIA H200 (UUID: GPU-0)'")
    assert "-e '.[torch,cupy]'" in make("-n", "demo", f"VENV={tmp_path}/new", path=path).stdout


def test_the_torch_of_the_tests_can_be_chosen(tmp_path):
    assert "'torch==2.13.0'" in make("-n", "test", f"VENV={tmp_path}/new").stdout
    assert "'torch==2.99'" in make("-n", "test", f"VENV={tmp_path}/new", "TORCH=torch==2.99").stdout


def test_a_missing_python_is_a_sentence(tmp_path):
    old = tmp_path / "python-of-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(f"{tmp_path}/new/bin/python", f"VENV={tmp_path}/new", f"PYTHON={old} no-such-python", check=False)
    assert done.returncode != 0
    assert "tradeoff needs Python 3.11 or newer" in done.stdout
    assert "no-such-python" in done.stdout


def test_the_first_python_that_is_new_enough_makes_the_environment(tmp_path):
    chosen = tmp_path / "chosen"
    chosen.write_text("#!/bin/sh\ncase $1 in --version) echo Python 3.11.0;; -m) echo asked: $@;; esac\n")
    chosen.chmod(0o755)
    said = make(f"{tmp_path}/new/bin/python", f"VENV={tmp_path}/new", f"PYTHON=no-such-python {chosen}").stdout
    assert f"asked: -m venv {tmp_path}/new" in said


def test_nothing_is_installed_twice(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("bin/python", ".demo"):
        (tmp_path / name).touch()
    (tmp_path / ".test").write_text("torch==2.99\n")
    for target in ("demo", "test"):
        assert "pip" not in make("-n", target, f"VENV={tmp_path}", "TORCH=torch==2.99").stdout
    assert "'torch==2.98'" in make("-n", "test", f"VENV={tmp_path}", "TORCH=torch==2.98").stdout


def test_clean_leaves_what_was_measured():
    assert "results" not in make("-n", "clean").stdout


def test_ci_calls_make_test_and_nothing_else():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[0].startswith("#!")
    assert "bash" in lines[0]
    assert lines[1:] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
