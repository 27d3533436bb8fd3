import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.timing.test_host_load import load
from tradeoff.frames import RunFolder, RunFolderError, validate_points, validate_samples
from tradeoff.sweep import SweepInterrupted
from tradeoff.sweep.sweep import sweep
from tradeoff.timing import Budget
from tradeoff.timing.quiet import State

from .odd_workloads import MEASURED

ODD = "tests.sweep.odd_workloads:"


def test_a_sweep_gives_a_valid_run(quick):
    sizes = {"batch_size": [1, 4], "concurrency": [1, 2], "dtype": ["float32", "float64"]}
    run = sweep(ODD + "fine", **sizes, budget=quick, progress=False)
    validate_points(run.points)
    validate_samples(run.samples, run.points)
    assert len(run.points) == 8
    assert set(run.samples["phase"]) >= {"cold", "warmup", "measure"}
    measured = run.samples[run.samples["phase"] == "measure"].groupby("point_id").size()
    assert run.points["n"].tolist() == measured.reindex(run.points["point_id"]).fillna(0).tolist()
    assert run.environment["sweeps"][0]["batch_size"] == [1, 4]
    assert not run.points["flags"].map(lambda flags: "not_isolated" in flags).any()


def test_conditions_make_rows_of_their_own(quick):
    how = {"mode": ["concurrent", "isolated"], "cache": ["hot", "cold_rotate"], "regime": ["sustained", "burst"]}
    run = sweep("numpy.softmax", batch_size=2, concurrency=[1, 2], **how, budget=quick, progress=False)
    for (mode, *_), rows in (groups := run.points.groupby(["mode", "cache", "regime"])):
        assert sorted(rows["concurrency"]) == ([1, 2] if mode == "concurrent" else [1])
    assert len(groups) == 8
    assert set(run.points["status"]) <= MEASURED, run.points["reason"].tolist()
    assert run.environment["sweeps"][0]["conditions"][-1] == {
        "mode": "isolated",
        "cache": "cold_rotate",
        "regime": "burst",
    }


def test_replicates_are_processes_of_their_own(quick, tmp_path):
    run = sweep(
        ODD + "says_its_process", batch_size=[1, 2], replicates=3, budget=quick, path=tmp_path / "run", progress=False
    )
    assert run.points["replicates"].tolist() == [3, 3]
    assert run.samples.groupby("point_id")["replicate"].unique().map(sorted).tolist() == [[0, 1, 2]] * 2
    measured = run.samples[run.samples["phase"] == "measure"].groupby("point_id").size()
    assert run.points["n"].tolist() == measured.reindex(run.points["point_id"]).tolist()


def test_a_stated_price_gives_the_cost_of_a_million(quick):
    run = sweep(ODD + "fine", batch_size=4, price_per_hour=3.6, budget=quick, progress=False)
    (row,) = run.points.to_dict("records")
    assert row["cost_per_million"] * row["throughput_rps"] == pytest.approx(1000)
    assert run.environment["sweeps"][0]["price_per_hour"] == 3.6


def test_live_callables_run_here_and_say_so(quick):
    pids = set()

    def call(batch_size):
        pids.add(os.getpid())
        return batch_size

    run = sweep(call, batch_size=[1, 2], budget=quick, progress=False)
    assert pids == {os.getpid()}
    assert run.points["flags"].map(lambda flags: "not_isolated" in flags).all()
    assert run.points["workload"].unique().tolist() == ["call"]


def test_factories_are_carried_to_a_process_of_their_own(quick):
    here = os.getpid()

    def factory(batch_size):
        import os

        def call():
            if os.getpid() == here:
                raise RuntimeError("measured in the calling process")
            return batch_size

        return call

    run = sweep(factory, batch_size=[1, 2], budget=quick, progress=False, name="mine")
    assert set(run.points["status"]) <= MEASURED, run.points["reason"].tolist()
    assert run.points["workload"].unique().tolist() == ["mine"]
    here_too = sweep(factory, batch_size=1, budget=quick, progress=False, isolate=False)
    assert here_too.points["status"].tolist() == ["failed"]


def test_what_cannot_be_carried_stays_here(quick):
    lock = __import__("threading").Lock()

    def factory(batch_size):
        return lambda: lock.locked() or batch_size

    run = sweep(factory, batch_size=1, budget=quick, progress=False)
    assert "not_isolated" in run.points["flags"][0]


def test_a_live_callable_that_raises_or_returns_nothing(quick):
    def call(batch_size):
        if batch_size == 2:
            raise KeyError("weights")
        return None if batch_size == 3 else 1

    run = sweep(call, batch_size=[1, 2, 3], budget=quick, progress=False)
    by_batch = run.points.set_index("batch_size")
    assert by_batch["status"].tolist().count("failed") == 2
    assert "KeyError" in by_batch["reason"][2]
    assert "returned nothing" in by_batch["reason"][3]


