"""One call before the sweep: what returns nothing, or what cannot be waited for, is refused and nothing is written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tradeoff.arguments import ArgumentError
from tradeoff.sweep.sweep import sweep

from .odd_workloads import MEASURED

ODD = "tests.sweep.odd_workloads:"


class Lazy:
    def collect(self): ...
    def explain(self): ...


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("where", ["live", "factory", "path"])
def test_a_call_that_returns_nothing_is_refused_at_once(quick, tmp_path, isolate, where) -> None:
    calls = []
    workload = {
        "live": lambda batch_size: calls.append(batch_size),
        "factory": lambda batch_size: lambda: None,
        "path": ODD + "returns_nothing",
    }[where]
    with pytest.raises(ArgumentError, match=r"cannot be measured: the call returned nothing.*return its output"):
        sweep(workload, batch_size=[4, 2], budget=quick, path=tmp_path / "a" / "run", isolate=isolate, progress=False)
    assert not (tmp_path / "a").exists()
    assert calls in ([], [2])


def test_a_lazy_result_is_refused_at_once(quick) -> None:
    with pytest.raises(ArgumentError, match=r"a lazy frame.*\.collect\(\) inside your call"):
        sweep(lambda batch_size: Lazy(), batch_size=1, budget=quick, progress=False)
    with pytest.raises(ArgumentError, match="returned a function"):
        sweep(lambda batch_size: lambda: lambda: 1, batch_size=1, budget=quick, progress=False)


def test_a_size_at_which_the_trial_fails_costs_its_point_only(quick) -> None:
    def call(batch_size):
        if batch_size == 1:
            raise MemoryError("Unable to allocate 3 GiB")
        return batch_size

    run = sweep(call, batch_size=[1, 2], budget=quick, progress=False)
    assert run.points.set_index("batch_size")["status"].isin(["oom", *MEASURED]).all()
    assert run.points.set_index("batch_size")["status"][1] == "oom"


def test_nothing_is_found_at_the_next_size_too(quick) -> None:
    def call(batch_size):
        if batch_size == 1:
            raise ValueError("too small")

    with pytest.raises(ArgumentError, match="returned nothing"):
        sweep(call, batch_size=[1, 2], budget=quick, progress=False)


@pytest.mark.parametrize("isolate", [False, True])
def test_promises_are_waited_for_and_the_row_says_so(quick, isolate) -> None:
    def factory(batch_size):
        import time

        def call():
            for _ in range(2):
                time.sleep(0.001)
                yield batch_size

        return call

    (row,) = sweep(factory, batch_size=1, budget=quick, isolate=isolate, progress=False).points.to_dict("records")
    assert row["status"] in MEASURED, row["reason"]
    assert "waited_for" in row["flags"]
    assert row["latency_mean_ms"] >= 2.0


def test_several_in_flight_are_waited_for_each_by_itself(quick) -> None:
    with ThreadPoolExecutor(2) as pool:
        run = sweep(
            lambda batch_size: pool.submit(time.sleep, 0.002),
            batch_size=1, concurrency=[1, 2], budget=quick, progress=False,
        )  # fmt: skip
    assert (run.points["latency_mean_ms"] >= 2.0).all()
    assert run.points["flags"].map(lambda flags: "waited_for" in flags).all()


def test_a_call_that_hands_back_promises_later_does_not_pass(quick) -> None:
    made = []

    def call(batch_size):
        made.append(1)
        return (number for number in range(3)) if len(made) > 20 else batch_size

    (row,) = sweep(call, batch_size=1, budget=quick, progress=False).points.to_dict("records")
    assert row["status"] == "failed"
    assert "some calls returned generator, a promise of work" in row["reason"]


def test_plain_calls_are_called_as_they_are(quick) -> None:
    (row,) = sweep(lambda batch_size: batch_size, batch_size=1, budget=quick, progress=False).points.to_dict("records")
    assert "waited_for" not in row["flags"]


def test_the_command_line_refuses_with_two(tmp_path) -> None:
    (tmp_path / "mine.py").write_text("def f(batch_size):\n    return None\n")
    command = [sys.executable, "-c", "from tradeoff.cli import main; main()", "sweep", "mine:f", "-b", "1,2"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "the call returned nothing (None): return its output" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "results").exists()
