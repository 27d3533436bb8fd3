import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

import tradeoff.timing.budget as budgets
from tests.explorer.runs import grid_run
from tests.sweep.odd_workloads import MEASURED
from tradeoff.frames import Run, make_points
from tradeoff.readers import read
from tradeoff.sweep import SweepInterrupted
from tradeoff.timing import Budget

QUICK = Budget(name="draft", seconds=0.01, max_seconds=0.02, warm_up_seconds=0.001, min_calls=5, max_calls=200)
ODD = "tests.sweep.odd_workloads:"


@pytest.fixture
def quick(monkeypatch):
    """Make a draft take hundredths of a second: these tests are about the command, not about its numbers."""
    monkeypatch.setattr(budgets, "BUDGETS", {**budgets.BUDGETS, "draft": QUICK})


@pytest.mark.usefixtures("quick")
def test_a_sweep_is_saved_reported_and_taken_up_again(tradeoff_command, tmp_path):
    out = tmp_path / "run"
    sizes = ("--batch-size", "1,4", "--concurrency", "1, 2", "--dtype", "float32,float64", "--seed", "3")
    result = tradeoff_command("sweep", "numpy.softmax", *sizes, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"Saved in {out}" in result.stdout
    run = read(out)
    assert len(run.points) == 8
    assert run.environment["sweeps"][0]["seed"] == 3
    assert all(str(n) in result.stdout for n in run.points["n"])

    again = tradeoff_command("sweep", "numpy.softmax", *sizes, "--out", out)
    assert again.exit_code == 2
    assert str(out) in again.stderr
    assert "--resume" in again.stderr
    more = tradeoff_command("sweep", "numpy.softmax", "-b", "1,4,8", "--out", out, "--resume")
    assert more.exit_code == 0
    assert "8 of 9 points were there already." in more.stdout
    assert len(read(out).points) == 9
    written = (out / "environment.json").read_text()
    nothing = tradeoff_command("sweep", "numpy.softmax", "-b", "1,4,8", "--out", out, "--resume")
    assert nothing.exit_code == 0
    assert "nothing to measure, all 3 points are there" in nothing.stderr
    assert (out / "environment.json").read_text() == written, "nothing was swept"


@pytest.mark.usefixtures("quick")
def test_resume_without_a_run_begins_one(tradeoff_command, tmp_path):
    result = tradeoff_command("sweep", "numpy.softmax", "-b", "1", "--out", tmp_path / "run", "--resume")
    assert result.exit_code == 0, result.output
    assert len(read(tmp_path / "run").points) == 1


@pytest.mark.usefixtures("quick")
def test_a_failed_point_is_reported_with_its_reason(tradeoff_command, tmp_path):
    result = tradeoff_command("sweep", ODD + "raises_at_4", "-b", "1,4", "--out", tmp_path / "run")
    assert result.exit_code == 0
    assert "failed: raised RuntimeError: no luck with this one" in " ".join(result.stdout.split())


@pytest.mark.usefixtures("quick")
def test_all_points_failed_is_exit_status_1(tradeoff_command, tmp_path):
    result = tradeoff_command("sweep", ODD + "raises_at_4", "-b", "4", "--out", tmp_path / "run")
    assert result.exit_code == 1
    assert "no luck" in result.stdout


@pytest.mark.usefixtures("quick")
def test_what_failed_is_tried_again_when_told(tradeoff_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = tmp_path / "flaky.py"
    module.write_text("def f(batch_size):\n    return lambda: 1 // (batch_size - 4) or 1\n")
    words = ("sweep", "flaky:f", "-b", "1,4", "--out", tmp_path / "run")
    first = tradeoff_command(*words)
    assert "1 of 2 points failed. To measure them again: --resume --retry-failed" in first.stdout
    module.write_text("def f(batch_size):\n    return lambda: batch_size\n")
    assert "nothing to measure" in tradeoff_command(*words, "--resume").stderr
    again = tradeoff_command(*words, "--resume", "--retry-failed")
    assert again.exit_code == 0, again.output
    assert "1 of 2 points were there already." in again.stdout
    assert set(read(tmp_path / "run").points["status"]) <= MEASURED


@pytest.mark.usefixtures("quick")
def test_a_percentile_without_a_value_says_why(tradeoff_command, tmp_path, monkeypatch):
    rows = [{"workload": "w", "batch_size": 1, "n": 2, "status": "budget", "reason": "p50 is without an interval"}]
    monkeypatch.setattr(sys.modules["tradeoff.sweep"], "sweep", lambda workload, **options: Run(make_points(rows)))
    said = tradeoff_command("sweep", "softmax", "--out", tmp_path / "run").stdout
    assert "budget: p50 is without an interval" in said


@pytest.mark.usefixtures("quick")
def test_without_out_the_run_is_kept_under_results(tradeoff_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def double(batch_size):\n    return batch_size * 2\n")
    assert tradeoff_command("sweep", "mine:double", "-b", "1").exit_code == 0
    assert read(tmp_path / "results" / "mine_double").points["workload"].tolist() == ["double"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonesuch"], "softmax"),
        (["softmax", "--batch-size", "0"], "--batch-size takes whole numbers of at least 1"),
        (["softmax", "--batch-size", ""], "--batch-size takes whole numbers of at least 1"),
        (["softmax", "--batch-size", "1,,2"], "got ''"),
        (["softmax", "--batch-size", "many"], "got 'many'"),
        (["softmax", "--batch-size", "1,1"], "--batch-size must be"),
        (["softmax", "--batch-size", "1,1"], "twice"),
        (["softmax", "--batch-size", "1000000000"], "nine digits at most"),
        (["softmax", "--concurrency", "-1"], "--concurrency takes whole numbers of at least 1"),
        (["softmax", "--dtype", "int8"], "--dtype must be one of float16"),
        (["softmax", "--price-per-hour", "-1"], "--price-per-hour must be a positive number"),
        (["softmax", "--out", ""], "--out takes the path of a folder; got ''"),
        (["softmax", "--name", " "], "--name must be text"),
        (["softmax", "--retry-failed"], "resume"),
        (["softmax", "--device", "tpu"], "'cpu'"),
        (["softmax", "--budget", "endless"], "--budget takes one of draft, standard, tail"),
        (["softmax", "--seed", "-1"], "seed must be a whole number"),
        (["softmax", "--seed", "x"], "--seed"),
        (["no_such_module:thing"], "no_such_module"),
        *((path, "must be package.module:attribute") for path in (["./mine:ok"], [".:x"], ["..:x"], [":x"], ["a b:x"])),
        (["mine:raises"], "no 'raises'"),
        (["broken:x"], "importing module 'broken' raised ZeroDivisionError: division by zero"),
        (["wrong:x"], "importing module 'wrong' raised SyntaxError"),
        (["leaves:x"], "importing module 'leaves' raised SystemExit: 3"),
    ],
)
def test_misuse_names_what_is_allowed(tradeoff_command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    modules = {"mine": "", "broken": "1 / 0\n", "wrong": "def\n", "leaves": "raise SystemExit(3)\n"}
    for name, content in modules.items():
        (tmp_path / f"{name}.py").write_text(content)
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = tradeoff_command("sweep", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "results").exists()


def test_ctrl_c_says_how_to_go_on(tradeoff_command, tmp_path, monkeypatch):
    def interrupted(workload, **options):
        warnings.warn("the machine differs", UserWarning, stacklevel=1)
        warnings.warn("stopped", SweepInterrupted, stacklevel=1)
        return grid_run()

    monkeypatch.setattr(sys.modules["tradeoff.sweep"], "sweep", interrupted)
    result = tradeoff_command("sweep", "softmax", "--batch-size", "1,2", "--out", tmp_path / "my run")
    assert result.exit_code == 130
    assert "Note: the machine differs" in result.stderr
    assert f"to go on: tradeoff sweep softmax --batch-size 1,2 --out '{tmp_path}/my run' --resume" in result.stderr


def test_a_hostile_name_is_text(tradeoff_command, tmp_path, monkeypatch):
    rows = [
        {"workload": "[red]\x1b[2J", "batch_size": b, "n": 0, "status": s, "reason": "[/x] \x07"}
        for b, s in ((1, "failed"), (2, "unstable"))
    ]
    monkeypatch.setattr(sys.modules["tradeoff.sweep"], "sweep", lambda workload, **options: Run(make_points(rows)))
    result = tradeoff_command("sweep", "softmax", "--out", tmp_path / "run")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert r"failed: [/x] \x07" in result.stdout


def test_a_real_ctrl_c_keeps_what_is_finished(tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-c", "from tradeoff.cli import main; main()", "sweep", "numpy.softmax"]
    process = subprocess.Popen(
        [*command, "-b", ",".join(map(str, range(1, 33))), "--out", os.fspath(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has told all of its children to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        for _ in range(1200):
            if list((out / "points").glob("*.parquet")) or process.poll() is not None:
                break
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "--resume" in said
    assert 1 <= len(read(out).points) < 32