def test_a_torch_module_with_an_example(quick):
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(8, 4)
    run = sweep(model, example=torch.randn(1, 8), batch_size=[1, 3], budget=quick, progress=False)
    assert set(run.points["status"]) <= MEASURED, run.points["reason"].tolist()
    assert run.points["backend"].unique().tolist() == ["torch"]


def test_points_are_committed_and_not_measured_twice(quick, tmp_path):
    calls = []

    def call(batch_size):
        calls.append(batch_size)
        return batch_size

    first = sweep(call, batch_size=[1, 2], budget=quick, path=tmp_path / "run", progress=False)
    with pytest.raises(RunFolderError, match=r"holds 2 measured points.*resume=True"):
        sweep(call, batch_size=[1, 2], budget=quick, path=tmp_path / "run", progress=False)
    calls.clear()
    second = sweep(call, batch_size=[1, 2, 3], budget=quick, path=tmp_path / "run", resume=True, progress=False)
    assert set(calls) <= {1, 3}  # 1 once more, to see what kind of callable it is
    assert calls.count(1) <= 1
    assert len(second.points) == 3
    kept = second.points[second.points["batch_size"] < 3].reset_index(drop=True)
    assert kept["throughput_rps"].tolist() == first.points["throughput_rps"].tolist()
    assert len(second.environment["sweeps"]) == 2


MEDIUM = Budget(name="medium", seconds=0.7, max_calls=100, min_calls=5, min_seconds=0.7, warm_up_seconds=0.001)
"""Visits of 200 ms, none of which ends a point: on a machine that stalls they are fewer than four, but not one."""


def takes_a_millisecond(batch_size):
    time.sleep(0.001)
    return batch_size


def test_a_sweep_comes_to_each_point_several_times_with_others_in_between():
    def factory(batch_size):
        return lambda: takes_a_millisecond(batch_size)

    run = sweep(factory, batch_size=[1, 2, 3], budget=MEDIUM, isolate=False, progress=False)
    assert run.points["visits"].min() >= 2
    assert run.points["n"].min() > 0
    began = run.samples.groupby(["visit", "point_id"])["submitted_ns"].min()
    assert began.loc[0].max() < began.loc[1].min(), "nobody has a second visit before everybody had the first"
    assert (run.samples.groupby("point_id")["visit"].max() + 1).tolist() == run.points["visits"].tolist()


def test_a_sweep_of_one_point_is_one_visit():
    run = sweep(ODD + "fine", batch_size=1, budget=MEDIUM, progress=False)
    assert run.points["visits"].tolist() == [1]


def test_points_known_in_part_are_kept_and_measured_again(tmp_path):
    visits, stops = [], True

    def factory(batch_size):
        visits.append(batch_size)
        if stops and visits.count(3) == 2:
            raise KeyboardInterrupt
        return lambda: takes_a_millisecond(batch_size)

    how = {"batch_size": [1, 2, 3], "budget": MEDIUM, "isolate": False, "path": tmp_path / "run", "progress": False}
    with pytest.warns(SweepInterrupted, match="what is known of others"):
        stopped = sweep(factory, **how)
    assert stopped.points["n"].min() > 0
    partial = set(stopped.points.loc[stopped.points["status"] == "partial", "batch_size"])
    assert 3 in partial
    visits.clear()
    stops = False
    again = sweep(factory, **how, resume=True)
    assert "partial" not in set(again.points["status"])
    assert set(visits) == partial | {min(partial)}, "the trial takes the smallest that is left"


def test_resume_where_nothing_is_begins(quick, tmp_path):
    run = sweep(ODD + "fine", batch_size=1, budget=quick, path=tmp_path / "new", resume=True, progress=False)
    assert len(run.points) == 1


def test_resume_elsewhere_warns(quick, tmp_path):
    sweep(ODD + "fine", batch_size=1, budget=quick, path=tmp_path, progress=False)
    folder = RunFolder(tmp_path)
    changed = folder.environment
    changed["packages"]["numpy"] = "0.1"
    folder.set_environment(changed)
    with pytest.warns(UserWarning, match=r"packages numpy: 0\.1 before"):
        sweep(ODD + "fine", batch_size=2, budget=quick, path=tmp_path, resume=True, progress=False)


def test_ctrl_c_keeps_what_is_there_and_says_how_to_go_on(quick, tmp_path):
    seen = []

    def call(batch_size):
        seen.append(batch_size)
        if len(set(seen)) == 3:
            raise KeyboardInterrupt
        return batch_size

    with pytest.warns(SweepInterrupted, match=r"stopped after \d of 4 points.*resume=True"):
        run = sweep(call, batch_size=[1, 2, 3, 4], budget=quick, path=tmp_path / "run", progress=False)
    assert 1 <= len(run.points) <= 2
    again = {"path": tmp_path / "run", "resume": True, "name": "call"}
    rest = sweep(lambda batch_size: batch_size, batch_size=[1, 2, 3, 4], budget=quick, progress=False, **again)
    assert len(rest.points) == 4


def test_a_full_disk_is_named_and_costs_nothing(quick, tmp_path, monkeypatch):
    calls = []
    commit = RunFolder.commit

    def full(*args, **kwargs):
        raise OSError(28, os.strerror(28))

    def fill_up_after_one(self, *frames):
        calls.append(1)
        if len(calls) == 2:
            monkeypatch.setattr("tradeoff.frames.arrow.pq.write_table", full)
        return commit(self, *frames)

    monkeypatch.setattr(RunFolder, "commit", fill_up_after_one)
    with pytest.raises(RunFolderError, match=r"\.parquet: cannot write the file: No space left"):
        sweep(ODD + "fine", batch_size=[1, 2, 3], budget=quick, path=tmp_path / "run", progress=False)
    assert len(RunFolder(tmp_path / "run").read().points) == 1


SWEEPER = """
import os, signal, sys, time
from tradeoff.sweep.sweep import sweep
from tradeoff.timing import Budget
budget = Budget(name="quick", seconds=0.002, max_seconds=0.004, warm_up_seconds=0.001, min_calls=5, max_calls=50)

def call(batch_size):
    return batch_size

# Each sweep is a fork of this process, which has imported everything and done nothing.
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sweep(call, batch_size=list(range(1, 31)), budget=budget, path=sys.argv[1], resume=True, progress=False)
        os._exit(0)
    deadline = time.monotonic() + float(line)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        time.sleep(0.001)
    print("ended", flush=True)
"""


def test_kill_nine_at_twenty_random_moments(tmp_path):
    """After every kill each finished point is there as it was; after the last resume all are, each once."""
    folder = RunFolder(tmp_path / "run")
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    rng = np.random.default_rng(5)
    known: dict[str, float] = {}
    progress = []
    command = [sys.executable, "-c", SWEEPER, str(folder.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True) as sweeper:

        def sweep_for(seconds: float) -> dict[str, float]:
            sweeper.stdin.write(f"{seconds}\n")
            sweeper.stdin.flush()
            assert sweeper.stdout.readline() == "ended\n"
            return folder.read().points.set_index("point_id")["throughput_rps"].to_dict() if folder.is_run() else {}

        for seconds in rng.uniform(0.05, 0.4, 20):
            found = sweep_for(seconds)
            assert set(known) <= set(found), "a finished point was lost"
            assert all(found[name] == rate for name, rate in known.items()), "a finished point was measured twice"
            progress.append(len(found))
            known = found
        found = sweep_for(600)
    assert len(set(progress)) > 2, "the kills fell on no sweep in progress"
    assert len(found) == 30
    assert all(found[name] == rate for name, rate in known.items())
    assert sorted(folder.read().points["batch_size"]) == list(range(1, 31))


def test_another_workload_of_the_same_name_is_not_pooled(quick, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mine_a", "mine_b"):
        (tmp_path / f"{name}.py").write_text("def f(batch_size):\n    return lambda: batch_size\n")
    how = {"budget": quick, "path": tmp_path / "run", "progress": False}
    sweep("mine_a:f", batch_size=1, **how)
    with pytest.raises(RunFolderError, match=r"points of mine_a:f, and mine_b:f would go by the same name.*--name"):
        sweep("mine_b:f", batch_size=[1, 2], resume=True, **how)
    run = sweep("mine_b:f", batch_size=[1, 2], resume=True, name="f of b", **how)
    assert sorted(run.points["workload"]) == ["f", "f of b", "f of b"]
    assert [each["path"] for each in run.environment["sweeps"]] == ["mine_a:f", "mine_b:f"]


def test_other_settings_are_told_and_leave_what_is_there(quick, tmp_path):
    path = tmp_path / "run"
    first = sweep(ODD + "fine", batch_size=1, budget=quick, path=path, progress=False)
    other = replace(quick, name="other")
    with pytest.warns(UserWarning, match="measured with budget quick, seed 0; this sweep has budget other, seed 1"):
        run = sweep(ODD + "fine", batch_size=[1, 2], budget=other, seed=1, path=path, resume=True, progress=False)
    assert len(run.points) == 2
    (kept,) = run.points[run.points["batch_size"] == 1]["n"]
    assert [kept] == first.points["n"].tolist()


def test_a_sweep_with_nothing_left_changes_nothing(quick, tmp_path, capsys, recwarn):
    how = {"batch_size": [1, 2], "budget": quick, "path": tmp_path / "run"}
    sweep(ODD + "fine", **how, progress=False)
    before = (tmp_path / "run" / "environment.json").read_bytes()
    assert len(sweep(ODD + "fine", **how, resume=True).points) == 2
    assert "nothing to measure, all 2 points are there" in capsys.readouterr().err
    assert (tmp_path / "run" / "environment.json").read_bytes() == before
    assert not recwarn.list


def test_two_sweeps_do_not_write_to_one_folder(quick, tmp_path):
    with RunFolder(tmp_path / "run").writing(), pytest.raises(RunFolderError, match="another sweep is writing"):
        sweep(ODD + "fine", batch_size=1, budget=quick, path=tmp_path / "run", progress=False)


def test_what_failed_is_measured_again_when_asked_for(quick, tmp_path):
    fails = True

    def flaky(batch_size):
        if batch_size == 4 and fails:
            raise RuntimeError("not yet")
        return batch_size

    how = {"batch_size": [1, 4], "budget": quick, "path": tmp_path / "run", "progress": False}
    run = sweep(flaky, **how)
    assert run.points.set_index("batch_size")["status"][4] == "failed"
    fails = False
    assert sweep(flaky, **how, resume=True).points.set_index("batch_size")["status"][4] == "failed"
    run = sweep(flaky, **how, resume=True, retry_failed=True)
    assert run.points.set_index("batch_size")["status"][4] in MEASURED
    assert len(run.points) == 2


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mute", r"raised Mute \(odd_workloads\.py, line \d+, in mute\.<locals>\.call\)"),
        ("leaves", r"raised SystemExit: 3 \(odd_workloads\.py, line \d+, in leaves\.<locals>\.<lambda>\)"),
    ],
)
def test_whatever_a_workload_raises_costs_its_point_and_not_the_sweep(quick, isolate, name, said):
    run = sweep(ODD + name, batch_size=[1, 2], budget=quick, isolate=isolate, progress=False)
    assert run.points["status"].tolist() == ["failed", "failed"]
    assert run.points["reason"].str.fullmatch(said).all(), run.points["reason"].tolist()


def test_a_machine_without_threads_costs_the_points_that_need_them(quick, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("tradeoff.timing.host.threading.Thread.start", refuse)
    run = sweep(ODD + "fine", batch_size=1, concurrency=[1, 2], budget=quick, isolate=False, progress=False)
    points = run.points.set_index("concurrency")
    assert points["status"][1] in MEASURED
    assert "2 calls in flight need as many threads, and can't start new thread: use fewer" in points["reason"][2]


def test_an_error_of_our_own_costs_a_point_and_not_the_sweep(quick, monkeypatch):
    def broken(*args, **kwargs):
        raise KeyError("p42")

    monkeypatch.setattr("tradeoff.timing.point_row.summarise", broken)
    run = sweep(ODD + "fine", batch_size=[1, 2], budget=quick, isolate=False, progress=False)
    assert run.points["status"].tolist() == ["failed", "failed"]
    assert run.points["reason"].str.contains("could not be measured: KeyError: 'p42'").all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": 5}, "path must be the path of a folder"),
        ({"path": ""}, "path must be the path of a folder"),
        ({"name": 5}, "name must be text"),
        ({"name": ""}, "name must be text"),
        ({"budget": ["draft"]}, r"budget=\['draft'\] is not known: use one of draft"),
        ({"budget": {}}, "budget={} is not known"),
        ({"batch_size": np.int64(-3)}, "got -3$"),
        ({"batch_size": 2**64}, "batch_size must be at most 999999999; got 18446744073709551616"),
        ({"concurrency": 10**30}, "concurrency must be at most 999999999"),
        ({"retry_failed": True}, "goes with resume=True"),
        ({"retry_failed": "no"}, "retry_failed must be True or False"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(quick, arguments, said):
    with pytest.raises(ValueError, match=said):
        sweep(ODD + "fine", **{"batch_size": 1, "budget": quick, "progress": False, **arguments})


def test_the_first_line_says_when_the_machine_is_not_quiet(quick, capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["tradeoff.sweep.sweep"], "look", lambda: State(load(foreign=1.0)))
    sweep("numpy.softmax", batch_size=1, budget=quick)
    first = capsys.readouterr().err.splitlines()[0]
    assert "The machine is not quiet: other processes take 50 % of the cores' time" in first
